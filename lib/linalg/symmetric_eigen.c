/* SPDX-License-Identifier: BSD-2-Clause */
/* Householder's reduction to a tridiagonal matrix, then the implicit QL iteration with Wilkinson's
 * shift (Golub and Van Loan, Matrix Computations, 8.3). Vectors are kept as rows, so that all loops
 * run along memory. */
#include "linalg/symmetric_eigen.h"

#include <math.h>
#include <string.h>

#include "base/pool.h"

/* `a` holds at first the matrix, then the reflectors, and at last the vectors; `diagonal` and
 * `beside` are the tridiagonal matrix. */
struct work {
    const diffmm_context *context;
    size_t n;
    double *a, *diagonal, *beside;
    double *v, *w; /* of a reflection; then cosines and sines of rotations */
    size_t at;     /* the row that a reflection comes from */
    size_t low, high;
};

/* Rows that one task computes, or columns that it rotates. */
enum { grain = 64 };

size_t diffmm__symmetric_eigen_scratch(size_t n)
{
    return 3 * n;
}

/* Sums run in eight parts, which a compiler may keep in vectors. */
static double dot(size_t n, const double *x, const double *y)
{
    double sum[8] = {0.0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t j = 0; j < 8; j++)
            sum[j] += x[i + j] * y[i + j];
    for (; i < n; i++)
        sum[i % 8] += x[i] * y[i];
    return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
}

static void add_scaled(size_t n, double scale, const double *x, double *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] += scale * x[i];
}

/* The power of two above all entries, by which the matrix is divided, so that no square overflows
 * or vanishes that matters. */
static int scale_down(size_t n, double *a)
{
    double most = 0.0;
    int exponent = 0;
    for (size_t r = 0; r < n; r++)
        for (size_t c = 0; c <= r; c++)
            most = fmax(most, fabs(a[r * n + c]));
    if (most > 0.0 && isfinite(most))
        frexp(most, &exponent);
    for (size_t r = 0; r < n; r++)
        for (size_t c = 0; c <= r; c++)
            a[r * n + c] = a[c * n + r] = ldexp(a[r * n + c], -exponent);
    return exponent;
}

/* p = A v, for the rows below `at`. */
static void multiply_rows(void *argument, size_t begin, size_t end)
{
    const struct work *w = argument;
    size_t first = w->at + 1;
    for (size_t r = begin; r < end; r++)
        w->w[r] = dot(w->n - first, w->a + (first + r) * w->n + first, w->v);
}

/* A -= v w^T + w v^T. */
static void update_rows(void *argument, size_t begin, size_t end)
{
    const struct work *w = argument;
    size_t first = w->at + 1, size = w->n - first;
    for (size_t r = begin; r < end; r++) {
        double *row = w->a + (first + r) * w->n + first;
        double v = w->v[r], u = w->w[r];
        for (size_t c = 0; c < size; c++)
            row[c] -= v * w->w[c] + u * w->v[c];
    }
}

/* Reflect column `at` onto its first entry below the diagonal:
 *     H = 1 - v v^T,   v^T v = 2,   A <- H A H = A - v w^T - w v^T,
 *     w = p - 1/2 (p^T v) v,   p = A v.
 * v is kept in row `at`. */
static void reflect(struct work *w)
{
    size_t n = w->n, at = w->at, size = n - at - 1;
    double *row = w->a + at * n + at + 1; /* which is the column, too */
    double rest = dot(size - 1, row + 1, row + 1), norm = sqrt(row[0] * row[0] + rest);
    w->diagonal[at] = row[-1];
    if (rest < 1e-200) { /* nothing to reflect, beside entries up to 1 */
        w->beside[at] = row[0];
        memset(row, 0, size * sizeof *row);
        return;
    }
    w->beside[at] = row[0] > 0.0 ? -norm : norm;
    row[0] -= w->beside[at];
    double factor = sqrt(2.0 / (row[0] * row[0] + rest));
    for (size_t i = 0; i < size; i++)
        row[i] *= factor;
    memcpy(w->v, row, size * sizeof *row);
    diffmm__parallel_ranges(w->context, size, grain, multiply_rows, w);
    add_scaled(size, -0.5 * dot(size, w->v, w->w), w->v, w->w);
    diffmm__parallel_ranges(w->context, size, grain, update_rows, w);
}

/* Rows of V, from `at` + 1 on, times the reflection from `at`. */
static void reflect_rows(void *argument, size_t begin, size_t end)
{
    const struct work *w = argument;
    size_t first = w->at + 1, size = w->n - first;
    const double *v = w->a + w->at * w->n + first;
    for (size_t r = begin; r < end; r++) {
        double *row = w->a + (first + r) * w->n + first;
        add_scaled(size, -dot(size, row, v), v, row);
    }
}

/* V = H_(n-3) .. H_1 H_0, in the place of the reflectors. */
static void gather_reflections(struct work *w)
{
    size_t n = w->n;
    for (size_t k = n; k-- > 0;) {
        if (k + 2 < n) {
            w->at = k;
            diffmm__parallel_ranges(w->context, n - k - 1, grain, reflect_rows, w);
        }
        memset(w->a + k * n + k, 0, (n - k) * sizeof *w->a);
        for (size_t r = k; r < n; r++)
            w->a[r * n + k] = 0.0;
        w->a[k * n + k] = 1.0;
    }
}

/* The rotations of a sweep, high to low, applied to a range of columns. */
static void rotate_columns(void *argument, size_t begin, size_t end)
{
    const struct work *w = argument;
    for (size_t i = w->high; i-- > w->low;) {
        double cosine = w->v[i], sine = w->w[i];
        double *upper = w->a + i * w->n, *lower = upper + w->n;
        for (size_t c = begin; c < end; c++) {
            double x = upper[c], y = lower[c];
            lower[c] = sine * x + cosine * y;
            upper[c] = cosine * x - sine * y;
        }
    }
}

/* One sweep of QL with implicit shift over rows low .. high of the tridiagonal matrix, from the
 * bottom up. The plane rotations are noted, and applied to the vectors afterwards. */
static void sweep(struct work *w, size_t low, size_t high)
{
    double *d = w->diagonal, *e = w->beside;
    double half = (d[low + 1] - d[low]) / (2.0 * e[low]), root = hypot(half, 1.0);
    double g = d[high] - d[low] + e[low] / (half + copysign(root, half));
    double sine = 1.0, cosine = 1.0, p = 0.0;
    w->low = low;
    w->high = high;
    for (size_t i = high; i-- > low;) {
        double f = sine * e[i], b = cosine * e[i], length = hypot(f, g);
        e[i + 1] = length;
        if (length == 0.0) { /* the matrix has split here */
            d[i + 1] -= p;
            e[high] = 0.0;
            w->low = i + 1;
            p = 0.0;
            break;
        }
        sine = f / length;
        cosine = g / length;
        g = d[i + 1] - p;
        double r = (d[i] - g) * sine + 2.0 * cosine * b;
        p = sine * r;
        d[i + 1] = g + p;
        g = cosine * r - b;
        w->v[i] = cosine;
        w->w[i] = sine;
    }
    if (w->low == low) {
        d[low] -= p;
        e[low] = g;
        e[high] = 0.0;
    }
    diffmm__parallel_ranges(w->context, w->n, grain, rotate_columns, w);
}

/* The first row from `low` on whose entry beside the diagonal is negligible. */
static size_t split(const struct work *w, size_t low)
{
    for (; low + 1 < w->n; low++) {
        double size = fabs(w->diagonal[low]) + fabs(w->diagonal[low + 1]);
        if (size + fabs(w->beside[low]) == size)
            break;
    }
    return low;
}

static bool iterate(struct work *w)
{
    enum { most = 60 }; /* two or three are usual */
    w->beside[w->n - 1] = 0.0;
    for (size_t low = 0; low < w->n; low++) {
        size_t sweeps = 0;
        for (size_t high; (high = split(w, low)) > low; sweeps++) {
            if (sweeps == most)
                return false;
            sweep(w, low, high);
        }
        if (!isfinite(w->diagonal[low]))
            return false;
    }
    return true;
}

/* Largest value first. */
static void sort(struct work *w)
{
    size_t row = w->n * sizeof *w->a;
    for (size_t i = 0; i + 1 < w->n; i++) {
        size_t best = i;
        for (size_t j = i + 1; j < w->n; j++)
            if (w->diagonal[j] > w->diagonal[best])
                best = j;
        if (best == i)
            continue;
        double value = w->diagonal[i];
        w->diagonal[i] = w->diagonal[best];
        w->diagonal[best] = value;
        memcpy(w->v, w->a + i * w->n, row);
        memcpy(w->a + i * w->n, w->a + best * w->n, row);
        memcpy(w->a + best * w->n, w->v, row);
    }
}

bool diffmm__symmetric_eigen(const diffmm_context *context, size_t n, double *a, double *values,
                             double *scratch)
{
    struct work w = {.context = context,
                     .n = n,
                     .a = a,
                     .diagonal = values,
                     .beside = scratch,
                     .v = scratch + n,
                     .w = scratch + 2 * n};
    if (n == 0)
        return true;
    int exponent = scale_down(n, a);
    for (w.at = 0; w.at + 2 < n; w.at++)
        reflect(&w);
    if (n > 1) {
        w.diagonal[n - 2] = a[(n - 2) * n + n - 2];
        w.beside[n - 2] = a[(n - 1) * n + n - 2];
    }
    w.diagonal[n - 1] = a[n * n - 1];
    gather_reflections(&w);
    if (!iterate(&w))
        return false;
    sort(&w);
    for (size_t i = 0; i < n; i++)
        values[i] = ldexp(values[i], exponent);
    return true;
}

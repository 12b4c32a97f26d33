/* SPDX-License-Identifier: BSD-2-Clause */
/* With unit rows f_i = (x_i - mean) / |x_i - mean| and S the sum of f_i over the user's n items, the
 * mean cosine of an item j to them is
 *
 *     f_j . S / n               where the user does not have j,
 *     (f_j . S - 1) / (n - 1)   where j is one of them, which leaves itself out.
 *
 * Over all N - n items that the user does not have, the mean of the first is
 *
 *     (total . S - S . S) / (n (N - n)),   total = sum of f_i over all N items. */
#include "evaluation/centred_features.h"

#include <math.h>

#include "base/ascending.h"
#include "base/pool.h"

static void lay_out(struct diffmm__centred_features *f)
{
    f->mean = diffmm__arena_take_zero(&f->arena, f->columns, sizeof *f->mean);
    f->total = diffmm__arena_take_zero(&f->arena, f->columns, sizeof *f->total);
    f->length = diffmm__arena_take(&f->arena, f->items, sizeof *f->length);
}

size_t diffmm__centred_features_bytes(size_t items, size_t columns)
{
    struct diffmm__centred_features measured = {
        .arena = diffmm__arena_measure(), .items = items, .columns = columns};
    lay_out(&measured);
    return measured.arena.bytes;
}

/* Consecutive features of an item: all of them from an array, some from a mapped file. */
enum { most_at_once = 256 };

struct part {
    size_t first, end;   /* columns */
    const float *values; /* of column first, .. */
    float converted[most_at_once];
};

static const float *read_part(const struct diffmm__centred_features *f, size_t item, size_t first,
                              size_t end, struct part *part)
{
    part->first = first;
    part->end = end;
    if (!f->stored)
        return part->values = f->features + item * f->stride + first;
    if (end - first > most_at_once)
        part->end = first + most_at_once;
    diffmm__stored_rows_part(f->stored, item, first, part->end - first, part->converted);
    return part->values = part->converted;
}

static bool has_features(const struct diffmm__centred_features *f, size_t item)
{
    struct part part;
    for (size_t k = 0; k < f->columns; k = part.end) {
        const float *x = read_part(f, item, k, f->columns, &part);
        for (size_t j = k; j < part.end; j++)
            if (x[j - k] != 0.0f)
                return true;
    }
    return false;
}

/* Columns begin .. end - 1 of (x_i - mean) / length, added to the same of a sum. */
static void add_row(const struct diffmm__centred_features *f, size_t item, size_t begin, size_t end,
                    double *sum)
{
    struct part part;
    for (size_t k = begin; k < end; k = part.end) {
        const float *x = read_part(f, item, k, end, &part);
        for (size_t j = k; j < part.end; j++)
            sum[j] += ((double)x[j - k] - f->mean[j]) / f->length[item];
    }
}

/* First 1 for a row that is not all zero, and 0 for others. */
static void find_rows(void *argument, size_t begin, size_t end)
{
    struct diffmm__centred_features *f = argument;
    for (size_t i = begin; i < end; i++) {
        f->length[i] = has_features(f, i) ? 1.0 : 0.0;
    }
}

/* Columns begin .. end - 1 of the sum of the rows that have a length, of each row
 * (x_i - mean) / length; the bits do not depend on the range. */
static void add_rows(const struct diffmm__centred_features *f, size_t begin, size_t end,
                     double *sum)
{
    for (size_t i = 0; i < f->items; i++)
        if (f->length[i] > 0.0)
            add_row(f, i, begin, end, sum);
}

static void add_total(void *argument, size_t begin, size_t end)
{
    struct diffmm__centred_features *f = argument;
    add_rows(f, begin, end, f->total);
}

static double squared_length(size_t n, const double *x)
{
    double sum = 0.0;
    for (size_t k = 0; k < n; k++)
        sum += x[k] * x[k];
    return sum;
}

static double centred_length(const struct diffmm__centred_features *f, size_t item)
{
    struct part part;
    double sum = 0.0;
    for (size_t k = 0; k < f->columns; k = part.end) {
        const float *values = read_part(f, item, k, f->columns, &part);
        for (size_t j = k; j < part.end; j++) {
            double x = (double)values[j - k] - f->mean[j];
            sum += x * x;
        }
    }
    return sqrt(sum);
}

/* What rounding of the mean leaves of a row that equals it is no length. */
static void find_lengths(void *argument, size_t begin, size_t end)
{
    struct diffmm__centred_features *f = argument;
    double least = 1e-12 * sqrt(squared_length(f->columns, f->mean));
    for (size_t i = begin; i < end; i++) {
        double length = f->length[i] > 0.0 ? centred_length(f, i) : 0.0;
        f->length[i] = length > least ? length : 0.0;
    }
}

static size_t count_known(const struct diffmm__centred_features *f)
{
    size_t known = 0;
    for (size_t i = 0; i < f->items; i++)
        known += f->length[i] > 0.0;
    return known;
}

static void measure(const diffmm_context *context, struct diffmm__centred_features *f)
{
    enum { rows_at_once = 256 };
    diffmm__parallel_ranges(context, f->items, rows_at_once, find_rows, f);
    size_t rows = count_known(f);
    diffmm__parallel_shares(context, f->columns, add_total, f);
    for (size_t k = 0; k < f->columns; k++) {
        f->mean[k] = rows > 0 ? f->total[k] / (double)rows : 0.0;
        f->total[k] = 0.0;
    }
    diffmm__parallel_ranges(context, f->items, rows_at_once, find_lengths, f);
    f->known = count_known(f);
    diffmm__parallel_shares(context, f->columns, add_total, f);
}

diffmm_status diffmm__centred_features_begin(const diffmm_context *context, size_t items,
                                             size_t columns, size_t stride, const float *features,
                                             const struct diffmm__stored_rows *stored,
                                             struct diffmm__centred_features *out)
{
    *out = (struct diffmm__centred_features){.arena = diffmm__arena_on(context),
                                             .items = items,
                                             .columns = columns,
                                             .stride = stride,
                                             .features = features,
                                             .stored = stored};
    lay_out(out);
    if (out->arena.failed) {
        diffmm__centred_features_end(out);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    measure(context, out);
    return DIFFMM_OK;
}

void diffmm__centred_features_end(struct diffmm__centred_features *features)
{
    diffmm__arena_end(&features->arena);
    *features = (struct diffmm__centred_features){0};
}

/* S, and how many items are in it. */
static size_t sum_own(const struct diffmm__centred_features *f, size_t count, const int32_t *own,
                      double *sum)
{
    size_t known = 0;
    for (size_t k = 0; k < f->columns; k++)
        sum[k] = 0.0;
    for (size_t i = 0; i < count; i++) {
        if (f->length[own[i]] == 0.0)
            continue;
        add_row(f, (size_t)own[i], 0, f->columns, sum);
        known++;
    }
    return known;
}

/* f_j . S. */
static double project(const struct diffmm__centred_features *f, int32_t item, const double *sum)
{
    struct part part;
    double dot = 0.0;
    for (size_t k = 0; k < f->columns; k = part.end) {
        const float *x = read_part(f, (size_t)item, k, f->columns, &part);
        for (size_t j = k; j < part.end; j++)
            dot += ((double)x[j - k] - f->mean[j]) * sum[j];
    }
    return dot / f->length[item];
}

bool diffmm__centred_features_compare(const struct diffmm__centred_features *f, size_t own_count,
                                      const int32_t *own, size_t list_count, const int32_t *list,
                                      double *sum, struct diffmm__similarity *out)
{
    size_t known = sum_own(f, own_count, own, sum), compared = 0;
    double listed = 0.0, all = 0.0;
    if (known == 0 || known == f->known)
        return false;
    for (size_t j = 0; j < list_count; j++) {
        if (list[j] < 0 || f->length[list[j]] == 0.0)
            continue;
        size_t itself = diffmm__ascending_has(own_count, own, list[j]);
        if (itself == known)
            continue;
        listed += (project(f, list[j], sum) - (double)itself) / (double)(known - itself);
        compared++;
    }
    if (compared == 0)
        return false;
    for (size_t k = 0; k < f->columns; k++)
        all += f->total[k] * sum[k];
    out->listed = listed / (double)compared;
    out->random =
        (all - squared_length(f->columns, sum)) / ((double)known * (double)(f->known - known));
    return true;
}

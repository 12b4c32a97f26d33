/* SPDX-License-Identifier: BSD-2-Clause */
/* A long head is much to scan; a short one lets many rows pass, whose tails are then read. Which
 * share passes is counted on a sample, for bounds like those of a search for the 20 best; a search
 * then reads, for each row,
 *     h + 8 bytes of the head, and share x (tail + 128) bytes:
 * what is read here and there costs more than what is read in order. */
#include "serve/first_pass_head.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "linalg/kernels.h"

enum { sampled_rows = 4096, sampled_vectors = 16, best = 20, lengths = 256 };

struct head_sample {
    size_t d, rows;
    const float *x;   /* turned rows */
    double *products; /* of a turned vector with the first coordinates of each row */
    double *rest;     /* the squared norm of the others */
};

/* The lengths that are tried: 4, 8, 12, .., and all. */
static size_t length_of(size_t index, size_t d)
{
    return 4 * (index + 1) < d ? 4 * (index + 1) : d;
}

static size_t length_count(size_t d)
{
    return (d + 3) / 4;
}

/* The bound that a search for the best has in the end, about: as high in the sample as in all. */
static double final_bound(const struct head_sample *s, size_t all_rows, const float *vector)
{
    double top[best] = {0};
    size_t rank = (best * s->rows + all_rows - 1) / all_rows, count = 0;
    for (size_t i = 0; i < s->rows; i++) {
        double product = diffmm__kernels()->dot(s->d, s->x + i * s->d, vector);
        if (count == rank && product <= top[rank - 1])
            continue;
        size_t at = count < rank ? count++ : rank - 1;
        for (; at > 0 && top[at - 1] < product; at--)
            top[at] = top[at - 1];
        top[at] = product;
    }
    return top[rank - 1];
}

/* Adds the rows that pass with each length. */
static void count_passing(const struct head_sample *s, double bound, const float *vector,
                          size_t *passing)
{
    double rest = 0.0;
    for (size_t j = 0; j < s->d; j++)
        rest += (double)vector[j] * vector[j];
    for (size_t i = 0; i < s->rows; i++) {
        s->products[i] = 0.0;
        s->rest[i] = diffmm__kernels()->dot(s->d, s->x + i * s->d, s->x + i * s->d);
    }
    for (size_t index = 0, from = 0; index < length_count(s->d); index++) {
        size_t to = length_of(index, s->d);
        for (size_t j = from; j < to; j++)
            rest -= (double)vector[j] * vector[j];
        for (size_t i = 0; i < s->rows; i++) {
            const float *x = s->x + i * s->d;
            for (size_t j = from; j < to; j++) {
                s->products[i] += (double)x[j] * vector[j];
                s->rest[i] -= (double)x[j] * x[j];
            }
            double tails = sqrt(fmax(rest, 0.0) * fmax(s->rest[i], 0.0));
            passing[index] += s->products[i] + tails >= bound;
        }
        from = to;
    }
}

static size_t cheapest(size_t d, size_t samples, const size_t *passing, double *cost)
{
    size_t found = d;
    *cost = (double)d + 8.0;
    for (size_t index = 0; index < length_count(d); index++) {
        size_t head = length_of(index, d);
        double share = head < d && samples > 0 ? (double)passing[index] / (double)samples : 1.0;
        double bytes = (double)head + 8.0 + share * ((double)(d - head) + 128.0);
        if (head < d && bytes < *cost) {
            *cost = bytes;
            found = head;
        }
    }
    return found;
}

diffmm_status diffmm__first_pass_head(const diffmm_context *context,
                                      const struct diffmm__first_pass_input *input,
                                      const struct diffmm__first_pass_turn *turn, size_t *head,
                                      double *cost)
{
    size_t d = input->d, rows = input->rows < sampled_rows ? input->rows : sampled_rows;
    size_t vectors = input->vectors < sampled_vectors ? input->vectors : sampled_vectors;
    size_t passing[lengths] = {0};
    struct diffmm__arena arena = diffmm__arena_on(context);
    float *plain = diffmm__arena_take(&arena, rows, d * sizeof *plain);
    float *turned = diffmm__arena_take(&arena, rows, d * sizeof *turned);
    float *vector = diffmm__arena_take(&arena, d, sizeof *vector);
    struct head_sample s = {.d = d, .rows = rows, .x = turned};
    s.products = diffmm__arena_take(&arena, rows, sizeof *s.products);
    s.rest = diffmm__arena_take(&arena, rows, sizeof *s.rest);
    bool good = !arena.failed;
    for (size_t i = 0; good && i < rows; i++)
        memcpy(plain + i * d, input->x + i * input->rows / rows * input->stride, d * sizeof *plain);
    if (good)
        diffmm__first_pass_turn_rows(turn, rows, d, plain, d, turned);
    for (size_t b = 0; good && b < vectors; b++) {
        diffmm__first_pass_turn_vector(
            turn, d, input->vector + b * input->vectors / vectors * input->vector_stride, vector);
        count_passing(&s, final_bound(&s, input->rows, vector), vector, passing);
    }
    if (good)
        *head = cheapest(d, rows * vectors, passing, cost);
    diffmm__arena_end(&arena);
    return good ? DIFFMM_OK : DIFFMM_ERROR_NO_MEMORY;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/corrupt.h"

#include <string.h>

#include "base/pool.h"
#include "linalg/kernels.h"
#include "linalg/normal.h"
#include "linalg/normalize_rows.h"

void diffmm__batch_row_add(const struct diffmm__batch_rows *rows, size_t b, float scale,
                           float *dense)
{
    size_t row = diffmm__batch_row(rows, b);
    for (int64_t e = rows->pointers[row]; e < rows->pointers[row + 1]; e++)
        dense[rows->items[e]] += rows->values ? scale * rows->values[e] : scale;
}

void diffmm__batch_row_gather(const struct diffmm__batch_rows *rows, size_t b, float scale,
                              size_t d, const float *matrix, float *y)
{
    size_t row = diffmm__batch_row(rows, b);
    for (int64_t e = rows->pointers[row]; e < rows->pointers[row + 1]; e++)
        diffmm__kernels()->add_scaled(d, rows->values ? scale * rows->values[e] : scale,
                                      matrix + (size_t)rows->items[e] * d, y);
}

void diffmm__draw_noise(const struct diffmm__draws *draws, uint64_t row, size_t items, float *out)
{
    uint64_t position = row * ((items + 63) / 64);
    diffmm__normal_draws(draws->seed, draws->noise_stream, position, items, out);
}

/* Inverted dropout: x is 0 with probability `dropout`, else divided by 1 - dropout. */
static void drop(const struct diffmm__draws *draws, uint64_t row, size_t items, float *x)
{
    enum { blocks = 4, words = 64 * blocks };
    uint32_t bits[words];
    uint64_t position = row * ((items + words - 1) / words * blocks);
    /* A draw is kept where it is not below the threshold. */
    uint32_t threshold = (uint32_t)(draws->dropout * 0x1p32);
    float scale = (float)(1.0 / (1.0 - draws->dropout));
    for (size_t i = 0; i < items; i += words, position += blocks) {
        diffmm__kernels()->bits(draws->seed, draws->dropout_stream, position, blocks, bits);
        size_t now = items - i < words ? items - i : words;
        for (size_t j = 0; j < now; j++)
            x[i + j] *= bits[j] >= threshold ? scale : 0.0f;
    }
}

void diffmm__q_sample_row(const diffmm_schedule *schedule, const struct diffmm__batch_rows *x0,
                          size_t b, size_t t, const struct diffmm__draws *draws, size_t items,
                          float *x_t)
{
    if (draws->noise)
        memcpy(x_t, draws->noise + b * items, items * sizeof *x_t);
    else
        diffmm__draw_noise(draws, diffmm__batch_row(x0, b), items, x_t);
    diffmm__kernels()->scale(items, diffmm__schedule_noise(schedule, t), x_t);
    diffmm__batch_row_add(x0, b, diffmm__schedule_signal(schedule, t), x_t);
}

struct corrupt {
    struct diffmm__pass *pass;
    const diffmm_schedule *schedule;
    const struct diffmm__batch_rows *x0;
    const int32_t *t;
    const struct diffmm__draws *draws;
};

static void corrupt_range(void *argument, size_t begin, size_t end)
{
    const struct corrupt *c = argument;
    const struct diffmm__layers *layers = &c->pass->layers;
    size_t items = layers->items;
    for (size_t b = begin; b < end; b++) {
        float *x = c->pass->input + b * layers->layer[1].inputs;
        diffmm__q_sample_row(c->schedule, c->x0, b, (size_t)c->t[b], c->draws, items, x);
        if (layers->normalize)
            diffmm__normalize_row(items, x);
        if (c->draws->dropout_scale)
            for (size_t i = 0; i < items; i++)
                x[i] *= c->draws->dropout_scale[b * items + i];
        else if (c->draws->dropout > 0.0)
            drop(c->draws, diffmm__batch_row(c->x0, b), items, x);
    }
}

void diffmm__corrupt(struct diffmm__pass *pass, const diffmm_schedule *schedule,
                     const struct diffmm__batch_rows *x0, size_t rows, const int32_t *t,
                     const struct diffmm__draws *draws)
{
    struct corrupt c = {.pass = pass, .schedule = schedule, .x0 = x0, .t = t, .draws = draws};
    diffmm__parallel_ranges(pass->context, rows, 8, corrupt_range, &c);
}

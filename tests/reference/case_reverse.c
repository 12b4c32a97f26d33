/* SPDX-License-Identifier: BSD-2-Clause */
/* reverse_*: the reverse chain, and the best items of its result. */
#include <check.h>
#include <string.h>

#include <diffmm/metrics.h>

#include "cases.h"
#include "layers.h"

/* The library's neighbours come from the x0 of a training matrix: rows of ones. */
static void expect_neighbors(struct reference *reference, const struct layers *layers,
                             const diffmm_schedule *schedule, size_t rows, const float *x0,
                             const struct array *top)
{
    size_t items = layers->shape.items, count = top->shape[1], found = 0;
    int64_t *pointers = diffmm__arena_take_zero(&reference->arena, rows + 1, sizeof *pointers);
    int32_t *row_items = diffmm__arena_take(&reference->arena, rows * items, sizeof *row_items);
    int32_t *neighbors = diffmm__arena_take(&reference->arena, rows * count, sizeof *neighbors);
    ck_assert(!reference->arena.failed);
    for (size_t row = 0; row < rows; row++) {
        for (size_t item = 0; item < items; item++) {
            float value = x0[row * items + item];
            ck_assert_msg(value == 0 || value == 1, "%s: x0 is not binary", reference->file);
            if (value == 1)
                row_items[found++] = (int32_t)item;
        }
        pointers[row + 1] = (int64_t)found;
    }
    must(diffmm_generate_neighbors(NULL, &layers->shape, schedule, layers->parameters, rows,
                                   pointers, row_items, count, neighbors),
         "diffmm_generate_neighbors");
    expect_integers(reference, top, rows, count, neighbors);
}

/* The largest entries of each row of x. */
static void expect_top(struct reference *reference, size_t rows, size_t items, const float *x,
                       const struct array *top)
{
    size_t count = top->shape[1];
    int32_t *indices = diffmm__arena_take(&reference->arena, rows * count, sizeof *indices);
    float *values = reference_room(reference, rows * count);
    for (size_t row = 0; row < rows; row++) {
        size_t found;
        must(diffmm_top_k(items, x + row * items, 0, NULL, count, indices + row * count,
                          values + row * count, &found),
             "diffmm_top_k");
        ck_assert_uint_eq(found, count);
    }
    expect_integers(reference, top, rows, count, indices);
    expect_floats(reference, reference_array(reference, "top_values"), rows, count, values);
}

/* How many blocks of noise the chain uses; the file may hold more. */
static size_t noise_blocks(const diffmm_schedule *schedule, size_t sampling_steps,
                           int sampling_noise)
{
    return (sampling_steps > 0) + (sampling_noise ? diffmm_schedule_steps(schedule) : 0);
}

void case_reverse(struct reference *reference)
{
    struct array *x0_array = reference_array(reference, "x0");
    size_t rows = x0_array->shape[0], items = x0_array->shape[1];
    const float *x0 = as_floats(reference, x0_array);
    size_t sampling_steps = reference_size(reference, "sampling_steps");
    int sampling_noise = reference_number(reference, "sampling_noise") != 0;
    struct array *noise = reference_array(reference, "noises");
    struct array *top = reference_array(reference, "top_items");
    struct layers layers;
    layers_read(reference, items, &layers);
    diffmm_schedule *schedule = schedule_read(reference);
    ck_assert_uint_ge(noise->count,
                      noise_blocks(schedule, sampling_steps, sampling_noise) * rows * items);

    float *x = reference_room(reference, rows * items);
    must(diffmm_reverse_chain(NULL, &layers.shape, schedule, layers.parameters, rows, x0,
                              sampling_steps, sampling_noise, as_floats(reference, noise), x),
         "diffmm_reverse_chain");
    expect_floats(reference, reference_array(reference, "x"), rows, items, x);
    expect_top(reference, rows, items, x, top);
    if (sampling_steps == 0 && !sampling_noise)
        expect_neighbors(reference, &layers, schedule, rows, x0, top);
    diffmm_schedule_destroy(schedule);
}

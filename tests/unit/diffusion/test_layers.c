/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/layers.h"

#include <stdlib.h>
#include <string.h>

#include "base/streams.h"
#include "support/close.h"
#include "support/failure.h"

static const size_t three[] = {4, 7, 6};

static diffmm_denoiser_shape shape_of(size_t items, size_t time_size, size_t hidden_count)
{
    return (diffmm_denoiser_shape){.struct_size = sizeof(diffmm_denoiser_shape),
                                   .items = items,
                                   .time_size = time_size,
                                   .hidden_count = hidden_count,
                                   .hidden_sizes = three};
}

START_TEST(parameters_in_order)
{
    static const struct {
        const char *name;
        size_t rows, columns;
    } want[] = {
        {"time.weight", 3, 3},       {"time.bias", 3, 1},        {"encoder.0.weight", 6, 13},
        {"encoder.0.bias", 6, 1},    {"encoder.1.weight", 7, 6}, {"encoder.1.bias", 7, 1},
        {"encoder.2.weight", 4, 7},  {"encoder.2.bias", 4, 1},   {"decoder.0.weight", 7, 4},
        {"decoder.0.bias", 7, 1},    {"decoder.1.weight", 6, 7}, {"decoder.1.bias", 6, 1},
        {"decoder.2.weight", 10, 6}, {"decoder.2.bias", 10, 1}};
    diffmm_denoiser_shape shape = shape_of(10, 3, 3);
    size_t place = 0;
    for (size_t p = 0; p < 14; p++) {
        char name[64];
        size_t rows, columns, offset;
        memset(name, 'x', sizeof name);
        expect_success(diffmm_denoiser_parameter(&shape, p, name, &rows, &columns, &offset));
        ck_assert_str_eq(name, want[p].name);
        ck_assert_uint_eq(rows, want[p].rows);
        ck_assert_uint_eq(columns, want[p].columns);
        ck_assert_uint_eq(offset, place);
        place += rows * columns;
    }
    ck_assert_uint_eq(diffmm_denoiser_size(&shape), place);
}
END_TEST

START_TEST(one_hidden_layer)
{
    diffmm_denoiser_shape shape = shape_of(10, 3, 1);
    ck_assert_uint_eq(diffmm_denoiser_size(&shape), (3 + 1) * 3 + (13 + 1) * 4 + (4 + 1) * 10);
    struct diffmm__layers layers;
    expect_success(diffmm__layers_read(&shape, &layers));
    ck_assert_uint_eq(layers.count, 3);
    ck_assert_uint_eq(layers.widest, 4);
    ck_assert(!layers.normalize);
    shape.normalize = -1; /* any number but 0 */
    expect_success(diffmm__layers_read(&shape, &layers));
    ck_assert(layers.normalize);
    shape = shape_of(10, 3, 3);
    expect_success(diffmm__layers_read(&shape, &layers));
    ck_assert_uint_eq(layers.widest, 7);
}
END_TEST

/* Mean and square of some values within five standard deviations. */
static void expect_normal(size_t count, const float *values, double deviation)
{
    double mean = 0.0, square = 0.0, n = (double)count;
    for (size_t i = 0; i < count; i++) {
        mean += (double)values[i] / n;
        square += (double)values[i] * (double)values[i] / n;
    }
    expect_close("mean", 0, mean, 0.0, 5.0 * deviation / sqrt(n));
    expect_close("square", 0, square, deviation * deviation,
                 5.0 * deviation * deviation * sqrt(2.0 / n));
}

START_TEST(initial_values)
{
    static const size_t wide[] = {40};
    diffmm_denoiser_shape shape = {
        .items = 500, .time_size = 30, .hidden_count = 1, .hidden_sizes = wide};
    size_t size = diffmm_denoiser_size(&shape);
    float *values = malloc(size * sizeof *values), *other = malloc(size * sizeof *other);
    expect_success(diffmm_denoiser_initialize(&shape, 3, values));
    for (size_t p = 0; p < 6; p++) {
        char name[64];
        size_t rows, columns, offset;
        expect_success(diffmm_denoiser_parameter(&shape, p, name, &rows, &columns, &offset));
        expect_normal(rows * columns, values + offset,
                      p % 2 ? 0.001 : sqrt(2.0 / (double)(rows + columns)));
    }
    expect_success(diffmm_denoiser_initialize(&shape, 3, other));
    ck_assert_mem_eq(values, other, size * sizeof *values);
    expect_success(diffmm_denoiser_initialize(&shape, 4, other));
    ck_assert_mem_ne(values, other, size * sizeof *values);

    /* Different layers and different denoisers of one seed have draws of their own. */
    struct diffmm__layers layers;
    expect_success(diffmm__layers_read(&shape, &layers));
    diffmm__layers_initialize(&layers, 3, diffmm__stream_denoiser(0), other);
    double product = 0.0, within = 0.0;
    const struct diffmm__layer *in = &layers.layer[1], *out = &layers.layer[2];
    size_t count = out->inputs * out->outputs;
    double scale = (double)count * sqrt(2.0 / 540.0) * sqrt(2.0 / 570.0);
    for (size_t i = 0; i < count; i++) {
        product += (double)values[out->weight + i] * (double)other[out->weight + i] / scale;
        within += (double)values[out->weight + i] * (double)values[in->weight + i] / scale;
    }
    double biases = 0.0, bias_scale = sqrt(500.0) * 0.001 * sqrt(2.0 / 540.0);
    for (size_t i = 0; i < out->outputs; i++)
        biases += (double)values[out->bias + i] * (double)values[out->weight + i] / bias_scale;
    expect_close("bias and weight", 0, biases, 0.0, 5.0);
    expect_close("denoisers", 0, product, 0.0, 6.0 / sqrt((double)count));
    expect_close("layers", 0, within, 0.0, 6.0 / sqrt((double)count));
    free(values);
    free(other);
}
END_TEST

/* Every public function that takes a shape refuses this one. */
static void expect_shape_invalid(const diffmm_denoiser_shape *shape, const char *part)
{
    char name[64] = "x";
    size_t rows = 7, columns = 7, offset = 7;
    float values[1] = {7};
    ck_assert_uint_eq(diffmm_denoiser_size(shape), 0);
    expect_invalid(diffmm_denoiser_parameter(shape, 0, name, &rows, &columns, &offset), part);
    ck_assert(rows == 7 && columns == 7 && offset == 7 && strcmp(name, "x") == 0);
    expect_invalid(diffmm_denoiser_initialize(shape, 1, values), part);
    expect_invalid(
        diffmm_denoiser_forward(NULL, shape, values, 1, values, &(int32_t){0}, NULL, values), part);
    expect_invalid(diffmm_denoiser_backward(NULL, shape, values, 1, values, &(int32_t){0}, NULL,
                                            values, values),
                   part);
    ck_assert(values[0] == 7.0f);
}

START_TEST(bad_shapes)
{
    static const size_t zero[] = {4, 0, 6}, huge[] = {4, SIZE_MAX, 6};
    diffmm_denoiser_shape s;
    expect_shape_invalid(NULL, "shape is NULL");
    s = shape_of(0, 3, 3), expect_shape_invalid(&s, "items is 0");
    s = shape_of((size_t)INT32_MAX + 1, 3, 3), expect_shape_invalid(&s, "items");
    s = shape_of(10, 0, 3), expect_shape_invalid(&s, "time_size 0");
    s = shape_of(10, SIZE_MAX, 3), expect_shape_invalid(&s, "time_size");
    s = shape_of(10, 3, 0), expect_shape_invalid(&s, "hidden_count is 0");
    s = shape_of(10, 3, 17), expect_shape_invalid(&s, "hidden_count is 17");
    s = shape_of(10, 3, 3), s.hidden_sizes = NULL, expect_shape_invalid(&s, "hidden_sizes is NULL");
    s = shape_of(10, 3, 3), s.hidden_sizes = zero, expect_shape_invalid(&s, "hidden_sizes[1] is 0");
    s = shape_of(10, 3, 3), s.hidden_sizes = huge, expect_shape_invalid(&s, "hidden_sizes[1]");
    s = shape_of(10, 3, 3), s.struct_size = 5, expect_shape_invalid(&s, "struct_size is 5");
    s = shape_of(10, 3, 3), s.struct_size = SIZE_MAX, expect_shape_invalid(&s, "struct_size");
    s = shape_of(10, 3, 3), s.struct_size = sizeof(size_t), expect_shape_invalid(&s, "items is 0");
}
END_TEST

START_TEST(shapes_of_a_later_version)
{
    struct {
        diffmm_denoiser_shape shape;
        int64_t later;
    } larger = {.shape = shape_of(10, 3, 3)};
    size_t size = diffmm_denoiser_size(&larger.shape);
    larger.shape.struct_size = sizeof larger;
    ck_assert_uint_eq(diffmm_denoiser_size(&larger.shape), size);
    larger.later = 1;
    expect_shape_invalid(&larger.shape, "shape: byte");
    larger.shape.struct_size = 0; /* the first version's size */
    ck_assert_uint_eq(diffmm_denoiser_size(&larger.shape), size);
}
END_TEST

START_TEST(bad_input)
{
    diffmm_denoiser_shape s = shape_of(10, 3, 3);
    char name[64];
    size_t x;
    expect_invalid(diffmm_denoiser_parameter(&s, 0, NULL, &x, &x, &x), "name is NULL");
    expect_invalid(diffmm_denoiser_parameter(&s, 0, name, NULL, &x, &x), "rows is NULL");
    expect_invalid(diffmm_denoiser_parameter(&s, 0, name, &x, NULL, &x), "columns is NULL");
    expect_invalid(diffmm_denoiser_parameter(&s, 0, name, &x, &x, NULL), "offset is NULL");
    expect_invalid(diffmm_denoiser_parameter(&s, 14, name, &x, &x, &x), "index is 14");
    expect_invalid(diffmm_denoiser_initialize(&s, 1, NULL), "parameters is NULL");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {parameters_in_order, one_hidden_layer,          initial_values,
                                  bad_shapes,          shapes_of_a_later_version, bad_input};
    return run_tests("layers", tests, sizeof tests / sizeof *tests) != 0;
}

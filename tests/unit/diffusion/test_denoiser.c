/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/denoiser.h"

#include "support/contexts.h"
#include "support/differences.h"
#include "support/failing.h"
#include "support/oracle_denoiser.h"

/* A batch of users, and what a pass over it reads and writes. */
struct batch {
    struct denoiser denoiser;
    size_t rows, size;
    float *x, *scale, *x_hat, *weight, *gradient;
    double *exact, *exact_hat, *exact_weight, *exact_gradient;
    int32_t *t;
    const float *dropout_scale; /* `scale` or NULL */
};

static void begin(struct batch *batch, size_t rows, size_t items, size_t time_size,
                  size_t hidden_count, const size_t *hidden, int normalize, int dropout)
{
    struct draws draws = {rows * 7 + items};
    denoiser_begin(&batch->denoiser, items, time_size, hidden_count, hidden, normalize, items);
    size_t size = batch->size = rows * items;
    batch->rows = rows;
    batch->x = malloc((4 * size + batch->denoiser.size) * sizeof(float));
    batch->exact = malloc((3 * size + batch->denoiser.size) * sizeof(double));
    batch->t = malloc(rows * sizeof(int32_t));
    batch->scale = batch->x + size;
    batch->x_hat = batch->scale + size;
    batch->weight = batch->x_hat + size;
    batch->gradient = batch->weight + size;
    batch->exact_hat = batch->exact + size;
    batch->exact_weight = batch->exact_hat + size;
    batch->exact_gradient = batch->exact_weight + size;
    batch->dropout_scale = dropout ? batch->scale : NULL;
    draw_normals(&draws, size, 1.0, batch->x);
    draw_mask(&draws, size, 0.5, 2.0f, batch->scale);
    draw_normals(&draws, size, 1.0, batch->weight);
    draw_numbers(&draws, rows, 20, batch->t);
    if (rows > 1) /* a user without interactions: normalisation must not divide by 0 */
        memset(batch->x + items, 0, items * sizeof(float));
    for (size_t i = 0; i < size; i++) {
        batch->exact[i] = (double)batch->x[i];
        batch->exact_weight[i] = (double)batch->weight[i];
    }
}

static void end(struct batch *batch)
{
    denoiser_end(&batch->denoiser);
    free(batch->x);
    free(batch->exact);
    free(batch->t);
}

static diffmm_status forward(diffmm_context *context, const struct batch *batch, float *x_hat)
{
    return diffmm_denoiser_forward(context, &batch->denoiser.shape, batch->denoiser.parameters,
                                   batch->rows, batch->x, batch->t, batch->dropout_scale, x_hat);
}

static diffmm_status backward(diffmm_context *context, const struct batch *batch, float *gradient)
{
    return diffmm_denoiser_backward(context, &batch->denoiser.shape, batch->denoiser.parameters,
                                    batch->rows, batch->x, batch->t, batch->dropout_scale,
                                    batch->weight, gradient);
}

static const size_t hidden[] = {9, 5, 12};

/* Every small shape, with and without normalisation and dropout. */
static void each_shape(void (*test)(struct batch *batch))
{
    static const struct {
        size_t rows, items, time_size, hidden_count;
    } shapes[] = {{1, 1, 1, 1}, {3, 11, 4, 1}, {4, 23, 5, 1}, {5, 18, 10, 2}, {4, 33, 7, 3}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (int flags = 0; flags < 4; flags++) {
            struct batch batch;
            begin(&batch, shapes[s].rows, shapes[s].items, shapes[s].time_size,
                  shapes[s].hidden_count, hidden, flags & 1, flags & 2);
            test(&batch);
            end(&batch);
        }
}

static void expect_forward(struct batch *batch)
{
    fill(batch->size, NAN, batch->x_hat);
    expect_success(forward(NULL, batch, batch->x_hat));
    oracle_denoiser(&batch->denoiser, batch->rows, batch->exact, batch->t, batch->dropout_scale,
                    batch->exact_hat);
    expect_near("x_hat", batch->size, batch->x_hat, batch->exact_hat, 5e-6);
}

START_TEST(forward_equals_one_unit_at_a_time)
{
    each_shape(expect_forward);
}
END_TEST

/* Each parameter by itself, so that small ones are tested as well as large ones. */
static void expect_backward(struct batch *batch)
{
    const struct denoiser *denoiser = &batch->denoiser;
    fill(denoiser->size, NAN, batch->gradient);
    expect_success(backward(NULL, batch, batch->gradient));
    oracle_denoiser_backward(denoiser, batch->rows, batch->exact, batch->t, batch->dropout_scale,
                             batch->exact_weight, batch->exact_gradient);
    for (size_t p = 0; p < 2 + 4 * denoiser->shape.hidden_count; p++) {
        char name[64];
        size_t rows, columns, offset;
        expect_success(
            diffmm_denoiser_parameter(&denoiser->shape, p, name, &rows, &columns, &offset));
        expect_near(name, rows * columns, batch->gradient + offset, batch->exact_gradient + offset,
                    1e-5);
    }
}

START_TEST(backward_equals_one_unit_at_a_time)
{
    each_shape(expect_backward);
}
END_TEST

/* sum of weight x_hat. */
static double weighted_sum(void *argument)
{
    const struct batch *batch = argument;
    double sum = 0.0;
    expect_success(forward(NULL, batch, batch->x_hat));
    for (size_t i = 0; i < batch->size; i++)
        sum += (double)batch->weight[i] * (double)batch->x_hat[i];
    return sum;
}

static void expect_differences(struct batch *batch)
{
    const struct denoiser *denoiser = &batch->denoiser;
    if (denoiser->shape.time_size == 1)
        return; /* the time embedding is 0, and with it the time layer's gradient */
    expect_success(backward(NULL, batch, batch->gradient));
    for (size_t p = 0; p < 2 + 4 * denoiser->shape.hidden_count; p++) {
        char name[64];
        size_t rows, columns, offset;
        expect_success(
            diffmm_denoiser_parameter(&denoiser->shape, p, name, &rows, &columns, &offset));
        expect_gradient(name, weighted_sum, batch, rows * columns, denoiser->parameters + offset,
                        batch->gradient + offset, 5e-3f, 5e-3);
    }
}

START_TEST(backward_is_differences_of_forward)
{
    each_shape(expect_differences);
}
END_TEST

START_TEST(more_rows_and_units_than_a_tile)
{
    static const size_t wide[] = {70};
    struct batch batch;
    begin(&batch, 90, 150, 10, 1, wide, 0, 1);
    expect_forward(&batch);
    expect_backward(&batch);
    end(&batch);
}
END_TEST

START_TEST(no_rows)
{
    struct batch batch;
    begin(&batch, 2, 5, 3, 1, hidden, 0, 0);
    batch.rows = 0;
    fill(batch.denoiser.size, NAN, batch.gradient);
    fill(batch.size, 7.0f, batch.x_hat);
    expect_success(forward(NULL, &batch, batch.x_hat));
    expect_success(backward(NULL, &batch, batch.gradient));
    expect_untouched(batch.denoiser.size, batch.gradient, 0.0f);
    expect_untouched(batch.size, batch.x_hat, 7.0f);
    end(&batch);
}
END_TEST

START_TEST(time_embedding)
{
    enum { rows = 4, most = 11 };
    static const int32_t t[rows] = {0, 1, 7, 999};
    float got[rows * most];
    double want[most];
    for (size_t size = 1; size <= most; size++) {
        fill(rows * most, NAN, got);
        expect_success(diffmm_time_embedding(rows, t, size, got));
        for (size_t b = 0; b < rows; b++) {
            oracle_time_embedding((double)t[b], size, want);
            /* The angle t f is rounded to float. */
            for (size_t j = 0; j < size; j++)
                expect_close("embedding", j, (double)got[b * size + j], want[j],
                             1e-7 * (1.0 + 2.0 * (double)t[b]));
        }
        ck_assert(size == most || isnan(got[rows * size]));
    }
    expect_success(diffmm_time_embedding(0, NULL, 4, NULL));
    expect_invalid(diffmm_time_embedding(rows, NULL, 4, got), "t is NULL");
    expect_invalid(diffmm_time_embedding(rows, t, 4, NULL), "out is NULL");
    expect_invalid(diffmm_time_embedding(rows, t, 0, got), "size is 0");
}
END_TEST

static void pass_much(diffmm_context *context, void *argument, void *out)
{
    const struct batch *batch = argument;
    float *x_hat = out;
    expect_success(forward(context, batch, x_hat));
    expect_success(backward(context, batch, x_hat + batch->size));
}

START_TEST(the_same_bits_on_any_number_of_threads)
{
    static const size_t wide[] = {130, 90};
    struct batch batch;
    begin(&batch, 300, 700, 10, 2, wide, 1, 1);
    expect_same_bits((batch.size + batch.denoiser.size) * sizeof(float), pass_much, &batch);
    end(&batch);
}
END_TEST

START_TEST(bad_input)
{
    struct batch b;
    begin(&b, 2, 5, 3, 1, hidden, 0, 0);
    const diffmm_denoiser_shape *shape = &b.denoiser.shape;
    const float *p = b.denoiser.parameters;
    float *x = b.x, *out = b.x_hat, *grad = b.gradient;
    fill(b.size, 7.0f, out);
    fill(b.denoiser.size, 7.0f, grad);
    expect_invalid(diffmm_denoiser_forward(NULL, NULL, p, 2, x, b.t, NULL, out), "shape is NULL");
    expect_invalid(diffmm_denoiser_forward(NULL, shape, NULL, 2, x, b.t, NULL, out),
                   "parameters is NULL");
    expect_invalid(diffmm_denoiser_forward(NULL, shape, p, 2, NULL, b.t, NULL, out), "x is NULL");
    expect_invalid(diffmm_denoiser_forward(NULL, shape, p, 2, x, NULL, NULL, out), "t is NULL");
    expect_invalid(diffmm_denoiser_forward(NULL, shape, p, 2, x, b.t, NULL, NULL), "x_hat is NULL");
    expect_invalid(diffmm_denoiser_backward(NULL, NULL, p, 2, x, b.t, NULL, x, grad),
                   "shape is NULL");
    expect_invalid(diffmm_denoiser_backward(NULL, shape, NULL, 2, x, b.t, NULL, x, grad),
                   "parameters is NULL");
    expect_invalid(diffmm_denoiser_backward(NULL, shape, p, 2, NULL, b.t, NULL, x, grad),
                   "x is NULL");
    expect_invalid(diffmm_denoiser_backward(NULL, shape, p, 2, x, NULL, NULL, x, grad),
                   "t is NULL");
    expect_invalid(diffmm_denoiser_backward(NULL, shape, p, 2, x, b.t, NULL, NULL, grad),
                   "grad_x_hat is NULL");
    expect_invalid(diffmm_denoiser_backward(NULL, shape, p, 2, x, b.t, NULL, x, NULL),
                   "grad_parameters is NULL");
    expect_untouched(b.size, out, 7.0f);
    expect_untouched(b.denoiser.size, grad, 7.0f);
    end(&b);
}
END_TEST

static struct {
    diffmm_context *context;
    struct batch batch;
} short_of_memory;

static diffmm_status forward_once(void *argument)
{
    (void)argument;
    struct batch *b = &short_of_memory.batch;
    fill(b->size, 7.0f, b->x_hat);
    diffmm_status status = forward(short_of_memory.context, b, b->x_hat);
    if (status)
        expect_untouched(b->size, b->x_hat, 7.0f);
    return status;
}

static diffmm_status backward_once(void *argument)
{
    (void)argument;
    struct batch *b = &short_of_memory.batch;
    fill(b->denoiser.size, 7.0f, b->gradient);
    diffmm_status status = backward(short_of_memory.context, b, b->gradient);
    if (status)
        expect_untouched(b->denoiser.size, b->gradient, 7.0f);
    return status;
}

START_TEST(out_of_memory)
{
    struct failing failing = {0};
    short_of_memory.context = failing_context(&failing, 2);
    begin(&short_of_memory.batch, 3, 6, 4, 2, hidden, 1, 1);
    ck_assert_uint_gt(fail_each_allocation(&failing, forward_once, NULL), 0);
    ck_assert_uint_gt(fail_each_allocation(&failing, backward_once, NULL), 0);
    end(&short_of_memory.batch);
    diffmm_context_destroy(short_of_memory.context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {forward_equals_one_unit_at_a_time,
                                  backward_equals_one_unit_at_a_time,
                                  backward_is_differences_of_forward,
                                  more_rows_and_units_than_a_tile,
                                  no_rows,
                                  time_embedding,
                                  the_same_bits_on_any_number_of_threads,
                                  bad_input,
                                  out_of_memory};
    return run_tests("denoiser", tests, sizeof tests / sizeof *tests) != 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "graph/propagate.h"

#include "support/contexts.h"
#include "support/differences.h"
#include "support/failing.h"
#include "support/oracle_graph.h"

enum { users = 13, items = 9, nodes = users + items, max_d = 64, max_size = nodes * max_d };

/* Random x as floats and as doubles. */
static void random_matrix(uint64_t seed, size_t size, float *x, double *exact)
{
    struct draws draws = {seed};
    draw_normals(&draws, size, 1.0, x);
    for (size_t i = 0; i < size; i++)
        exact[i] = (double)x[i];
}

START_TEST(products_equal_dense_ones)
{
    static const size_t widths[] = {1, 3, 15, 16, 17, 64};
    static float x[max_size], y[max_size];
    static double exact[max_size], want[max_size];
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
        for (int whole = 0; whole < 2; whole++) {
            size_t d = widths[w], size = nodes * d;
            diffmm_graph *graph = random_graph(NULL, users, items, 60, whole ? 1.0 : 0.6, w + 1);
            double *a = dense_graph(graph);
            random_matrix(w, size, x, exact);
            fill(size, NAN, y);
            expect_success(diffmm_graph_multiply(graph, d, x, y));
            oracle_multiply(nodes, a, 0, d, exact, want);
            expect_near("y", size, y, want, 1e-6);
            fill(size, NAN, y);
            expect_success(diffmm_graph_multiply_transposed(graph, d, x, y));
            oracle_multiply(nodes, a, 1, d, exact, want);
            expect_near("transposed y", size, y, want, 1e-6);
            free(a);
            diffmm_graph_destroy(graph);
        }
}
END_TEST

START_TEST(propagation_is_a_sum_of_powers)
{
    static float x[max_size], h[max_size];
    static double exact[max_size], want[max_size];
    enum { d = 5, size = nodes * d };
    diffmm_graph *graph = random_graph(NULL, users, items, 60, 0.7, 3);
    double *a = dense_graph(graph);
    random_matrix(4, size, x, exact);
    for (size_t layers = 0; layers <= 5; layers++) {
        fill(size, NAN, h);
        expect_success(diffmm_propagate(graph, layers, d, x, h));
        oracle_propagate(nodes, a, 0, layers, d, exact, want);
        expect_near("h", size, h, want, 1e-6);
        fill(size, NAN, h);
        expect_success(diffmm_propagate_backward(graph, layers, d, x, h));
        oracle_propagate(nodes, a, 1, layers, d, exact, want);
        expect_near("grad_x", size, h, want, 1e-6);
    }
    free(a);
    diffmm_graph_destroy(graph);
}
END_TEST

/* A linear form of a product or of a propagation, whose gradient the backward pass is. */
struct form {
    const diffmm_graph *graph;
    size_t layers, d;
    int product;
    const float *weight, *x;
};

static double form_value(void *argument)
{
    const struct form *f = argument;
    static float y[max_size];
    double sum = 0.0;
    expect_success(f->product ? diffmm_graph_multiply(f->graph, f->d, f->x, y)
                              : diffmm_propagate(f->graph, f->layers, f->d, f->x, y));
    for (size_t i = 0; i < nodes * f->d; i++)
        sum += (double)f->weight[i] * (double)y[i];
    return sum;
}

START_TEST(backward_passes_are_gradients)
{
    enum { d = 3, size = nodes * d };
    static float x[size], weight[size], gradient[size];
    static double exact[size];
    diffmm_graph *graph = random_graph(NULL, users, items, 60, 0.6, 5);
    random_matrix(1, size, x, exact);
    random_matrix(2, size, weight, exact);
    struct form form = {.graph = graph, .d = d, .product = 1, .weight = weight, .x = x};
    /* The function is linear, so a long step only reduces the rounding error. */
    expect_success(diffmm_graph_multiply_transposed(graph, d, weight, gradient));
    expect_gradient("product", form_value, &form, size, x, gradient, 2.0f, 1e-4);
    form.product = 0;
    for (form.layers = 0; form.layers <= 3; form.layers++) {
        expect_success(diffmm_propagate_backward(graph, form.layers, d, weight, gradient));
        expect_gradient("propagation", form_value, &form, size, x, gradient, 2.0f, 1e-4);
    }
    diffmm_graph_destroy(graph);
}
END_TEST

START_TEST(a_product_may_be_added_to_something)
{
    enum { d = 6, size = nodes * d };
    static float x[size], add[size], plain[size], y[size], onto[size];
    static double exact[size];
    diffmm_graph *graph = random_graph(NULL, users, items, 60, 0.6, 6);
    random_matrix(1, size, x, exact);
    random_matrix(2, size, add, exact);
    for (int transposed = 0; transposed < 2; transposed++) {
        diffmm__graph_multiply(graph, transposed, d, 1.0f, x, NULL, plain);
        diffmm__graph_multiply(graph, transposed, d, 0.5f, x, add, y);
        memcpy(onto, add, sizeof onto);
        diffmm__graph_multiply(graph, transposed, d, 0.5f, x, onto, onto);
        for (size_t i = 0; i < size; i++)
            expect_close("y", i, (double)y[i], (double)add[i] + 0.5 * (double)plain[i], 2e-6);
        ck_assert_mem_eq(onto, y, sizeof y);
    }
    diffmm_graph_destroy(graph);
}
END_TEST

START_TEST(input_and_output_may_touch)
{
    enum { d = 2, size = nodes * d };
    static float both[2 * size], apart[size];
    static double exact[2 * size];
    diffmm_graph *graph = random_graph(NULL, users, items, 60, 0.6, 6);
    random_matrix(1, 2 * size, both, exact);
    expect_success(diffmm_propagate(graph, 2, d, both, apart));
    expect_success(diffmm_propagate(graph, 2, d, both, both + size));
    ck_assert_mem_eq(both + size, apart, sizeof apart);
    diffmm_graph_destroy(graph);
}
END_TEST

enum { many_users = 450, many_items = 333, many_d = 17 };

static void propagate_much(diffmm_context *context, void *argument, void *out)
{
    size_t size = (many_users + many_items) * many_d;
    float *y = out;
    diffmm_graph *graph = random_graph(context, many_users, many_items, 4000, 0.7, 8);
    expect_success(diffmm_graph_multiply(graph, many_d, argument, y));
    expect_success(diffmm_graph_multiply_transposed(graph, many_d, argument, y + size));
    expect_success(diffmm_propagate(graph, 3, many_d, argument, y + 2 * size));
    expect_success(diffmm_propagate_backward(graph, 2, many_d, argument, y + 3 * size));
    diffmm_graph_destroy(graph);
}

START_TEST(the_same_bits_on_any_number_of_threads)
{
    enum { size = (many_users + many_items) * many_d };
    static float x[size];
    struct draws draws = {1};
    draw_normals(&draws, size, 1.0, x);
    expect_same_bits(4 * size * sizeof *x, propagate_much, x);
}
END_TEST

/* Every public function of this shape refuses the same. */
static void expect_refusal(const diffmm_graph *graph, size_t d, const float *x, float *y,
                           const char *part, const char *gradient_part)
{
    expect_invalid(diffmm_graph_multiply(graph, d, x, y), part);
    expect_invalid(diffmm_graph_multiply_transposed(graph, d, x, y), part);
    expect_invalid(diffmm_propagate(graph, 2, d, x, y), part);
    expect_invalid(diffmm_propagate_backward(graph, 2, d, x, y), gradient_part);
}

START_TEST(bad_input)
{
    enum { d = 2, size = nodes * d };
    static float x[2 * size], y[size];
    diffmm_graph *graph = random_graph(NULL, users, items, 60, 1.0, 6);
    fill(size, 7.0f, y);
    expect_refusal(NULL, d, x, y, "graph", "graph");
    expect_refusal(graph, d, NULL, y, "x is NULL", "grad_h is NULL");
    expect_refusal(graph, 0, x, y, "d is 0", "d is 0");
    expect_refusal(graph, SIZE_MAX, x, y, "d is", "d is");
    expect_invalid(diffmm_graph_multiply(graph, d, x, NULL), "y is NULL");
    expect_invalid(diffmm_graph_multiply_transposed(graph, d, x, NULL), "y is NULL");
    expect_invalid(diffmm_propagate(graph, 1, d, x, NULL), "h is NULL");
    expect_invalid(diffmm_propagate_backward(graph, 1, d, x, NULL), "grad_x is NULL");
    fill(2 * size, 7.0f, x);
    static const size_t shifts[] = {0, 1, size - 1};
    for (size_t s = 0; s < 3; s++) {
        expect_refusal(graph, d, x, x + shifts[s], "x and ", "grad_h and grad_x overlap");
        expect_refusal(graph, d, x + shifts[s], x, "overlap", "overlap");
    }
    expect_untouched(size, y, 7.0f);
    expect_untouched(2 * size, x, 7.0f);
    diffmm_graph_destroy(graph);
}
END_TEST

static diffmm_status propagate(void *argument)
{
    enum { d = 2, size = nodes * d };
    static float x[size], h[size];
    fill(size, 7.0f, h);
    diffmm_status status = diffmm_propagate(argument, 2, d, x, h);
    if (status)
        expect_untouched(size, h, 7.0f);
    return status;
}

static diffmm_status propagate_backward(void *argument)
{
    enum { d = 2, size = nodes * d };
    static float x[size], h[size];
    fill(size, 7.0f, h);
    diffmm_status status = diffmm_propagate_backward(argument, 3, d, x, h);
    if (status)
        expect_untouched(size, h, 7.0f);
    return status;
}

START_TEST(out_of_memory)
{
    struct failing failing = {0};
    diffmm_context *context = failing_context(&failing, 1);
    diffmm_graph *graph = random_graph(context, users, items, 60, 1.0, 6);
    ck_assert_uint_gt(fail_each_allocation(&failing, propagate, graph), 0);
    ck_assert_uint_gt(fail_each_allocation(&failing, propagate_backward, graph), 0);
    diffmm_graph_destroy(graph);
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {products_equal_dense_ones,
                                  propagation_is_a_sum_of_powers,
                                  backward_passes_are_gradients,
                                  a_product_may_be_added_to_something,
                                  input_and_output_may_touch,
                                  the_same_bits_on_any_number_of_threads,
                                  bad_input,
                                  out_of_memory};
    return run_tests("propagate", tests, sizeof tests / sizeof *tests) != 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "graph/bipartite.h"
#include "graph/graph.h"

#include "support/close.h"
#include "support/contexts.h"
#include "support/failing.h"
#include "support/oracle_graph.h"

/* Rows ascending without repetition, and every entry as the formula says. */
static void expect_adjacency(const diffmm_graph *graph, const double *want)
{
    size_t nodes = diffmm_graph_users(graph) + diffmm_graph_items(graph), entries = 0;
    const int64_t *pointers;
    const int32_t *columns;
    const float *values;
    expect_success(diffmm_graph_rows(graph, &pointers, &columns, &values));
    ck_assert_int_eq(pointers[0], 0);
    for (size_t r = 0; r < nodes; r++) {
        for (int64_t e = pointers[r]; e < pointers[r + 1]; e++) {
            ck_assert(columns[e] >= 0 && (size_t)columns[e] < nodes);
            ck_assert(e == pointers[r] || columns[e] > columns[e - 1]);
            double exact = want[r * nodes + (size_t)columns[e]];
            ck_assert(exact > 0.0);
            expect_close("value", (size_t)e, (double)values[e], exact, 1e-7 * exact);
        }
        for (size_t c = 0; c < nodes; c++)
            entries += want[r * nodes + c] > 0.0;
    }
    ck_assert_int_eq(pointers[nodes], (int64_t)entries);
    ck_assert_uint_eq(diffmm_graph_entries(graph), entries);
}

START_TEST(equals_the_formula)
{
    static const struct {
        size_t users, items, count;
    } shapes[] = {{1, 1, 0}, {1, 1, 1}, {1, 1, 3}, {2, 3, 0}, {3, 5, 7}, {7, 4, 40}, {60, 41, 300}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        size_t users = shapes[s].users, items = shapes[s].items, count = shapes[s].count;
        struct draws draws = {s + 1};
        int32_t user[300], item[300];
        /* Some users and items stay without pairs, and some pairs come twice. */
        draw_numbers(&draws, count, (users + 1) / 2, user);
        draw_numbers(&draws, count, items, item);
        diffmm_graph *graph;
        expect_success(
            diffmm_graph_create_bipartite(NULL, users, items, count, user, item, &graph));
        double *want = oracle_adjacency(users, items, count, user, item);
        expect_adjacency(graph, want);
        free(want);
        diffmm_graph_destroy(graph);
    }
}
END_TEST

START_TEST(a_small_graph_by_hand)
{
    /* User 0 has items 0 and 2, user 1 item 2; item 1 nobody. Degrees 3, 2; 2, 1, 3. */
    static const int32_t user[] = {1, 0, 0, 1}, item[] = {2, 2, 0, 2};
    static const int32_t columns[] = {0, 2, 4, 1, 4, 0, 2, 3, 0, 1, 4};
    static const int64_t pointers[] = {0, 3, 5, 7, 8, 11};
    const double values[] = {1 / 3.0,       1 / sqrt(6.0), 1 / 3.0, 1 / 2.0,
                             1 / sqrt(6.0), 1 / sqrt(6.0), 1 / 2.0, 1.0,
                             1 / 3.0,       1 / sqrt(6.0), 1 / 3.0};
    diffmm_graph *graph;
    const int64_t *got_pointers;
    const int32_t *got_columns;
    const float *got_values;
    expect_success(diffmm_graph_create_bipartite(NULL, 2, 3, 4, user, item, &graph));
    expect_success(diffmm_graph_rows(graph, &got_pointers, &got_columns, &got_values));
    ck_assert_mem_eq(got_pointers, pointers, sizeof pointers);
    ck_assert_mem_eq(got_columns, columns, sizeof columns);
    for (size_t e = 0; e < 11; e++)
        expect_close("value", e, (double)got_values[e], values[e], 1e-7);
    diffmm_graph_destroy(graph);
}
END_TEST

static void expect_same_graph(const diffmm_graph *a, const diffmm_graph *b)
{
    const struct diffmm__csr *x = &a->rows, *y = &b->rows;
    size_t entries = diffmm_graph_entries(a);
    ck_assert_uint_eq(diffmm_graph_entries(b), entries);
    ck_assert_mem_eq(x->pointers, y->pointers, (a->nodes + 1) * sizeof *x->pointers);
    ck_assert_mem_eq(x->indices, y->indices, entries * sizeof *x->indices);
    ck_assert_mem_eq(x->values, y->values, entries * sizeof *x->values);
}

START_TEST(order_and_repetition_of_pairs_do_not_matter)
{
    enum { users = 9, items = 13, count = 50 };
    struct draws draws = {5};
    int32_t user[2 * count], item[2 * count];
    draw_numbers(&draws, count, users, user);
    draw_numbers(&draws, count, items, item);
    for (size_t e = 0; e < count; e++) {
        user[2 * count - 1 - e] = user[e];
        item[2 * count - 1 - e] = item[e];
    }
    diffmm_graph *forwards, *backwards, *twice;
    expect_success(diffmm_graph_create_bipartite(NULL, users, items, count, user, item, &forwards));
    expect_success(diffmm_graph_create_bipartite(NULL, users, items, count, user + count,
                                                 item + count, &backwards));
    expect_success(
        diffmm_graph_create_bipartite(NULL, users, items, 2 * count, user, item, &twice));
    expect_same_graph(forwards, backwards);
    expect_same_graph(forwards, twice);
    diffmm_graph_destroy(forwards);
    diffmm_graph_destroy(backwards);
    diffmm_graph_destroy(twice);
}
END_TEST

START_TEST(rows_give_the_same_graph_as_pairs)
{
    static const int64_t pointers[] = {0, 2, 2, 5};
    static const int32_t row_items[] = {1, 3, 0, 1, 2};
    static const int32_t user[] = {0, 0, 2, 2, 2};
    const struct diffmm__csr rows = diffmm__csr_view(3, 5, pointers, row_items, NULL);
    diffmm_graph *by_rows, *by_pairs;
    expect_success(diffmm__bipartite_from_rows(NULL, &rows, &by_rows));
    expect_success(diffmm_graph_create_bipartite(NULL, 3, 5, 5, user, row_items, &by_pairs));
    expect_same_graph(by_rows, by_pairs);
    diffmm_graph_destroy(by_rows);
    diffmm_graph_destroy(by_pairs);
}
END_TEST

/* D^-1/2 B D^-1/2 from the definition; of repeated pairs the largest weight counts. */
static double *weighted_adjacency(size_t users, size_t items, size_t count, const int32_t *user,
                                  const int32_t *item, const float *weight)
{
    size_t nodes = users + items;
    double *b = calloc(nodes * nodes, sizeof *b), *degree = calloc(nodes, sizeof *degree);
    for (size_t r = 0; r < nodes; r++)
        b[r * nodes + r] = 1;
    for (size_t e = 0; e < count; e++) {
        size_t u = (size_t)user[e], i = users + (size_t)item[e];
        if ((double)weight[e] > b[u * nodes + i])
            b[u * nodes + i] = b[i * nodes + u] = (double)weight[e];
    }
    for (size_t r = 0; r < nodes; r++)
        for (size_t c = 0; c < nodes; c++)
            degree[r] += b[r * nodes + c];
    for (size_t r = 0; r < nodes; r++)
        for (size_t c = 0; c < nodes; c++)
            b[r * nodes + c] /= sqrt(degree[r] * degree[c]);
    free(degree);
    return b;
}

START_TEST(weights)
{
    enum { users = 60, items = 41, count = 300 };
    struct draws draws = {9};
    int32_t user[count], item[count];
    float weight[count];
    diffmm_graph *graph, *all_one, *binary;
    draw_numbers(&draws, count, users, user);
    draw_numbers(&draws, count, items, item);
    for (size_t e = 0; e < count; e++)
        weight[e] = 0.01f + 3.0f * (float)draw_real(&draws);
    expect_success(
        diffmm_graph_create_weighted(NULL, users, items, count, user, item, weight, &graph));
    double *want = weighted_adjacency(users, items, count, user, item, weight);
    expect_adjacency(graph, want);
    ck_assert(diffmm__graph_is_symmetric(graph));
    free(want);
    for (size_t e = 0; e < count; e++)
        weight[e] = 1;
    expect_success(
        diffmm_graph_create_weighted(NULL, users, items, count, user, item, weight, &all_one));
    expect_success(diffmm_graph_create_bipartite(NULL, users, items, count, user, item, &binary));
    expect_same_graph(all_one, binary);
    diffmm_graph_destroy(graph);
    diffmm_graph_destroy(all_one);
    diffmm_graph_destroy(binary);
}
END_TEST

/* User 0 has item 0 with 3 and item 1 with 0; item 1 nobody else. Degrees 4; 4, 1. */
START_TEST(weights_by_hand)
{
    static const int32_t user[] = {0, 0, 0}, item[] = {1, 0, 0};
    static const float weight[] = {0, 2, 3};
    static const int32_t columns[] = {0, 1, 2, 0, 1, 0, 2};
    static const double values[] = {1 / 4.0, 3 / 4.0, 0, 3 / 4.0, 1 / 4.0, 0, 1};
    diffmm_graph *graph;
    expect_success(diffmm_graph_create_weighted(NULL, 1, 2, 3, user, item, weight, &graph));
    ck_assert_uint_eq(diffmm_graph_entries(graph), 7);
    ck_assert_mem_eq(graph->rows.indices, columns, sizeof columns);
    for (size_t e = 0; e < 7; e++)
        expect_close("value", e, (double)graph->rows.values[e], values[e], 1e-7);
    diffmm_graph_destroy(graph);
    expect_success(diffmm_graph_create_weighted(NULL, 1, 2, 0, NULL, NULL, NULL, &graph));
    ck_assert_uint_eq(diffmm_graph_entries(graph), 3);
    diffmm_graph_destroy(graph);
}
END_TEST

enum { large_users = 5000, large_items = 3000, large_count = 60000 };
enum { most_entries = 2 * large_count + large_users + large_items };

/* The values of a large weighted graph. */
static void weigh_much(diffmm_context *context, void *argument, void *out)
{
    static int32_t user[large_count], item[large_count];
    static float weight[large_count];
    diffmm_graph *graph;
    (void)argument;
    for (size_t e = 0; e < large_count; e++) {
        user[e] = (int32_t)(e % large_users);
        item[e] = (int32_t)(e * e / 11 % large_items);
        weight[e] = (float)(e % 97) / 7.0f;
    }
    expect_success(diffmm_graph_create_weighted(context, large_users, large_items, large_count,
                                                user, item, weight, &graph));
    memset(out, 0, most_entries * sizeof(float));
    memcpy(out, graph->rows.values, diffmm_graph_entries(graph) * sizeof(float));
    diffmm_graph_destroy(graph);
}

START_TEST(weights_with_any_number_of_threads)
{
    expect_same_bits(most_entries * sizeof(float), weigh_much, NULL);
}
END_TEST

START_TEST(bad_weights)
{
    static const int32_t good[] = {0, 1};
    const float bad[][2] = {{1, NAN}, {1, INFINITY}, {1, -1}};
    diffmm_graph *out = NULL;
    expect_failure(diffmm_graph_create_weighted(NULL, 2, 2, 2, good, good, bad[0], &out),
                   DIFFMM_ERROR_NUMERIC, "weight[1] is not finite");
    expect_failure(diffmm_graph_create_weighted(NULL, 2, 2, 2, good, good, bad[1], &out),
                   DIFFMM_ERROR_NUMERIC, "weight[1] is not finite");
    expect_invalid(diffmm_graph_create_weighted(NULL, 2, 2, 2, good, good, bad[2], &out),
                   "weight[1] is -1, below 0");
    expect_invalid(diffmm_graph_create_weighted(NULL, 2, 2, 2, good, good, NULL, &out),
                   "weight is NULL");
    expect_invalid(diffmm_graph_create_weighted(NULL, 2, 2, 2, good, good, bad[0], NULL),
                   "out is NULL");
    expect_invalid(diffmm_graph_create_weighted(NULL, 1, 2, 1, good + 1, good, bad[0], &out),
                   "user[0] is 1");
    ck_assert_ptr_null(out);
}
END_TEST

START_TEST(bad_input)
{
    static const int32_t good[] = {0, 1, 1}, high[] = {0, 1, 2}, low[] = {0, -1, 1};
    diffmm_graph *out = NULL;
    expect_invalid(diffmm_graph_create_bipartite(NULL, 2, 2, 3, good, good, NULL), "out is NULL");
    expect_invalid(diffmm_graph_create_bipartite(NULL, 2, 2, 3, NULL, good, &out), "user is NULL");
    expect_invalid(diffmm_graph_create_bipartite(NULL, 2, 2, 3, good, NULL, &out), "item is NULL");
    expect_invalid(diffmm_graph_create_bipartite(NULL, 0, 2, 3, good, good, &out), "users is 0");
    expect_invalid(diffmm_graph_create_bipartite(NULL, 2, 0, 3, good, good, &out), "items 0");
    expect_invalid(diffmm_graph_create_bipartite(NULL, INT32_MAX, 1, 3, good, good, &out), "users");
    expect_invalid(diffmm_graph_create_bipartite(NULL, 1, SIZE_MAX, 3, good, good, &out), "items");
    expect_invalid(
        diffmm_graph_create_bipartite(NULL, 2, 2, (size_t)INT32_MAX + 1, good, good, &out),
        "count");
    expect_invalid(diffmm_graph_create_bipartite(NULL, 2, 3, 3, high, good, &out), "user[2] is 2");
    expect_invalid(diffmm_graph_create_bipartite(NULL, 2, 3, 3, low, good, &out), "user[1] is -1");
    expect_invalid(diffmm_graph_create_bipartite(NULL, 3, 2, 3, good, high, &out), "item[2] is 2");
    expect_invalid(diffmm_graph_create_bipartite(NULL, 3, 2, 3, good, low, &out), "item[1] is -1");
    ck_assert_ptr_null(out);
}
END_TEST

static diffmm_status create(void *argument)
{
    static const int32_t user[] = {0, 1, 2, 1}, item[] = {3, 0, 1, 0};
    diffmm_graph *graph = NULL;
    diffmm_status status = diffmm_graph_create_bipartite(argument, 3, 4, 4, user, item, &graph);
    ck_assert((status == DIFFMM_OK) == (graph != NULL));
    diffmm_graph_destroy(graph);
    return status;
}

static diffmm_status create_weighted(void *argument)
{
    static const int32_t user[] = {0, 1, 2, 1}, item[] = {3, 0, 1, 0};
    static const float weight[] = {1, 2, 3, 4};
    diffmm_graph *graph = NULL;
    diffmm_status status =
        diffmm_graph_create_weighted(argument, 3, 4, 4, user, item, weight, &graph);
    ck_assert((status == DIFFMM_OK) == (graph != NULL));
    diffmm_graph_destroy(graph);
    return status;
}

START_TEST(out_of_memory)
{
    expect_survives_no_memory(create);
    expect_survives_no_memory(create_weighted);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {equals_the_formula,
                                  a_small_graph_by_hand,
                                  order_and_repetition_of_pairs_do_not_matter,
                                  rows_give_the_same_graph_as_pairs,
                                  weights,
                                  weights_by_hand,
                                  weights_with_any_number_of_threads,
                                  bad_weights,
                                  bad_input,
                                  out_of_memory};
    return run_tests("bipartite", tests, sizeof tests / sizeof *tests) != 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* graph*: training pairs to the entries of A_hat. */
#include <check.h>

#include "cases.h"
#include "graphs.h"

diffmm_graph *graph_read(struct reference *reference, size_t users, size_t items,
                         const char *user_array, const char *item_array)
{
    struct array *user = reference_array(reference, "%s", user_array);
    struct array *item = reference_array(reference, "%s", item_array);
    ck_assert_uint_eq(user->count, item->count);
    diffmm_graph *graph;
    must(diffmm_graph_create_bipartite(NULL, users, items, user->count,
                                       as_integers(reference, user), as_integers(reference, item),
                                       &graph),
         "diffmm_graph_create_bipartite");
    ck_assert_uint_eq(diffmm_graph_users(graph), users);
    ck_assert_uint_eq(diffmm_graph_items(graph), items);
    return graph;
}

void graph_expect(struct reference *reference, const diffmm_graph *graph)
{
    size_t nodes = diffmm_graph_users(graph) + diffmm_graph_items(graph);
    size_t entries = diffmm_graph_entries(graph);
    const int64_t *pointers;
    const int32_t *columns;
    const float *values;
    must(diffmm_graph_rows(graph, &pointers, &columns, &values), "diffmm_graph_rows");
    int32_t *rows = diffmm__arena_take(&reference->arena, entries, sizeof *rows);
    ck_assert(rows != NULL);
    for (size_t node = 0; node < nodes; node++)
        for (int64_t entry = pointers[node]; entry < pointers[node + 1]; entry++)
            rows[entry] = (int32_t)node;
    expect_integers(reference, reference_array(reference, "adj_row"), entries, 1, rows);
    expect_integers(reference, reference_array(reference, "adj_col"), entries, 1, columns);
    expect_floats(reference, reference_array(reference, "adj_val"), entries, 1, values);
}

void case_graph(struct reference *reference)
{
    size_t users = reference_size(reference, "n_users");
    size_t items = reference_size(reference, "n_items");
    diffmm_graph *graph = graph_read(reference, users, items, "train_user", "train_item");
    graph_expect(reference, graph);
    diffmm_graph_destroy(graph);
}

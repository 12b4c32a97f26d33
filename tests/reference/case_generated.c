/* SPDX-License-Identifier: BSD-2-Clause */
/* generated_*: generated pairs to the entries of A_m. */
#include <check.h>

#include "cases.h"
#include "graphs.h"

/* The file names no sizes, but they follow from its entries: every node has a self loop, and the
 * largest column in the row of a user with pairs is the number of users plus its largest item. */
static void read_sizes(struct reference *reference, size_t *users, size_t *items)
{
    const struct array *user = reference_array(reference, "user");
    const struct array *item = reference_array(reference, "item");
    const struct array *row = reference_array(reference, "adj_row");
    const struct array *column = reference_array(reference, "adj_col");
    ck_assert_msg(user->count > 0 && user->count == item->count && row->count > 0 &&
                      row->count == column->count,
                  "%s: no pairs", reference->file);
    double nodes = 0, largest_item = 0, largest_column = 0;
    for (size_t i = 0; i < user->count; i++)
        if (user->values[i] == user->values[0] && item->values[i] > largest_item)
            largest_item = item->values[i];
    for (size_t i = 0; i < row->count; i++) {
        if (row->values[i] + 1 > nodes)
            nodes = row->values[i] + 1;
        if (row->values[i] == user->values[0] && column->values[i] > largest_column)
            largest_column = column->values[i];
    }
    double count = largest_column - largest_item;
    ck_assert_msg(count >= 1 && count < nodes, "%s: no such sizes", reference->file);
    *users = (size_t)count;
    *items = (size_t)(nodes - count);
}

void case_generated(struct reference *reference)
{
    size_t users, items;
    read_sizes(reference, &users, &items);
    diffmm_graph *graph = graph_read(reference, users, items, "user", "item");
    graph_expect(reference, graph);
    diffmm_graph_destroy(graph);
}

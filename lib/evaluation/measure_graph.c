/* SPDX-License-Identifier: BSD-2-Clause */
/* Measures of a caller's graph. */
#include <string.h>

#include "base/ascending.h"
#include "base/check.h"
#include "base/handle.h"
#include "base/pool.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/structs.h"
#include "evaluation/graph_measures.h"

static diffmm_status check_rows(const struct diffmm__csr *rows, const char *pointers,
                                const char *indices)
{
    const struct diffmm__csr_expected expected = {.pointers = pointers,
                                                  .indices = indices,
                                                  .columns = "items",
                                                  .ascending = true,
                                                  .status = DIFFMM_ERROR_INVALID_ARGUMENT};
    return diffmm__csr_check(rows, &expected);
}

static diffmm_status check_sizes(const diffmm_measure_graph_arguments *a)
{
    diffmm_status status;
    if ((status = diffmm__check_size("users", a->users, 1, INT32_MAX)) ||
        (status = diffmm__check_size("items", a->items, 1, INT32_MAX)) ||
        (status = diffmm__check_size("count", a->count, 1, a->items)) ||
        (status = diffmm__check_size("columns", a->columns, 0, diffmm__most_columns)) ||
        (status = diffmm__size_check_array("users", a->users, "count", a->count, sizeof(int32_t))))
        return status;
    return diffmm__size_check_array("items", a->items, "columns", a->columns, sizeof(float));
}

static diffmm_status check(const diffmm_measure_graph_arguments *a, const struct diffmm__csr *train,
                           const struct diffmm__csr *held)
{
    diffmm_status status = check_sizes(a);
    if (status)
        return status;
    if (!a->neighbors || !a->row_pointers)
        return diffmm__null(!a->neighbors ? "neighbors" : "row_pointers");
    status = check_rows(train, "row_pointers", "row_items");
    if (!status && a->held_pointers)
        status = check_rows(held, "held_pointers", "held_items");
    return status ? status : diffmm__check_finite("features", a->items * a->columns, a->features);
}

/* Rows that are to be sorted, and the name of their array. */
struct rows {
    const char *name;
    size_t items, count;
    int32_t *items_of;
};

/* Sorts one row of a copy. */
static diffmm_status sort_row(const struct rows *rows, size_t user)
{
    int32_t *row = rows->items_of + user * rows->count;
    for (size_t j = 0; j < rows->count; j++)
        if (row[j] < -1 || (row[j] >= 0 && (size_t)row[j] >= rows->items))
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                "%s[%zu] is %d, neither -1 nor below items, %zu", rows->name,
                                user * rows->count + j, row[j], rows->items);
    diffmm__ascending_sort(rows->count, row);
    for (size_t j = 1; j < rows->count; j++)
        if (row[j] >= 0 && row[j] == row[j - 1])
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                "%s: user %zu has item %d twice; each neighbour of a user must be "
                                "another item",
                                rows->name, user, row[j]);
    return DIFFMM_OK;
}

/* A copy of neighbours in ascending order, checked. */
static diffmm_status copy_sorted(struct diffmm__arena *arena,
                                 const diffmm_measure_graph_arguments *a, const char *name,
                                 const int32_t *neighbors, const int32_t **out)
{
    struct rows rows = {.name = name, .items = a->items, .count = a->count};
    rows.items_of = diffmm__arena_take(arena, a->users, a->count * sizeof *rows.items_of);
    if (arena->failed)
        return DIFFMM_ERROR_NO_MEMORY;
    memcpy(rows.items_of, neighbors, a->users * a->count * sizeof *neighbors);
    diffmm_status status = DIFFMM_OK;
    for (size_t u = 0; u < a->users && !status; u++)
        status = sort_row(&rows, u);
    *out = rows.items_of;
    return status;
}

/* What is made for one call. */
struct parts {
    struct diffmm__arena arena; /* of the copies */
    const int32_t *neighbors, *previous;
    struct diffmm__popularity popularity;
    struct diffmm__centred_features features;
    struct diffmm__graph_measuring measuring;
};

static diffmm_status make(const diffmm_context *context, const diffmm_measure_graph_arguments *a,
                          struct diffmm__graph_setting *setting, struct parts *parts)
{
    diffmm_status status =
        copy_sorted(&parts->arena, a, "neighbors", a->neighbors, &parts->neighbors);
    if (!status && a->previous)
        status = copy_sorted(&parts->arena, a, "previous", a->previous, &parts->previous);
    if (!status)
        status = diffmm__popularity_begin(context, setting->train, &parts->popularity);
    if (!status && a->columns > 0)
        status = diffmm__centred_features_begin(context, a->items, a->columns, a->columns,
                                                a->features, NULL, &parts->features);
    setting->popularity = &parts->popularity;
    return status ? status : diffmm__graph_measuring_begin(context, setting, &parts->measuring);
}

static void end_parts(struct parts *parts)
{
    diffmm__graph_measuring_end(&parts->measuring);
    diffmm__centred_features_end(&parts->features);
    diffmm__popularity_end(&parts->popularity);
    diffmm__arena_end(&parts->arena);
}

diffmm_status diffmm_measure_graph_with(diffmm_context *context,
                                        const diffmm_measure_graph_arguments *arguments,
                                        diffmm_graph_measures *out)
{
    DIFFMM__CALL context_call = diffmm__call_reads(context);
    if (!arguments || !out)
        return diffmm__null(!arguments ? "arguments" : "out");
    diffmm_measure_graph_arguments a;
    diffmm_status status =
        diffmm__struct_read(&a, &diffmm__layout_measure_graph_arguments, arguments, "arguments");
    if (!status)
        status = diffmm__struct_check(&diffmm__layout_graph_measures, out, "out");
    if (status)
        return status;
    const struct diffmm__csr train = diffmm__csr_view(a.users, a.items, a.row_pointers, a.row_items,
                                                      NULL),
                             held = diffmm__csr_view(a.users, a.items, a.held_pointers,
                                                     a.held_items, NULL);
    struct diffmm__graph_setting setting = {.users = a.users,
                                            .items = a.items,
                                            .count = a.count,
                                            .columns = a.columns,
                                            .train = &train,
                                            .held = a.held_pointers ? &held : NULL,
                                            .sample_count = a.users};
    struct parts parts = {.arena = diffmm__arena_on(context)};
    diffmm_graph_measures measures;
    status = check(&a, &train, &held);
    if (!status)
        status = make(context, &a, &setting, &parts);
    if (!status) {
        diffmm__graph_measuring_run(&parts.measuring, parts.neighbors, parts.previous,
                                    a.columns > 0 ? &parts.features : NULL, &measures);
        status = diffmm__struct_write(out, &diffmm__layout_graph_measures, &measures, "out");
    }
    end_parts(&parts);
    return status;
}

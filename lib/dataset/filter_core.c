/* SPDX-License-Identifier: BSD-2-Clause */
/* The k-core of the graph of users and items: what remains when users and items with too few
 * neighbours are taken away until none is left that has too few (Seidman 1983). The result does not
 * depend on the order, so each node is taken away as soon as it has too few (Batagelj and Zaversnik
 * 2003), in time linear in the interactions. */
#include "base/handle.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "dataset/dataset.h"
#include "dataset/draft.h"
#include "linalg/csr.h"

/* One side of the graph, users or items. */
struct side {
    struct diffmm__csr rows; /* the neighbours of each node */
    size_t least;
    size_t *degree; /* neighbours that are still there */
    bool *kept;
};

struct core {
    struct diffmm__arena arena;
    struct side sides[2]; /* users, items */
    size_t *waiting;      /* nodes that were taken away, whose neighbours do not know yet */
    size_t waiting_count; /* node n is user n, or item n - users */
};

static void check_node(struct core *core, size_t side, size_t node)
{
    struct side *s = &core->sides[side];
    if (!s->kept[node] || s->degree[node] >= s->least)
        return;
    s->kept[node] = false;
    core->waiting[core->waiting_count++] = node + (side ? core->sides[0].rows.rows : 0);
}

static void tell_neighbours(struct core *core, size_t side, size_t node)
{
    const struct diffmm__csr *rows = &core->sides[side].rows;
    struct side *other = &core->sides[1 - side];
    for (int64_t e = rows->pointers[node]; e < rows->pointers[node + 1]; e++) {
        other->degree[rows->indices[e]]--;
        check_node(core, 1 - side, (size_t)rows->indices[e]);
    }
}

static void peel(struct core *core)
{
    size_t users = core->sides[0].rows.rows;
    for (size_t side = 0; side < 2; side++)
        for (size_t node = 0; node < core->sides[side].rows.rows; node++) {
            core->sides[side].degree[node] = diffmm__csr_row_entries(&core->sides[side].rows, node);
            core->sides[side].kept[node] = true;
        }
    for (size_t side = 0; side < 2; side++)
        for (size_t node = 0; node < core->sides[side].rows.rows; node++)
            check_node(core, side, node);
    while (core->waiting_count > 0) {
        size_t node = core->waiting[--core->waiting_count];
        tell_neighbours(core, node >= users, node >= users ? node - users : node);
    }
}

/* Different pairs of all splits. */
static diffmm_status unite_splits(const diffmm_dataset *dataset, struct diffmm__csr *out)
{
    const diffmm_context *context = dataset->context;
    const struct diffmm__coo *pairs = dataset->draft->pairs;
    struct diffmm__csr splits[DIFFMM__SPLITS] = {{0}};
    const struct diffmm__csr *const parts[] = {&splits[0], &splits[1], &splits[2]};
    diffmm_status status = DIFFMM_OK;
    for (int s = 0; s < DIFFMM__SPLITS && !status; s++)
        status = diffmm__csr_from_pairs(context, diffmm_dataset_users(dataset),
                                        diffmm_dataset_items(dataset), pairs[s].count, pairs[s].row,
                                        pairs[s].column, &splits[s]);
    if (!status)
        status = diffmm__csr_unite(context, DIFFMM__SPLITS, parts, out);
    for (int s = 0; s < DIFFMM__SPLITS; s++)
        diffmm__csr_end(context, &splits[s]);
    return status;
}

static diffmm_status begin_core(const diffmm_dataset *dataset, struct core *core)
{
    struct diffmm__csr *rows = &core->sides[0].rows, *columns = &core->sides[1].rows;
    diffmm_status status = unite_splits(dataset, rows);
    if (!status)
        status = diffmm__csr_begin(dataset->context, rows->columns, rows->rows,
                                   diffmm__csr_entries(rows), false, columns);
    if (status)
        return status;
    diffmm__csr_transpose(dataset->context, rows, rows->rows, NULL, columns);
    core->arena = diffmm__arena_on(dataset->context);
    for (size_t side = 0; side < 2; side++) {
        struct side *s = &core->sides[side];
        s->degree = diffmm__arena_take(&core->arena, s->rows.rows, sizeof *s->degree);
        s->kept = diffmm__arena_take(&core->arena, s->rows.rows, sizeof *s->kept);
    }
    core->waiting =
        diffmm__arena_take(&core->arena, rows->rows + rows->columns, sizeof *core->waiting);
    return core->arena.failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
}

static size_t count_left_out(const struct side *side)
{
    size_t count = 0;
    for (size_t node = 0; node < side->rows.rows; node++)
        count += !side->kept[node];
    return count;
}

static diffmm_status keep_core(diffmm_dataset *dataset, const struct core *core)
{
    const struct side *users = &core->sides[0], *items = &core->sides[1];
    size_t user_count = users->rows.rows, item_count = items->rows.rows;
    size_t users_out = count_left_out(users), items_out = count_left_out(items);
    if (users_out == user_count || items_out == item_count)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "no interaction is left where users have at least %zu and items %zu",
                            users->least, items->least);
    if (users_out == 0 && items_out == 0)
        return DIFFMM_OK;
    diffmm_status status =
        diffmm__draft_keep(dataset->context, dataset->draft, users->kept, items->kept);
    if (!status)
        diffmm__log(dataset->context, DIFFMM_LOG_INFO,
                    "%zu of %zu users with fewer than %zu interactions and %zu of %zu items with "
                    "fewer than %zu are left out",
                    users_out, user_count, users->least, items_out, item_count, items->least);
    return status;
}

diffmm_status diffmm_dataset_filter_core(diffmm_dataset *dataset, size_t user_least,
                                         size_t item_least)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = diffmm__dataset_check_open(dataset);
    if (!status && dataset->draft->extended)
        status = diffmm__fail(DIFFMM_ERROR_STATE,
                              "an extended data set keeps its users and items; filter the "
                              "interactions that are added before they are");
    if (status)
        return status;
    struct core core = {.sides = {{.least = user_least}, {.least = item_least}}};
    status = begin_core(dataset, &core);
    if (!status) {
        peel(&core);
        status = keep_core(dataset, &core);
    }
    diffmm__arena_end(&core.arena);
    diffmm__csr_end(dataset->context, &core.sides[0].rows);
    diffmm__csr_end(dataset->context, &core.sides[1].rows);
    return status;
}

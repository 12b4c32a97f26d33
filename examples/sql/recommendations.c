/* SPDX-License-Identifier: BSD-2-Clause */
#include "recommendations.h"

#include <stdio.h>

#include "common/command_line.h"
#include "common/progress.h"

struct writing {
    struct database *database;
    const char *table;
    const diffmm_scorer *scorer;
    struct progress progress;
    size_t users, rows;
    bool failed;
};

static int failed(struct writing *writing)
{
    progress_clear(&writing->progress);
    complain("%s: %s", writing->table, writing->database->why);
    writing->failed = true;
    return EXIT_FAILED;
}

static bool begin(struct writing *writing, const struct id_types *types, bool trial)
{
    const struct table table = {writing->table, types->integer_users, types->integer_items, trial};
    return writing->database->kind->table_begin(writing->database, &table);
}

int try_table(struct database *database, const struct arguments *arguments,
              const struct id_types *types)
{
    struct writing writing = {.database = database, .table = arguments->into};
    return begin(&writing, types, true) && database->kind->table_end(database, false)
               ? EXIT_DONE
               : failed(&writing);
}

/* Receives the users one after the other. */
static int on_hits(int32_t user, const diffmm_hit *hits, size_t found, void *user_data)
{
    struct writing *writing = user_data;
    struct database *database = writing->database;
    for (size_t i = 0; i < found; i++) {
        const struct table_row row = {.user = diffmm_scorer_user_id(writing->scorer, user),
                                      .item = diffmm_scorer_item_id(writing->scorer, hits[i].item),
                                      .rank = i + 1,
                                      .score = hits[i].score};
        if (!database->kind->table_add(database, &row))
            return failed(writing);
        writing->rows++;
    }
    progress_count(&writing->progress, "users", ++writing->users,
                   diffmm_scorer_users(writing->scorer));
    return 0;
}

static bool write_rows(struct writing *writing, const struct arguments *arguments)
{
    size_t items = diffmm_scorer_items(writing->scorer);
    const diffmm_query query = {.struct_size = sizeof query,
                                .count = arguments->count < items ? arguments->count : items,
                                .include_seen = arguments->include_seen};
    progress_begin(&writing->progress, false);
    diffmm_status status = diffmm_recommend_all(writing->scorer, &query, on_hits, writing);
    progress_clear(&writing->progress);
    if (status != DIFFMM_OK && !writing->failed)
        failed_call();
    return status == DIFFMM_OK;
}

int write_recommendations(struct database *database, const struct arguments *arguments,
                          const struct id_types *types, const diffmm_scorer *scorer,
                          struct written *out)
{
    struct writing writing = {.database = database, .table = arguments->into, .scorer = scorer};
    if (!begin(&writing, types, false))
        return failed(&writing);
    if (!write_rows(&writing, arguments)) {
        database->kind->table_end(database, false); /* why it failed has been said */
        return EXIT_FAILED;
    }
    if (!database->kind->table_end(database, true))
        return failed(&writing);
    *out = (struct written){.users = writing.users, .rows = writing.rows};
    return EXIT_DONE;
}

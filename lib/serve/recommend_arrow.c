/* SPDX-License-Identifier: BSD-2-Clause */
/* Recommendations as a stream of tables: blocks of users are ranked as they are asked for. */
#include <string.h>

#include "base/arrow_output.h"
#include "base/handle.h"
#include "base/memory.h"
#include "base/status.h"
#include "serve/arrow_texts.h"
#include "serve/recommend_users.h"

enum { most_rows = 1 << 15, most_users = 1 << 13 }; /* of a table; one user's rows at least */

enum { columns = 4 };

/* The stream has copies of all that the caller's query points at. */
struct recommendations {
    struct diffmm__arrow_output output;
    struct diffmm__arena arena;
    const diffmm_scorer *scorer;
    diffmm_query query;
    size_t user_count, next;
    const int32_t *users; /* NULL: 0 .. user_count - 1 */
};

/* The hits of some users. */
struct block {
    size_t users, first, width, rows;
    diffmm_hit *hits;
    size_t *found;
};

static diffmm_status describe(struct diffmm__arrow_output *output, struct ArrowSchema *out)
{
    static const struct diffmm__arrow_field fields[columns] = {
        {"user", "u", NULL}, {"item", "u", NULL}, {"rank", "i", NULL}, {"score", "f", NULL}};
    return diffmm__arrow_output_schema(output, columns, fields, out);
}

static int32_t user_at(const struct recommendations *it, size_t number)
{
    return it->users ? it->users[number] : (int32_t)number;
}

static diffmm_status rank(const struct recommendations *it, const struct diffmm__query_plan *plan,
                          struct diffmm__arena *arena, struct block *block)
{
    size_t left = it->user_count - it->next, width = plan->capacity;
    size_t fit = width > 0 ? most_rows / width : most_users;
    if (fit > most_users)
        fit = most_users;
    if (fit < 1)
        fit = 1;
    block->users = fit < left ? fit : left;
    block->first = it->next;
    block->width = width;
    block->hits = diffmm__arena_take(arena, block->users, width * sizeof *block->hits);
    block->found = diffmm__arena_take(arena, block->users, sizeof *block->found);
    if (arena->failed)
        return DIFFMM_ERROR_NO_MEMORY;
    return diffmm__recommend_users_into(plan, block->users, block->first,
                                        it->users ? it->users + block->first : NULL, block->hits,
                                        width, block->found);
}

/* How many of the block's users fit into a table by the bytes of their ids and their items' ids. */
static diffmm_status fit_block(const struct recommendations *it, struct block *block, size_t *bytes)
{
    const struct diffmm__catalog *catalog = it->scorer->catalog;
    bytes[0] = bytes[1] = block->rows = 0;
    for (size_t b = 0; b < block->users; b++) {
        size_t user = (size_t)user_at(it, block->first + b), found = block->found[b],
               of_user = found * diffmm__ids_length(&catalog->user_ids, user), of_items = 0;
        for (size_t i = 0; i < found; i++)
            of_items += diffmm__ids_length(&catalog->item_ids,
                                           (size_t)block->hits[b * block->width + i].item);
        if (bytes[0] + of_user > INT32_MAX || bytes[1] + of_items > INT32_MAX) {
            block->users = b;
            break;
        }
        bytes[0] += of_user;
        bytes[1] += of_items;
        block->rows += found;
    }
    return block->users > 0
               ? DIFFMM_OK
               : diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                              "the ids of user %d's items are more than a column of strings holds",
                              (int)user_at(it, block->first));
}

static diffmm_status make_table(const struct recommendations *it, const struct block *block,
                                const size_t *bytes, struct ArrowArray *out)
{
    const struct diffmm__catalog *catalog = it->scorer->catalog;
    struct diffmm__arrow_table table;
    struct diffmm__arrow_texts users, items;
    diffmm__arrow_table_begin(&it->output, columns, block->rows, &table);
    diffmm__arrow_texts_begin(&users, &table, block->rows, bytes[0]);
    diffmm__arrow_texts_begin(&items, &table, block->rows, bytes[1]);
    int32_t *ranks = diffmm__arrow_table_take(&table, block->rows, sizeof *ranks);
    float *scores = diffmm__arrow_table_take(&table, block->rows, sizeof *scores);
    size_t row = 0;
    for (size_t b = 0; b < block->users && ranks && scores; b++)
        for (size_t i = 0; i < block->found[b]; i++, row++) {
            const diffmm_hit *hit = &block->hits[b * block->width + i];
            diffmm__arrow_texts_add(&users, &catalog->user_ids, user_at(it, block->first + b));
            diffmm__arrow_texts_add(&items, &catalog->item_ids, hit->item);
            ranks[row] = (int32_t)i + 1;
            scores[row] = hit->score;
        }
    diffmm__arrow_texts_finish(&users, &table, 0);
    diffmm__arrow_texts_finish(&items, &table, 1);
    diffmm__arrow_table_numbers(&table, 2, ranks);
    diffmm__arrow_table_numbers(&table, 3, scores);
    return diffmm__arrow_table_finish(&table, out);
}

/* A table of the next users, or none where they have no hits. */
static diffmm_status next_block(struct recommendations *it, const struct diffmm__query_plan *plan,
                                struct ArrowArray *out)
{
    struct diffmm__arena arena = diffmm__arena_on(it->output.context);
    struct block block;
    size_t bytes[2];
    diffmm_status status = rank(it, plan, &arena, &block);
    if (!status)
        status = fit_block(it, &block, bytes);
    if (!status && block.rows > 0)
        status = make_table(it, &block, bytes, out);
    if (!status)
        it->next += block.users;
    diffmm__arena_end(&arena);
    return status;
}

static diffmm_status next(struct diffmm__arrow_output *output, struct ArrowArray *out)
{
    struct recommendations *it = (struct recommendations *)output;
    struct diffmm__query_plan plan;
    diffmm_status status = diffmm__query_plan_begin_items(&plan, it->scorer, &it->query);
    while (!status && !out->release && it->next < it->user_count)
        status = next_block(it, &plan, out);
    diffmm__query_plan_end(&plan);
    return status;
}

static void end(struct diffmm__arrow_output *output)
{
    struct recommendations *it = (struct recommendations *)output;
    struct diffmm__arena arena = it->arena;
    diffmm__arena_end(&arena);
}

static void *copy(struct diffmm__arena *arena, const void *values, size_t count, size_t size)
{
    if (!values)
        return NULL;
    void *mine = diffmm__arena_take(arena, count, size);
    if (mine && count > 0)
        memcpy(mine, values, count * size);
    return mine;
}

static diffmm_status make(const diffmm_scorer *scorer, size_t user_count, const int32_t *users,
                          const diffmm_query *query, struct ArrowArrayStream *out)
{
    struct diffmm__arena arena = diffmm__arena_on(scorer->context);
    struct recommendations *it = diffmm__arena_take(&arena, 1, sizeof *it);
    diffmm_query own = *query;
    own.struct_size = sizeof own;
    own.exclude = copy(&arena, query->exclude, query->exclude_count, sizeof *query->exclude);
    own.candidates =
        copy(&arena, query->candidates, query->candidate_count, sizeof *query->candidates);
    own.allowed = copy(&arena, query->allowed, query->allowed_size, sizeof *query->allowed);
    const int32_t *own_users = copy(&arena, users, user_count, sizeof *users);
    if (arena.failed) {
        diffmm__arena_end(&arena);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    *it = (struct recommendations){.output = {.context = scorer->context,
                                              .kept = scorer,
                                              .describe = describe,
                                              .next = next,
                                              .end = end},
                                   .arena = arena,
                                   .scorer = scorer,
                                   .query = own,
                                   .user_count = user_count,
                                   .users = own_users};
    diffmm__arrow_output_begin(&it->output, out);
    return DIFFMM_OK;
}

diffmm_status diffmm_recommend_arrow(const diffmm_scorer *scorer, size_t user_count,
                                     const int32_t *users, const diffmm_query *query,
                                     struct ArrowArrayStream *out)
{
    if (!scorer)
        return diffmm__null("scorer");
    if (!query)
        return diffmm__null("query");
    if (!out)
        return diffmm__null("out");
    struct diffmm__query_plan plan;
    diffmm_status status = diffmm__query_plan_begin_items(&plan, scorer, query);
    if (!status)
        status = diffmm__recommend_users_check(scorer, user_count, users);
    if (!status)
        status = make(scorer, user_count, users, &plan.query, out);
    diffmm__query_plan_end(&plan);
    return status;
}

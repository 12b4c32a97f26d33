/* SPDX-License-Identifier: BSD-2-Clause */
/** @file recommend.h
 *  Serving: an immutable scorer, from a model or a model file.
 *
 *  A scorer holds finished embeddings, seen items and ids. Results are sorted by score, ties by
 *  lower item.
 *
 *  DIFFMM_ERROR_NOT_FOUND for unknown ids; DIFFMM_ERROR_IO, DIFFMM_ERROR_FORMAT,
 *  DIFFMM_ERROR_VERSION for files.
 *
 *  Context and threads: a scorer keeps its context; it never changes and may be used by any number
 *  of threads at once. */
#ifndef DIFFMM_RECOMMEND_H
#define DIFFMM_RECOMMEND_H

#include <diffmm/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Finished embeddings, ready to rank. Opaque. */
typedef struct diffmm_scorer diffmm_scorer;

/** A recommended item. This struct never changes. */
typedef struct diffmm_hit {
    int32_t item; /**< its number */
    float score;  /**< the dot product of user and item */
} diffmm_hit;

/** What to recommend. Zero in a field means its default. */
typedef struct diffmm_query {
    size_t struct_size;        /**< as for diffmm_context_settings */
    size_t count;              /**< how many, at least 1 */
    int32_t include_seen;      /**< non-zero: also items of the user's training row */
    int32_t reserved;          /**< 0 */
    const int32_t *exclude;    /**< items never recommended, in any order */
    size_t exclude_count;      /**< size of exclude */
    const int32_t *candidates; /**< only these, in any order, if not NULL */
    size_t candidate_count;    /**< size of candidates */
} diffmm_query;

/** Make a scorer from a model's current final embeddings, which are copied. */
DIFFMM_API diffmm_status diffmm_scorer_create(const diffmm_model *model, diffmm_scorer **out);

/** Make a scorer from a model file. */
DIFFMM_API diffmm_status diffmm_scorer_open(diffmm_context *context, const char *path,
                                            diffmm_scorer **out);

/** Make a scorer from a model file in memory (diffmm_model_save_memory(), a mapping, shared memory).
 *  @param data  `size` bytes, borrowed until the scorer ends, and not to be changed meanwhile. Where
 *               they are aligned to 8 bytes, the embeddings are read in place, otherwise copied. */
DIFFMM_API diffmm_status diffmm_scorer_open_memory(diffmm_context *context, const void *data,
                                                   size_t size, diffmm_scorer **out);

/** Release; NULL is fine. */
DIFFMM_API void diffmm_scorer_destroy(diffmm_scorer *scorer);

DIFFMM_API size_t diffmm_scorer_users(const diffmm_scorer *scorer);      /**< U */
DIFFMM_API size_t diffmm_scorer_items(const diffmm_scorer *scorer);      /**< I */
DIFFMM_API size_t diffmm_scorer_dimensions(const diffmm_scorer *scorer); /**< d */

/** A user's external id, as in dataset.h; NULL if there is no such number. Borrowed until the
 *  scorer ends. */
DIFFMM_API const char *diffmm_scorer_user_id(const diffmm_scorer *scorer, int32_t user);

/** The same of an item. */
DIFFMM_API const char *diffmm_scorer_item_id(const diffmm_scorer *scorer, int32_t item);

/** The number of a user's external id; DIFFMM_ERROR_NOT_FOUND if there is none. */
DIFFMM_API diffmm_status diffmm_scorer_find_user(const diffmm_scorer *scorer, const char *id,
                                                 int32_t *user);

/** The same of an item. */
DIFFMM_API diffmm_status diffmm_scorer_find_item(const diffmm_scorer *scorer, const char *id,
                                                 int32_t *item);

/** The items of a user's training row, ascending; borrowed until the scorer ends. */
DIFFMM_API diffmm_status diffmm_scorer_seen(const diffmm_scorer *scorer, int32_t user,
                                            const int32_t **items, size_t *count);

/** Scores of one user.
 *  @param scorer  read
 *  @param user    whose
 *  @param count   size of items and out
 *  @param items   in any order; NULL: items 0 .. count-1
 *  @param out     the scores */
DIFFMM_API diffmm_status diffmm_score(const diffmm_scorer *scorer, int32_t user, size_t count,
                                      const int32_t *items, float *out);

/** The best items for one user.
 *  @param scorer  read
 *  @param user    for whom
 *  @param query   borrowed
 *  @param hits    room for query->count
 *  @param found   how many were written, at most query->count */
DIFFMM_API diffmm_status diffmm_recommend(const diffmm_scorer *scorer, int32_t user,
                                          const diffmm_query *query, diffmm_hit *hits,
                                          size_t *found);

/** The best items for a block of users, on the context's threads; the same bits as one by one.
 *  @param scorer      read
 *  @param user_count  size of users and found
 *  @param users       for whom; NULL: users 0 .. user_count-1
 *  @param query       borrowed
 *  @param hits        user_count x query->count; row b belongs to users[b]
 *  @param found       `user_count` numbers */
DIFFMM_API diffmm_status diffmm_recommend_users(const diffmm_scorer *scorer, size_t user_count,
                                                const int32_t *users, const diffmm_query *query,
                                                diffmm_hit *hits, size_t *found);

#ifdef __cplusplus
}
#endif
#endif

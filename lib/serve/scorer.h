/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_SERVE_SCORER_H
#define DIFFMM_SERVE_SCORER_H

#include <diffmm/recommend.h>

#include "base/context.h"
#include "base/handle.h"
#include "dataset/catalog.h"
#include "evaluation/score_range.h"
#include "files/learnt.h"
#include "files/safetensors.h"
#include "model/fold_in_state.h"
#include "serve/search.h"

/* Immutable once made. What ranks are rows of `width` floats, in the file's memory or in `owned`:
 * the recommender's final embeddings, d floats, and after these, with a blend (model/blend.h), what
 * the denoisers know. */
struct diffmm_scorer {
    struct diffmm__handle handle;
    diffmm_context *context;
    struct diffmm__catalog *catalog;
    struct diffmm__csr seen; /* what counts as seen; all zero: the training rows */
    size_t d, width;
    const float *users, *items;
    struct diffmm__norms norms;
    float *panels; /* the items packed for scoring (linalg/panels.h) */
    struct diffmm__search search;
    float *owned;
    struct diffmm__safetensors *file;
    struct diffmm__fold_in_state *fold_in; /* NULL where the model file has none */
    struct diffmm__learnt *learnt;         /* for saving; NULL where the file has it */
    int32_t *popularity;                   /* of each item: the users who have seen it */
    int32_t *degrees; /* training users of each item, and 1; NULL without a fold-in state */
};

static inline const float *diffmm__scorer_user(const diffmm_scorer *scorer, int32_t user)
{
    return scorer->users + (size_t)user * scorer->width;
}

static inline const float *diffmm__scorer_item(const diffmm_scorer *scorer, int32_t item)
{
    return scorer->items + (size_t)item * scorer->width;
}

/* What is searched. */
static inline struct diffmm__search_rows diffmm__scorer_search_rows(const diffmm_scorer *scorer)
{
    return (struct diffmm__search_rows){.user_count = scorer->catalog->users,
                                        .item_count = scorer->catalog->items,
                                        .width = scorer->width,
                                        .d = scorer->d,
                                        .users = scorer->users,
                                        .items = scorer->items,
                                        .user_norm = scorer->norms.user,
                                        .item_norm = scorer->norms.item};
}

/* The items of each user that rankings leave out. */
static inline const struct diffmm__csr *diffmm__scorer_seen(const diffmm_scorer *scorer)
{
    return scorer->seen.pointers ? &scorer->seen : &scorer->catalog->train;
}

/* The scorer, if a call on it may call its host; else NULL, as in diffmm__query_plan_begin(). */
static inline const diffmm_scorer *diffmm__scorer_called_back(const diffmm_scorer *scorer)
{
    return scorer && diffmm__context_calls_back(scorer->context) ? scorer : NULL;
}

/* A scorer of these parts, which it takes over (on failure they are released); packs the items. */
diffmm_status diffmm__scorer_create_from(const diffmm_context *context, diffmm_scorer parts,
                                         diffmm_scorer **out);

/* Release what a scorer, or the parts of one in the making, holds. */
void diffmm__scorer_end_parts(diffmm_scorer *parts);

/* The user is below the number of users. */
diffmm_status diffmm__scorer_check_user(const diffmm_scorer *scorer, int32_t user);

/* The item is below the number of items. */
diffmm_status diffmm__scorer_check_item(const diffmm_scorer *scorer, int32_t item);

/* Each of the items is below the number of items; messages call them `name`. */
diffmm_status diffmm__scorer_check_items(const diffmm_scorer *scorer, const char *name,
                                         size_t count, const int32_t *items);

/* A caller's embedding is not NULL, is finite, and has finite scores. */
diffmm_status diffmm__scorer_check_embedding(const diffmm_scorer *scorer, const float *embedding);

/* The scorer has a fold-in state: DIFFMM_ERROR_STATE otherwise. */
diffmm_status diffmm__scorer_check_fold_in(const diffmm_scorer *scorer);

#endif

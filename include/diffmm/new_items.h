/* SPDX-License-Identifier: BSD-2-Clause */
/** @file new_items.h
 *  Cold start: items that training has not seen are placed among the final embeddings by their raw
 *  features alone, and a scorer ranks them beside the items it knows.
 *
 *  A cold-start mapping (diffmm_placer) learns, by least squares over the trained items, how the
 *  final embedding follows from the raw features of all modalities (attribute-to-feature mapping:
 *  Gantner et al., ICDM 2010). A new item with features x_m, of those modalities S that it has, is
 *  placed at
 *
 *      mean + boost scale[S] sum over m in S of (x_m - mean_m) map_m
 *
 *  Least squares predict rows that spread less than the trained ones, so that a new item would
 *  hardly be among anybody's best 20: `scale`, found for each set of modalities from trained items
 *  that the fit has not seen, compensates. With boost 1 a new item is among a user's best 20 about
 *  as often as a trained one. A larger boost shows new items more often, at the expense of the
 *  trained ones (doc/benchmarks.md has figures).
 *
 *  A mapping belongs to the model whose embeddings it has learnt from: after further training, make
 *  another.
 *
 *  DIFFMM_ERROR_IO, DIFFMM_ERROR_FORMAT, DIFFMM_ERROR_VERSION for files.
 *
 *  Context and threads: a mapping keeps its context; it never changes and may be used by any number
 *  of threads at once. */
#ifndef DIFFMM_NEW_ITEMS_H
#define DIFFMM_NEW_ITEMS_H

#include <diffmm/recommend.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A cold-start mapping: places items by their features. Opaque. */
typedef struct diffmm_placer diffmm_placer;

/** Learn from a model's current final embeddings and the raw features of a data set. The scale is
 *  learnt from users with training items: DIFFMM_ERROR_STATE for a model in which nobody has any.
 *  Takes memory for a copy of all features and a little more, and the time of at most 200 steps of
 *  conjugate gradients, each of two products of that copy (items x features) with d columns.
 *  @param model    loaded or not; borrowed during the call
 *  @param dataset  sealed by this call if it was not; borrowed during the call. It has 1 to 8
 *                  modalities; items that the model does not have are left out, and at least ten
 *                  must remain
 *  @param out      receives the mapping */
DIFFMM_API diffmm_status diffmm_placer_create(const diffmm_model *model, diffmm_dataset *dataset,
                                              diffmm_placer **out);

/** Write to a file (safetensors). A crash leaves the old file or the new one.
 *  @param placer  what to write
 *  @param path    where to, as for diffmm_model_save() */
DIFFMM_API diffmm_status diffmm_placer_save(const diffmm_placer *placer, const char *path);

/** Read such a file.
 *  @param context  kept alive
 *  @param path     the file
 *  @param out      receives the mapping */
DIFFMM_API diffmm_status diffmm_placer_open(diffmm_context *context, const char *path,
                                            diffmm_placer **out);

/** Release; NULL is fine. */
DIFFMM_API void diffmm_placer_destroy(diffmm_placer *placer);

/** d of the final embeddings, as diffmm_scorer_dimensions(). */
DIFFMM_API size_t diffmm_placer_dimensions(const diffmm_placer *placer);

/** How many modalities there are, M. */
DIFFMM_API size_t diffmm_placer_modalities(const diffmm_placer *placer);

/** Name of modality `index`; NULL if `index` is too large. Borrowed until the mapping ends. */
DIFFMM_API const char *diffmm_placer_modality_name(const diffmm_placer *placer, size_t index);

/** Features per item of modality `index`; 0 if `index` is too large. */
DIFFMM_API size_t diffmm_placer_modality_dimensions(const diffmm_placer *placer, size_t index);

/** Place items.
 *  @param placer    the mapping
 *  @param count     how many
 *  @param features  count x M pointers: entry i * M + m leads to item i's features of modality m,
 *                   in the mapping's order of modalities, or is NULL where the item has none. An
 *                   item without any is placed at the mean
 *  @param boost     at least 0; 1: shown as often as trained items
 *  @param out       count x d: rows for diffmm_scorer_extend() */
DIFFMM_API diffmm_status diffmm_place_items(const diffmm_placer *placer, size_t count,
                                            const float *const *features, double boost, float *out);

/** A scorer with further items, whose numbers follow those of `scorer`, which stays as it is. No
 *  user has seen the new items. All that `scorer` can do, the larger one can, with the same bits for
 *  the items that both know: fold users in, explain, tell its modalities, be saved
 *  (diffmm_scorer_save()), be extended again.
 *
 *  Explaining the score of a new item divides it as any other, by the modalities and items of the
 *  user. A new item among those that a user is folded in with counts as one that no other user has,
 *  and of which nothing but content is known: it has one neighbour, itself, so that by the
 *  propagation rule (diffmm_fold_in()), with its final embedding f, which is its row of `rows`, and
 *  L layers,
 *
 *      V_i   = f / ||f|| max(||f|| - ris_lambda, 0) / (L + 1)
 *      E_I,i = 0,  Xn_m,i = V_i for each m,  H_l,i = (l + 1) V_i,  t_i = 2
 *
 *  A row does not say which modality it is from: what it brings is divided among them by their
 *  weights. (In a model without modalities, E_I,i is V_i.)
 *  @param scorer  what is extended; borrowed during the call
 *  @param count   number of new items
 *  @param ids     `count` UTF-8 strings, none of them the id of an item already, copied; NULL
 *                 where the ids of the scorer's items are their numbers
 *  @param rows    count x d final embeddings, from diffmm_place_items() or elsewhere, copied
 *  @param out     receives the larger scorer */
DIFFMM_API diffmm_status diffmm_scorer_extend(const diffmm_scorer *scorer, size_t count,
                                              const char *const *ids, const float *rows,
                                              diffmm_scorer **out);

#ifdef __cplusplus
}
#endif
#endif

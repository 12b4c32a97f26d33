/* SPDX-License-Identifier: BSD-2-Clause */
/** @file measures.h
 *  What the diffusion does: measures of a generated graph, and of the denoiser that generates it.
 *
 *  A trainer takes them in every epoch, as the option `measure` says (diffmm_report). They change
 *  nothing that is trained.
 *
 *  DIFFMM_ERROR_NUMERIC for features that are not finite.
 *
 *  Context and threads: the context may be NULL; any thread at any time, on arrays that no other
 *  thread writes. The same bits with any number of threads. */
#ifndef DIFFMM_MEASURES_H
#define DIFFMM_MEASURES_H

#include <diffmm/diffusion_module.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What diffmm_measure_graph_with() reads. Members of the last three groups may be left out, and so
 *  are the measures that need them. */
typedef struct diffmm_measure_graph_arguments {
    size_t struct_size;       /**< as for diffmm_context_settings */
    size_t users;             /**< U, at least 1 */
    size_t items;             /**< I, at least 1 */
    size_t count;             /**< generated neighbours of each user, 1 to I */
    const int32_t *neighbors; /**< users x count items, as diffmm_diffusion_generate() gives them:
                               *   in any order, none twice for a user, -1 where there is none */
    const int64_t *row_pointers; /**< users + 1: where each user's training items begin */
    const int32_t *row_items;    /**< these items, ascending, none twice for a user */

    const int64_t *held_pointers; /**< the same of held-out items; NULL: none */
    const int32_t *held_items;    /**< likewise */

    const int32_t *previous; /**< users x count: the neighbours of the epoch before; NULL: none */

    size_t columns;        /**< D, features of an item; 0: none */
    const float *features; /**< items x D, finite. An item whose features are all zero has none */
} diffmm_measure_graph_arguments;

/** Measures of the graph of one modality. An edge is a user with one of the user's generated
 *  neighbours. A share of no edges is 0. */
typedef struct diffmm_graph_measures {
    size_t struct_size;      /**< as for diffmm_context_settings */
    size_t edges;            /**< of all users */
    size_t distinct_items;   /**< different items in them: of few, the graph has made hubs */
    double top_share;        /**< share of the edges of the ten commonest items */
    double observed_share;   /**< share of the edges whose item the user has in training */
    double popularity_rank;  /**< mean over the edges of the item's rank by training interactions, 1
                              *   for the most popular; equally popular items share the mean of
                              *   their ranks. Of items at random it is (I + 1) / 2 */
    size_t compared_edges;   /**< edges of users whose neighbours of the epoch before are known */
    double agreement;        /**< share of these that were generated in the epoch before, too */
    size_t similarity_users; /**< users over whom the following three are means: those who have
                              *   items with features, generated ones and others */
    double similarity;       /**< cosine between a generated item and another item of the user in
                              *   the modality's features, from which the mean of all items is taken
                              *   away */
    double random_similarity; /**< the same of an item that the user does not have, drawn at random:
                               *   the mean over all of them, so that nothing is drawn */
    double similarity_gain;   /**< similarity - random_similarity */
    size_t held_edges;        /**< edges of users who have held-out items */
    size_t hits;              /**< these whose item is one of the user's held-out ones */
    double hit_rate;          /**< hits / held_edges */
} diffmm_graph_measures;

/** Measures generated neighbours: how many items they are spread over, how popular these are, how
 *  many the user has already, how far they are those of the epoch before, how alike to the user's
 *  items, and how many are held-out items. With f_i the features of item i without the mean of all
 *  items that have features, at unit length, R_u the training items of user u that have features,
 *  and S_u the sum of f_i over R_u, the user's similarities are
 *
 *      generated item j that is not in R_u:   f_j . S_u / |R_u|
 *      generated item j that is in R_u:      (f_j . S_u - 1) / (|R_u| - 1)
 *      random item:  (sum over all items j of f_j . S_u  -  S_u . S_u) / (|R_u| (n - |R_u|))
 *
 *  of n items with features. The mean is taken away because features of deep networks, which are
 *  mostly positive, are all alike otherwise (on TikTok, images at random have a cosine of 0.86). The
 *  columns are not scaled: so the measure does not depend on the axes of the features, and rare
 *  columns are not blown up.
 *  @param context    or NULL
 *  @param arguments  borrowed, with every array in it
 *  @param out        set struct_size */
DIFFMM_API diffmm_status diffmm_measure_graph_with(diffmm_context *context,
                                                   const diffmm_measure_graph_arguments *arguments,
                                                   diffmm_graph_measures *out);

/** Measures of a denoiser, by the items with the largest entries of the reverse chain's result for
 *  each user. */
typedef struct diffmm_denoiser_measures {
    size_t struct_size;      /**< as for diffmm_context_settings */
    size_t cutoff;           /**< K */
    size_t users;            /**< users who have training items */
    double degree_precision; /**< mean over them: share of the user's training items, n of them,
                              *   that are among the first n items of the result. Whether the
                              *   denoiser restores what it is given */
    size_t held_users;       /**< of these users, those who have held-out items, too */
    double recall;           /**< mean over them: Recall at K of held-out items, among the items that
                              *   the user does not have in training. Whether it finds new ones */
    double popular_recall;   /**< the same of the most popular items: what recall must exceed */
} diffmm_denoiser_measures;

/** Measures a denoiser. It ranks K items and as many as the user has in training, and leaves these
 *  out for the recall.
 *  @param module         read
 *  @param batch          the users: rows, row_numbers, epoch; their training items are the matrix's
 *                        entries. Popularity is the number of an item's entries in all rows
 *  @param held_pointers  batch->users + 1: where each user's held-out items begin
 *  @param held_items     these items, ascending, none twice for a user
 *  @param cutoff         K, at least 1
 *  @param out            set struct_size */
DIFFMM_API diffmm_status diffmm_diffusion_measure(const diffmm_diffusion *module,
                                                  const diffmm_diffusion_batch *batch,
                                                  const int64_t *held_pointers,
                                                  const int32_t *held_items, size_t cutoff,
                                                  diffmm_denoiser_measures *out);

#ifdef __cplusplus
}
#endif
#endif

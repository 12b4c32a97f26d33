/* SPDX-License-Identifier: BSD-2-Clause */
/** @file recommend.h
 *  Serving: an immutable scorer, from a model or a model file.
 *
 *  A scorer holds finished embeddings, seen items, ids, modality weights, and the fold-in state
 *  for new users. Calls for one user take no lock and allocate nothing, except for: a list of more
 *  than 256 numbers that does not ascend (sorted in a copy); more than 128 hits under a filter
 *  callback; fold-in and explanation where d exceeds 1024. Calls for many users compute on the
 *  context's threads.
 *
 *  Every ranking: hits are sorted by score, ties by lower number. As many as there are, at most
 *  query->count, are written and counted in `found`; the rest of `hits` is not touched. A score
 *  that is NaN is never among the hits.
 *
 *  DIFFMM_ERROR_NOT_FOUND for unknown ids; DIFFMM_ERROR_NUMERIC for embeddings that are not finite;
 *  DIFFMM_ERROR_IO, DIFFMM_ERROR_FORMAT, DIFFMM_ERROR_VERSION for files.
 *
 *  Context and threads: a scorer keeps its context; it never changes and may be used by any number
 *  of threads at once, without a lock. */
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

/** Decides whether an item may be recommended to a user. Called on the thread that made the call,
 *  in any order, and only for items that are among the best so far; must decide the same each time.
 *  Returns 0; non-zero stops the call, which then returns DIFFMM_ERROR_CALLBACK.
 *  @param user       DIFFMM_NEW_USER for an embedding, and where items are compared with items
 *  @param item       its number
 *  @param keep       is 1; set it to 0 to leave the item out
 *  @param user_data  diffmm_query::filter_data */
typedef int (*diffmm_item_filter)(int32_t user, int32_t item, int32_t *keep, void *user_data);

/** In place of a user's number: a user whom training did not know. */
enum { DIFFMM_NEW_USER = -1 };

/** What to recommend. Zero in a field means its default. Several restrictions hold together. */
typedef struct diffmm_query {
    size_t struct_size;        /**< as for diffmm_context_settings */
    size_t count;              /**< how many, at least 1 */
    int32_t include_seen;      /**< non-zero: also items that the user has seen */
    int32_t reserved;          /**< 0 */
    const int32_t *exclude;    /**< items never recommended; any order, perhaps repeated */
    size_t exclude_count;      /**< size of exclude */
    const int32_t *candidates; /**< if not NULL, only these, each once; any order */
    size_t candidate_count;    /**< size of candidates */
    /** One bit per item, if not NULL: item i may be recommended if bit i % 8 (from the lowest) of
     *  byte i / 8 is set. At least (items + 7) / 8 bytes. */
    const uint8_t *allowed;
    size_t allowed_size;       /**< bytes */
    diffmm_item_filter filter; /**< or NULL. With one, the calling thread alone computes. */
    void *filter_data;         /**< passed to filter */
    int32_t has_min_score;     /**< non-zero: only scores of at least min_score */
    float min_score;           /**< the lowest score to recommend */
    /** Of one ranking, not of a block of users: so many of the context's threads at the most share
     *  the items, from 32,768 on, if there is no filter; 0: the calling thread alone computes, as it
     *  does while others use the threads. The hits are the same. */
    size_t threads;
} diffmm_query;

/** Make a scorer from the final embeddings of a model's present parameters, which are copied: later
 *  changes of the model do not change the scorer. */
DIFFMM_API diffmm_status diffmm_scorer_create(const diffmm_model *model, diffmm_scorer **out);

/** Make a scorer from a model file. */
DIFFMM_API diffmm_status diffmm_scorer_open(diffmm_context *context, const char *path,
                                            diffmm_scorer **out);

/** Make a scorer from a model file in memory (diffmm_model_save_memory(), a mapping, shared
 *  memory).
 *  @param context  kept alive
 *  @param data     the file, borrowed until the scorer ends, and not to be changed meanwhile. Where
 *                  it is aligned to 8 bytes, the embeddings are read in place, otherwise copied.
 *  @param size     its bytes
 *  @param out      receives the scorer */
DIFFMM_API diffmm_status diffmm_scorer_open_memory(diffmm_context *context, const void *data,
                                                   size_t size, diffmm_scorer **out);

/** Write a model file, which diffmm_scorer_open() and diffmm_model_load() read: what a scorer was
 *  made from, and what diffmm_scorer_extend() has added. One that was not extended gives the file
 *  that it was opened from, or that the model at that moment would have been saved to. Extended,
 *  the file is without epoch and metrics, which are of the items before; training that goes on from
 *  it (diffmm_trainer_create_from()) knows which items were placed and not trained, and does not
 *  take them over.
 *  @param scorer  read
 *  @param path    where to, as for diffmm_model_save() */
DIFFMM_API diffmm_status diffmm_scorer_save(const diffmm_scorer *scorer, const char *path);

/** Write a model file into memory instead.
 *  @param scorer    read
 *  @param data      NULL: only its size is asked for; else the caller's `capacity` bytes
 *  @param capacity  fewer bytes than the file has are DIFFMM_ERROR_INVALID_ARGUMENT
 *  @param size      receives the size of the file */
DIFFMM_API diffmm_status diffmm_scorer_save_memory(const diffmm_scorer *scorer, void *data,
                                                   size_t capacity, size_t *size);

/** Release; NULL is fine. */
DIFFMM_API void diffmm_scorer_destroy(diffmm_scorer *scorer);

/** How rankings find the best items. Hits, scores and ties are the same bits whichever it is. */
typedef enum diffmm_search {
    /** A first pass from 16,384 items of 16 dimensions on, where a sample tells that it pays. */
    DIFFMM_SEARCH_AUTO = 0,
    DIFFMM_SEARCH_FLAT = 1, /**< all items are scored in floats */
    /** All items are looked at in integers of 8 bits: first the leading coordinates of their rows,
     *  turned so that products gather there, with the inequality of Cauchy and Schwarz for the
     *  others; then these, where that bound allows. Items whose proven bound reaches the scores of
     *  the best so far are scored in floats. */
    DIFFMM_SEARCH_FIRST_PASS = 2
} diffmm_search;

/** What a scorer is, and how it searches. */
typedef struct diffmm_scorer_info {
    size_t struct_size;   /**< as for diffmm_context_settings */
    size_t users;         /**< U */
    size_t items;         /**< I */
    size_t dimensions;    /**< width of the rows whose products are the scores */
    diffmm_search search; /**< what is in use: DIFFMM_SEARCH_FLAT or DIFFMM_SEARCH_FIRST_PASS */
    size_t
        head_dimensions; /**< leading coordinates that a first pass looks at, for all items; or 0 */
    size_t search_bytes; /**< what the first pass holds in memory besides the rows; or 0 */
    const char *kernels; /**< the instructions it is computed by: "avx512_vnni", ..; static text */
} diffmm_scorer_info;

/** Tell what a scorer is.
 *  @param scorer  read
 *  @param out     set struct_size */
DIFFMM_API diffmm_status diffmm_scorer_describe(const diffmm_scorer *scorer,
                                                diffmm_scorer_info *out);

/** Choose how rankings find the best items (recommendations and similar items). A new scorer has
 *  DIFFMM_SEARCH_AUTO. A first pass is made on the context's threads, in about the time in which the
 *  rows are read twice, and multiplied once by a square matrix; where rows are wider than 1,024, or
 *  their norms above 2^50 or all below 2^-50, there is none (see diffmm_scorer_describe()).
 *  No other call on the scorer may run meanwhile. After a failure the scorer searches in floats.
 *  @param scorer  changed
 *  @param search  one of diffmm_search */
DIFFMM_API diffmm_status diffmm_scorer_set_search(diffmm_scorer *scorer, diffmm_search search);

/** The bytes that a first pass takes at most, besides the rows: to know before a scorer is opened.
 *  0 where there would be none.
 *  @param items           I
 *  @param dimensions      width of the rows (diffmm_scorer_dimensions())
 *  @param embedding_size  the model's, which similar items are compared by
 *  @param search          one of diffmm_search */
DIFFMM_API size_t diffmm_search_bytes(size_t items, size_t dimensions, size_t embedding_size,
                                      diffmm_search search);

DIFFMM_API size_t diffmm_scorer_users(const diffmm_scorer *scorer); /**< U */
DIFFMM_API size_t diffmm_scorer_items(const diffmm_scorer *scorer); /**< I */
/** d, the width of the rows whose dot products are the scores: the model's embedding_size, and where
 *  it was trained with diffusion.blend above 0, after these M times the denoisers' rank. */
DIFFMM_API size_t diffmm_scorer_dimensions(const diffmm_scorer *scorer);

/** A user's external id, as in dataset.h; NULL if there is no such number. Borrowed until the
 *  scorer ends. */
DIFFMM_API const char *diffmm_scorer_user_id(const diffmm_scorer *scorer, int32_t user);

/** The same of an item. */
DIFFMM_API const char *diffmm_scorer_item_id(const diffmm_scorer *scorer, int32_t item);

/** External ids of many items in one call, for bindings, to which each call costs: one after the
 *  other as text, each ended by NUL.
 *  @param scorer    read
 *  @param count     size of items
 *  @param items     numbers, in any order, perhaps repeated
 *  @param text      NULL: only its size is asked for; else the caller's `capacity` bytes
 *  @param capacity  fewer bytes than the ids have are DIFFMM_ERROR_INVALID_ARGUMENT
 *  @param size      receives how many bytes the ids have */
DIFFMM_API diffmm_status diffmm_scorer_item_ids(const diffmm_scorer *scorer, size_t count,
                                                const int32_t *items, char *text, size_t capacity,
                                                size_t *size);

/** The number of a user's external id; DIFFMM_ERROR_NOT_FOUND if there is none. */
DIFFMM_API diffmm_status diffmm_scorer_find_user(const diffmm_scorer *scorer, const char *id,
                                                 int32_t *user);

/** The same of an item. */
DIFFMM_API diffmm_status diffmm_scorer_find_item(const diffmm_scorer *scorer, const char *id,
                                                 int32_t *item);

/** The items that a user has seen, ascending: what diffmm_recommend() and its like leave out. These
 *  are the user's interactions of all splits, held-out ones too, or those of training alone, as the
 *  option `seen` of the model says (`all`, `train`). A model file says it for itself; one of an
 *  earlier version has those of training. Evaluation, folding in and explanations go by training
 *  alone in any case.
 *  @param scorer  read
 *  @param user    whose
 *  @param items   receives the list, borrowed until the scorer ends
 *  @param count   receives how many there are */
DIFFMM_API diffmm_status diffmm_scorer_seen(const diffmm_scorer *scorer, int32_t user,
                                            const int32_t **items, size_t *count);

/** Scores of one user.
 *  @param scorer  read
 *  @param user    whose
 *  @param count   size of items and out
 *  @param items   in any order, perhaps repeated; NULL: items 0 .. count-1
 *  @param out     the scores, one for each entry of items */
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
 *  @param users       for whom, in any order, perhaps repeated; NULL: users 0 .. user_count-1
 *  @param query       borrowed
 *  @param hits        user_count x query->count; row b belongs to users[b]
 *  @param found       `user_count` numbers */
DIFFMM_API diffmm_status diffmm_recommend_users(const diffmm_scorer *scorer, size_t user_count,
                                                const int32_t *users, const diffmm_query *query,
                                                diffmm_hit *hits, size_t *found);

/** Receives the best items of one user; `hits` is borrowed during the call. Returns 0 to go on,
 *  non-zero to stop. */
typedef int (*diffmm_hits_function)(int32_t user, const diffmm_hit *hits, size_t found,
                                    void *user_data);

/** The best items for every user, the same bits as one by one. Ranks blocks of users on the
 *  context's threads; memory is bounded by 8 MB and one row of hits, whatever the number of users.
 *  @param scorer     read
 *  @param query      borrowed
 *  @param function   called for one user after the other, in their order, on the thread that made
 *                    the call; non-zero ends the call with DIFFMM_CANCELLED
 *  @param user_data  passed to the function */
DIFFMM_API diffmm_status diffmm_recommend_all(const diffmm_scorer *scorer,
                                              const diffmm_query *query,
                                              diffmm_hits_function function, void *user_data);

/** Fold a user in: the final embedding of a user with items that training did not know. The user's
 *  node joins the finished graph by the model's own propagation rule. With the items S, L layers,
 *  and the names of diffmm_model_forward(),
 *
 *      s     = |S| + 1
 *      t_i   = training users of item i + 1, and 1 more if this user is not among them
 *      a_i   = 1 / sqrt(s t_i)
 *      V     = (1 + 1/s) E / s + G + sum_i a_i ((1 + 1/s) sum_m w_m Xn_m,i + E_I,i)
 *      final = sum_{l <= L} s^-l V + sum_i a_i sum_{l < L} s^-(L-1-l) H_l,i
 *              + ris_lambda rownorm(V)
 *
 *  where H_l,i is item i's row of sum_{k <= l} A^k V in the finished model. E is the user's row of
 *  user_embedding (of a new user: the mean over all users with training items), G what generated
 *  neighbours bring (of a new user: 0). The cost is that of reading M + L + 1 rows per item. Where
 *  the model was trained with diffusion.blend above 0, there follow the columns of its denoisers,
 *  as a user of training with the items S has them; for these M rows of the denoisers' rank are read
 *  for each item, and M reverse chains run.
 *  DIFFMM_ERROR_STATE where the model file was written without a fold-in state.
 *  @param scorer  read
 *  @param user    DIFFMM_NEW_USER, or a known user, whose training items count too
 *  @param count   size of items
 *  @param items   new ones, in any order; repeated ones and those of training count once, held-out
 *                 ones are new
 *  @param out     diffmm_scorer_dimensions() floats, for diffmm_recommend_embedding() and
 *                 diffmm_score_embedding() */
DIFFMM_API diffmm_status diffmm_fold_in(const diffmm_scorer *scorer, int32_t user, size_t count,
                                        const int32_t *items, float *out);

/** diffmm_score() for an embedding of d finite floats. */
DIFFMM_API diffmm_status diffmm_score_embedding(const diffmm_scorer *scorer, const float *embedding,
                                                size_t count, const int32_t *items, float *out);

/** diffmm_recommend() for an embedding of d finite floats. Nothing counts as seen: list what should
 *  not come back in query->exclude. */
DIFFMM_API diffmm_status diffmm_recommend_embedding(const diffmm_scorer *scorer,
                                                    const float *embedding,
                                                    const diffmm_query *query, diffmm_hit *hits,
                                                    size_t *found);

/** How similar two final embeddings are. (With diffusion.blend: the recommender's, which are the
 *  first columns of the rows that rank.) */
typedef enum diffmm_similarity {
    DIFFMM_COSINE = 0, /**< the cosine of their angle; 0 where one of them is 0 */
    /** Their dot product, cut off at the largest float of its sign. */
    DIFFMM_DOT = 1
} diffmm_similarity;

/** The items most similar to one item, which is not among them.
 *  @param scorer      read
 *  @param item        the item to compare with
 *  @param similarity  what a hit's score is
 *  @param query       as for diffmm_recommend(), but nothing counts as seen
 *  @param hits        room for query->count
 *  @param found       how many were written */
DIFFMM_API diffmm_status diffmm_similar_items(const diffmm_scorer *scorer, int32_t item,
                                              diffmm_similarity similarity,
                                              const diffmm_query *query, diffmm_hit *hits,
                                              size_t *found);

/** The users most similar to one user, who is not among them. As diffmm_similar_items(), with users
 *  in the place of items in the query and in the hits. */
DIFFMM_API diffmm_status diffmm_similar_users(const diffmm_scorer *scorer, int32_t user,
                                              diffmm_similarity similarity,
                                              const diffmm_query *query, diffmm_hit *hits,
                                              size_t *found);

/** The most popular items: those that most users have seen (diffmm_scorer_seen()). An answer for
 *  users of whom nothing is known; folding in (diffmm_fold_in()) ranks for a user of whom even one
 *  item is known. A hit's score is the number of users, rounded to a float (above 2^24 users).
 *  @param scorer  read
 *  @param query   as for diffmm_recommend_embedding(): nothing counts as seen
 *  @param hits    room for query->count
 *  @param found   how many were written */
DIFFMM_API diffmm_status diffmm_popular_items(const diffmm_scorer *scorer,
                                              const diffmm_query *query, diffmm_hit *hits,
                                              size_t *found);

/** M; 0 without a fold-in state. */
DIFFMM_API size_t diffmm_scorer_modalities(const diffmm_scorer *scorer);

/** Name of modality `index`; NULL if `index` is too large. Borrowed until the scorer ends. */
DIFFMM_API const char *diffmm_scorer_modality_name(const diffmm_scorer *scorer, size_t index);

/** M weights that sum to 1, by which the model mixes modalities. DIFFMM_ERROR_STATE as for
 *  diffmm_fold_in(). */
DIFFMM_API diffmm_status diffmm_scorer_modality_weights(const diffmm_scorer *scorer,
                                                        float *weights);

/** Where a score comes from. The score is divided in two ways, and the parts of each sum to it:
 *
 *      score = sum of modalities + collaborative
 *      score = sum of items + rest */
typedef struct diffmm_explanation {
    size_t struct_size; /**< as for diffmm_context_settings */
    float *modalities;  /**< in: room for diffmm_scorer_modalities() parts, or NULL */
    /** In: room for one per item of the user, or NULL; filled with each item of the user's training
     *  and each new one, ascending, and its part. No more than diffmm_scorer_seen() has, and the
     *  new ones. */
    diffmm_hit *items;
    size_t item_count; /**< out: the number of these items */
    float score;       /**< out: of the user and the item */
    /** Out: the part of learnt embeddings and other users; with diffusion.blend, also that of the
     *  denoisers. */
    float collaborative;
    /** Out: the part of the user's own learnt embedding and generated neighbours. With
     *  diffusion.blend, the denoisers' parts are divided among items where they are linear
     *  (denoiser.linear, layers that have learnt nothing, no norm); elsewhere they are in the rest,
     *  and so is what the noise of their chains brings. */
    float rest;
    /** In: room for diffmm_scorer_modalities() parts, or NULL; filled with what each modality's
     *  denoiser brings, a part of `collaborative`: 0 without diffusion.blend. */
    float *denoisers;
} diffmm_explanation;

/** Explain the score of a user and an item. DIFFMM_ERROR_STATE as for diffmm_fold_in().
 *  @param scorer  read
 *  @param user    as for diffmm_fold_in()
 *  @param count   size of items; 0: the user as trained
 *  @param items   as for diffmm_fold_in()
 *  @param item    whose score
 *  @param out     set struct_size and the two pointers */
DIFFMM_API diffmm_status diffmm_explain(const diffmm_scorer *scorer, int32_t user, size_t count,
                                        const int32_t *items, int32_t item,
                                        diffmm_explanation *out);

/** The rows of users or of items. */
typedef enum diffmm_side { DIFFMM_USERS = 0, DIFFMM_ITEMS = 1 } diffmm_side;

/** How exported vectors are laid out in files (doc/file-formats.md). */
typedef enum diffmm_vectors_format {
    DIFFMM_VECTORS_NPY = 0,        /**< NumPy's; ids in a text file beside it, one per line */
    DIFFMM_VECTORS_SAFETENSORS = 1 /**< one file, with the ids */
} diffmm_vectors_format;

/** Write the final embeddings of all users or items with their ids, for an index of vectors. Rows
 *  are in the order of numbers, with the scorer's own bits. A score is the dot product of a user's
 *  and an item's row: for an exported row, diffmm_score_embedding() gives the bits of
 *  diffmm_score(). A float sum in another order differs by at most 2 d 2^-24 times the sum of the
 *  products' magnitudes.
 *  @param scorer  read
 *  @param side    whose
 *  @param format  of the file
 *  @param path    where to, as for diffmm_model_save(). The ids of a .npy file go, before it, to
 *                 the path with `.ids.txt` in the place of `.npy` (or after it, where it ends
 *                 otherwise); so a .npy file cannot go to a pipe or device: DIFFMM_ERROR_IO.
 *  DIFFMM_ERROR_INVALID_ARGUMENT also for an id with a line break, where ids are lines of text. */
DIFFMM_API diffmm_status diffmm_scorer_export(const diffmm_scorer *scorer, diffmm_side side,
                                              diffmm_vectors_format format, const char *path);

/** By what an index of vectors compares them. */
typedef enum diffmm_index {
    DIFFMM_INDEX_INNER_PRODUCT = 0, /**< d columns, the scorer's own */
    DIFFMM_INDEX_L2 = 1             /**< d + 1 columns, for the Euclidean distance */
} diffmm_index;

/** diffmm_scorer_export(), for an index of some kind. Graph indexes (HNSW) find neighbours by
 *  distance well and by inner product badly: there the longest vectors are everybody's neighbours.
 *  With DIFFMM_INDEX_L2 rows have one column more, so that the nearest items to a user by L2
 *  distance are those with the largest scores (Bachrach et al., RecSys 2014; Neyshabur and Srebro,
 *  ICML 2015):
 *
 *      item x: [x, sqrt(M - ||x||^2)],  M = max over items of ||x||^2;     user u: [u, 0]
 *      distance^2 = ||u||^2 + M - 2 score
 *
 *  The column is computed in double and rounded once, to a float, which moves distance^2 by at most
 *  2^-23 M: items whose scores differ by less than 2^-23 M may change places, also where the index
 *  sums exactly. The same user may be asked for by an embedding (diffmm_fold_in()) with a zero after
 *  it. The dot product of two such rows is still the score. DIFFMM_ERROR_NUMERIC where an item's
 *  length exceeds the largest float.
 *  @param scorer  read
 *  @param side    whose
 *  @param index   of which kind
 *  @param format  of the file
 *  @param path    where to */
DIFFMM_API diffmm_status diffmm_scorer_export_for(const diffmm_scorer *scorer, diffmm_side side,
                                                  diffmm_index index, diffmm_vectors_format format,
                                                  const char *path);

#ifdef __cplusplus
}
#endif
#endif

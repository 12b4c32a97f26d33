/* SPDX-License-Identifier: BSD-2-Clause */
/** @file dataset.h
 *  Interactions of users with items, and the items' features in each modality.
 *
 *  A data set is filled (interactions, ids, modalities, in any order), then sealed: checked as a
 *  whole and indexed. diffmm_trainer_create() and diffmm_model_create() seal it if the caller has
 *  not done so. After that it cannot change and may be read by any number of threads.
 *
 *  Users and items are numbered from 0. With external ids (strings) the number is the order of
 *  diffmm_dataset_declare_items(), or else of first appearance. Where features come as rows (array,
 *  file), something must say whose each row is: items with external ids are declared in the order
 *  of the rows, or their ids are exactly the numbers of the rows, 0 to the last, none left out but
 *  those that diffmm_dataset_reserve() tells of. Sealing refuses all else with
 *  DIFFMM_ERROR_INVALID_ARGUMENT, because features would go to wrong items.
 *
 *  Or the rows have ids themselves: from a list beside the file or in it (see
 *  diffmm_dataset_read_modality()), or by diffmm_dataset_name_rows(). Then they may be in any order.
 *  An item without a row has zeros as features, and the log gets a warning with their number; rows
 *  of other ids are not used. Sealing refuses a modality none of whose rows is an item's.
 *
 *  A loader is asked by number; diffmm_dataset_item_id() says which item that is. If its rows have
 *  ids, it is asked for rows.
 *
 *  Errors: DIFFMM_ERROR_STATE for a call that is only allowed before sealing, or only after it;
 *  DIFFMM_ERROR_IO, DIFFMM_ERROR_FORMAT, DIFFMM_ERROR_UNSUPPORTED for files, with name and offset
 *  or line in the message; DIFFMM_ERROR_NUMERIC for features that are not finite;
 *  DIFFMM_ERROR_NOT_FOUND for unknown ids.
 *
 *  Context and threads: a data set keeps its context; filling it needs exclusive use, once sealed
 *  it may be read by any number of threads at once. */
#ifndef DIFFMM_DATASET_H
#define DIFFMM_DATASET_H

#include <diffmm/context.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Interactions in three splits, ids, and item features per modality. Opaque. */
typedef struct diffmm_dataset diffmm_dataset;

/** What an interaction is used for. */
typedef enum diffmm_split {
    DIFFMM_TRAIN = 0, /**< to learn from; excluded from rankings */
    DIFFMM_VALID = 1, /**< held out, to choose the best epoch */
    DIFFMM_TEST = 2   /**< held out, to report metrics of */
} diffmm_split;

/** Writes the raw features of `count` items from `first` on, count x dimensions floats, to `out`.
 *  It is called for blocks in any order, as often as needed, on the thread that made the call.
 *  Returns 0; anything else makes that call fail with DIFFMM_ERROR_CALLBACK. */
typedef int (*diffmm_feature_loader)(size_t first, size_t count, float *out, void *user_data);

/** Writes the raw features of the items with the external ids ids[0] to ids[count - 1] (that of an
 *  item with a number is the number in decimal), count x dimensions floats, to `out`. The ids are
 *  borrowed during the call. Otherwise as diffmm_feature_loader. */
typedef int (*diffmm_feature_lookup)(size_t count, const char *const *ids, float *out,
                                     void *user_data);

/** Create an empty data set; it keeps the context alive. */
DIFFMM_API diffmm_status diffmm_dataset_create(diffmm_context *context, diffmm_dataset **out);

/** Open a whole data set. The result is not yet sealed: modalities and interactions may be added.
 *  @param context  kept alive
 *  @param path     a folder in the released layout (trnMat.pkl, valMat.pkl, tstMat.pkl, of which
 *                  only the first must exist, or the same names ending in .npz; and
 *                  NAME_feat.npy or with another ending of diffmm_dataset_read_modality(), each
 *                  a modality NAME); or a file for diffmm_dataset_read_interactions(), with
 *                  NAME_feat.npy and, optionally, item_ids.txt (one id per line, in the order of
 *                  the features' rows) or NAME_feat.ids.txt (the same of one modality) beside it
 *  @param out      receives the data set */
DIFFMM_API diffmm_status diffmm_dataset_open(diffmm_context *context, const char *path,
                                             diffmm_dataset **out);

/** What diffmm_dataset_synthesize() makes. A member that is 0 means its default. */
typedef struct diffmm_synthetic {
    size_t struct_size;       /**< as for diffmm_context_settings */
    size_t users;             /**< default 1000 */
    size_t items;             /**< default 600 */
    size_t interactions;      /**< in all splits together; default 12 per user */
    size_t factors;           /**< size of the planted structure; default 8 */
    size_t modality_count;    /**< default 2: "image", "text"; then "audio", "modality3" */
    const size_t *dimensions; /**< modality_count feature sizes, borrowed; NULL: 32 each */
    uint64_t seed;            /**< of all random draws */
    /** Items in a group, at most `items`; 0: there are no groups. For data of any size: about 64. */
    size_t group_items;
} diffmm_synthetic;

/** Make a data set with a planted structure: users and items have hidden factors, users touch items
 *  close to them (popular ones more often), and each modality shows the items' factors through a
 *  random map with noise. 80 % of the interactions go to training, 10 % to validation, 10 % to
 *  test. The same spec gives the same bits everywhere.
 *
 *  This looks at every item for every user. With `group_items`, items come in groups of about that
 *  size, in which their factors are alike; a user touches mostly items of three groups (popular
 *  ones more often). That takes time in proportion to the interactions, and a block of them beside
 *  the data set itself: millions of users and items with a hundred million interactions are made in
 *  minutes.
 *  @param context  kept alive
 *  @param spec     borrowed; NULL: all defaults
 *  @param out      receives the data set, not yet sealed */
DIFFMM_API diffmm_status diffmm_dataset_synthesize(diffmm_context *context,
                                                   const diffmm_synthetic *spec,
                                                   diffmm_dataset **out);

/** Destroy the data set; NULL is accepted. Trainers and models made from it keep it alive. */
DIFFMM_API void diffmm_dataset_destroy(diffmm_dataset *dataset);

/** Make sure that there are at least so many users and items, also where no interaction names them.
 *  Those that have no external id while others have one get their number in decimal as id. */
DIFFMM_API diffmm_status diffmm_dataset_reserve(diffmm_dataset *dataset, size_t users,
                                                size_t items);

/** Add interactions by number. Repeated pairs count once. Numbers and external ids cannot be mixed
 *  in one data set.
 *  @param dataset  not sealed
 *  @param split    where they go
 *  @param count    size of user and item
 *  @param user     numbers from 0, copied
 *  @param item     numbers from 0, copied */
DIFFMM_API diffmm_status diffmm_dataset_add_interactions(diffmm_dataset *dataset,
                                                         diffmm_split split, size_t count,
                                                         const int32_t *user, const int32_t *item);

/** Add interactions by external id: `count` UTF-8 strings each, copied. */
DIFFMM_API diffmm_status diffmm_dataset_add_named_interactions(diffmm_dataset *dataset,
                                                               diffmm_split split, size_t count,
                                                               const char *const *user,
                                                               const char *const *item);

/** Interactions with what is known of each. A member that is NULL says that nothing is. */
typedef struct diffmm_interactions {
    size_t struct_size;          /**< as for diffmm_context_settings */
    size_t count;                /**< size of the arrays */
    const int32_t *user;         /**< numbers from 0, or NULL where ids are given */
    const int32_t *item;         /**< numbers from 0, or NULL where ids are given */
    const char *const *user_ids; /**< UTF-8 strings, or NULL where numbers are given */
    const char *const *item_ids; /**< UTF-8 strings, or NULL where numbers are given */
    const int32_t *split;        /**< a diffmm_split each */
    const double *rating;        /**< any scale; NaN: this one has no rating */
    const int64_t *time; /**< microseconds since 1970, UTC; INT64_MIN: this one has no time */
} diffmm_interactions;

/** Add interactions by number or by id, with ratings, times and splits as far as they are known.
 *  Ratings serve diffmm_dataset_filter_ratings(), times diffmm_dataset_deduplicate() and the
 *  hold-outs by time; training takes all interactions alike.
 *  @param dataset       not sealed
 *  @param split         where those go that name no split
 *  @param interactions  copied */
DIFFMM_API diffmm_status diffmm_dataset_add_interactions_with(
    diffmm_dataset *dataset, diffmm_split split, const diffmm_interactions *interactions);

/** Read interactions from a file; after a failure none of them are in the data set. The file's
 *  ending tells its format, where a further .gz or .zst may follow that of a table:
 *  - .tsv, .csv, .inter, .dat, .data, .txt: a table of text. Its columns are known by the usual
 *    names (user, userId, user_id:token, reviewerID, ..; item, movieId, asin, ..; rating;
 *    timestamp; split: train, valid, test, or x_label: 0, 1, 2; empty means `split`), and without a
 *    header by their order: user, item, rating, timestamp. .tsv has tabs; .csv has commas, if its
 *    first line has one; else tab, `::`, comma, semicolon or spaces are told by the first line.
 *    What was recognised is logged. Ratings and timestamps (dates of ISO 8601, or numbers since
 *    1970 whose size tells their unit) serve filters and hold-outs; other columns are ignored; ids
 *    are strings
 *  - .npz: a scipy sparse matrix (coo, csr), users x items (needs libzip)
 *  - .pkl: a pickled scipy coo or csr matrix (nothing in it is executed)
 *  @param dataset  not sealed
 *  @param split    the split of interactions that name none
 *  @param path     the file */
DIFFMM_API diffmm_status diffmm_dataset_read_interactions(diffmm_dataset *dataset,
                                                          diffmm_split split, const char *path);

/** Whether something is so. */
typedef enum diffmm_answer {
    DIFFMM_AUTO = 0, /**< found out */
    DIFFMM_YES = 1,  /**< it is */
    DIFFMM_NO = 2    /**< it is not */
} diffmm_answer;

/** How a table of text is written. Whatever is 0 or NULL is found out from its first line, and told
 *  in the log at level info. */
typedef struct diffmm_table_format {
    size_t struct_size;    /**< as for diffmm_context_settings */
    const char *separator; /**< "\t", ",", ";", "::", " " (one or more), or another character */
    int32_t header;        /**< a diffmm_answer: whether the first line names the columns */
    int32_t quotes;        /**< a diffmm_answer: whether values may stand in quotes ("); by default
                            *   where commas or semicolons separate them */
    const char *user;      /**< a column's name in the header, or its number from 1 (a name that
                            *   is a number is not looked for) */
    const char *item;      /**< likewise */
    const char *rating;    /**< likewise, of any column of numbers; "": none is read */
    const char *timestamp; /**< likewise; "": none is read */
    const char *split;     /**< likewise; "": none is read */
} diffmm_table_format;

/** Read interactions from a table of text, whatever the file's name; compressed by gzip or zstd, it
 *  is unpacked as it is read. Values are those of diffmm_dataset_read_interactions(): ids are
 *  strings, ratings are numbers, timestamps are numbers or dates, splits are train, valid, test or
 *  0, 1, 2.
 *  @param dataset  not sealed
 *  @param split    the split of interactions that name none
 *  @param path     the file
 *  @param format   borrowed; NULL: all is found out */
DIFFMM_API diffmm_status diffmm_dataset_read_table(diffmm_dataset *dataset, diffmm_split split,
                                                   const char *path,
                                                   const diffmm_table_format *format);

/** Open a table of text, and what lies beside it, as diffmm_dataset_open() does.
 *  @param context  kept alive
 *  @param path     the file
 *  @param format   borrowed; NULL: all is found out
 *  @param out      receives the data set, not yet sealed */
DIFFMM_API diffmm_status diffmm_dataset_open_table(diffmm_context *context, const char *path,
                                                   const diffmm_table_format *format,
                                                   diffmm_dataset **out);

/** Fix the numbering of items by external id: number i is ids[i]. Strings are copied. Call it
 *  before interactions are added; interactions with other items are then refused. In a data set
 *  made by diffmm_dataset_extend() these are the new items, numbered on from the old ones. */
DIFFMM_API diffmm_status diffmm_dataset_declare_items(diffmm_dataset *dataset, size_t count,
                                                      const char *const *ids);

/** Add a modality whose features come from a callback that is asked by the numbers of items. What
 *  fixes these numbers: interactions by number, diffmm_dataset_declare_items(), or ids that are
 *  exactly 0 to items - 1, each of which is then its item's number; or diffmm_dataset_name_rows() says
 *  whose each row is. Sealing refuses all else.
 *  @param dataset     not sealed
 *  @param name        1 to 63 of A-Z a-z 0-9 _ -
 *  @param dimensions  features per item
 *  @param loader      called when a trainer or model is made, as often as needed
 *  @param user_data   passed to the loader, borrowed until the data set ends */
DIFFMM_API diffmm_status diffmm_dataset_add_modality(diffmm_dataset *dataset, const char *name,
                                                     size_t dimensions,
                                                     diffmm_feature_loader loader, void *user_data);

/** Add a modality whose features come from a callback that looks them up by external id: for vectors
 *  that stand in a database or a map, whatever numbers the items get, now or in an extended data set.
 *  @param dataset     not sealed
 *  @param name        as for diffmm_dataset_add_modality()
 *  @param dimensions  features per item
 *  @param loader      called when a trainer or model is made, as often as needed
 *  @param user_data   passed to the loader, borrowed until the data set ends */
DIFFMM_API diffmm_status diffmm_dataset_add_modality_by_id(diffmm_dataset *dataset,
                                                           const char *name, size_t dimensions,
                                                           diffmm_feature_lookup loader,
                                                           void *user_data);

/** Add a modality from an array.
 *  @param dataset     not sealed
 *  @param name        as for diffmm_dataset_add_modality()
 *  @param items       rows of the array
 *  @param dimensions  features per item
 *  @param features    items x dimensions, borrowed until the data set ends, not copied
 *  @param stride      floats from one row to the next, at least `dimensions` */
DIFFMM_API diffmm_status diffmm_dataset_add_modality_array(diffmm_dataset *dataset,
                                                           const char *name, size_t items,
                                                           size_t dimensions, const float *features,
                                                           size_t stride);

/** As diffmm_dataset_add_modality_array(), but the array is copied: it need live during the call
 *  only. */
DIFFMM_API diffmm_status diffmm_dataset_add_modality_copy(diffmm_dataset *dataset, const char *name,
                                                          size_t items, size_t dimensions,
                                                          const float *features, size_t stride);

/** Say which item each row of a modality is, by external id (that of an item with a number is the
 *  number in decimal). The rows may be in any order, and there may be rows of ids that are no
 *  item's; sealing puts them in the order of the items. A loader is then asked for rows from 0 to
 *  `count` - 1, as many at once as follow each other, instead of items.
 *  DIFFMM_ERROR_NOT_FOUND if there is no such modality, DIFFMM_ERROR_STATE if its rows have ids
 *  already, DIFFMM_ERROR_INVALID_ARGUMENT for an id that comes twice and for another `count` than
 *  the modality has rows.
 *  @param dataset  not sealed
 *  @param name     of the modality
 *  @param count    size of ids
 *  @param ids      UTF-8 strings, of row 0, 1, ..; copied */
DIFFMM_API diffmm_status diffmm_dataset_name_rows(diffmm_dataset *dataset, const char *name,
                                                  size_t count, const char *const *ids);

/** Add a modality from a file, rows x dimensions. A file whose ending is none of these is read as
 *  .npy.
 *  - .npy: numbers of any type (float16, float32, float64, integers), either byte order, C or
 *    Fortran order
 *  - .npz: such an array; of several the one called "features" or else "arr_0". If there is also
 *    an array "ids" (integers or text), it says whose each row is (needs libzip)
 *  - .safetensors: the only matrix of the file, or that called NAME where `path` is
 *    "FILE.safetensors:NAME": F16, BF16, F32, F64, integers. A vector "ids" of integers says
 *    whose each row is
 *  - .vec, .txt: text vectors as of word2vec, GloVe and fastText: on each line an id and its
 *    numbers; the first line may give the two counts
 *
 *  Beside the file may be a list of ids, with .ids.txt in place of the file's ending
 *  (text_feat.ids.txt for text_feat.npy): one id per line, in the order of the rows. See
 *  diffmm_dataset_name_rows() for what ids of rows mean. */
DIFFMM_API diffmm_status diffmm_dataset_read_modality(diffmm_dataset *dataset, const char *name,
                                                      const char *path);

/** As diffmm_dataset_read_modality(), but the features stay in the file, which is mapped: so they may
 *  be larger than memory, and trainings in several processes share them. The results are the same.
 *  The file must hold float32 or float16 in C order, little-endian (float32 aligned): .npy as NumPy
 *  writes it, or a tensor F32, F16 or BF16 of a .safetensors file. All else is
 *  DIFFMM_ERROR_UNSUPPORTED. Halves are converted, and rows whose ids are in another order than the
 *  items put in order, block by block whenever they are read. The file must not change, nor be cut
 *  short, while the data set or anything made from it lives: the process would end by SIGBUS. It may
 *  be removed. Where the settings standardise or normalise the modality, features are copied all the
 *  same. */
DIFFMM_API diffmm_status diffmm_dataset_map_modality(diffmm_dataset *dataset, const char *name,
                                                     const char *path);

/** Leave out the interactions whose rating is below `least`, whichever split they are in; those
 *  without a rating stay. Values of a matrix are ratings, unless all are 1. Users and items stay,
 *  also those that have no interaction any more: diffmm_dataset_filter_core() with 1 and 1 leaves
 *  them out. Filters come before a hold-out. DIFFMM_ERROR_STATE where no interaction has a rating.
 *  @param dataset  not sealed
 *  @param least    the lowest rating that stays, finite */
DIFFMM_API diffmm_status diffmm_dataset_filter_ratings(diffmm_dataset *dataset, double least);

/** Which one of several stays. */
typedef enum diffmm_keep {
    DIFFMM_KEEP_FIRST = 0, /**< the earliest */
    DIFFMM_KEEP_LAST = 1   /**< the latest */
} diffmm_keep;

/** Of the interactions of a user with an item, whichever splits they are in, leave one: the first
 *  or the last by time where they have times, else in the order of training, validation, test, and
 *  in these as they came. (Without this call, repeated pairs count once in each split.)
 *  @param dataset  not sealed
 *  @param keep     which one stays */
DIFFMM_API diffmm_status diffmm_dataset_deduplicate(diffmm_dataset *dataset, diffmm_keep keep);

/** Leave out users and items with few interactions until none is left that has too few (the
 *  k-core, where both numbers are k). Different pairs are counted, of all splits together. With
 *  `item_least` 0, users with fewer than `user_least` go, and all items stay. Those with external
 *  ids are numbered anew, in their order, and rows of features that a list or the ids tie to them
 *  stay theirs; those that were added by number keep their number, and lose their interactions.
 *  DIFFMM_ERROR_INVALID_ARGUMENT where nothing would be left, DIFFMM_ERROR_STATE for a data set made
 *  by diffmm_dataset_extend().
 *  @param dataset     not sealed
 *  @param user_least  fewest interactions of a user
 *  @param item_least  fewest interactions of an item */
DIFFMM_API diffmm_status diffmm_dataset_filter_core(diffmm_dataset *dataset, size_t user_least,
                                                    size_t item_least);

/** Leave out the items for which a modality whose rows have ids has no row, with their interactions,
 *  instead of giving them zeros. The log gets a warning with how many there are, by modality. Items
 *  that remain keep their order; rows of features that go by their order still reach them. Call it
 *  once interactions and modalities have been added, before anything is held out.
 *  DIFFMM_ERROR_STATE if no modality has rows with ids, or the data set is an extended one;
 *  DIFFMM_ERROR_INVALID_ARGUMENT if no item would be left.
 *  @param dataset  not sealed */
DIFFMM_API diffmm_status diffmm_dataset_filter_features(diffmm_dataset *dataset);

/** The same for one modality: items without a row in others stay, and get zeros there.
 *  DIFFMM_ERROR_NOT_FOUND if there is no such modality, DIFFMM_ERROR_STATE if its rows have no ids.
 *  @param dataset  not sealed
 *  @param name     of the modality */
DIFFMM_API diffmm_status diffmm_dataset_filter_features_of(diffmm_dataset *dataset,
                                                           const char *name);

/** Hold out each user's last interactions by time: the last `test` for test, the `valid` before them
 *  for validation, as many as there are; one stays in training. Of a pair that comes more than once,
 *  the first counts. Interactions at the same time are in the order they came. Call it once all
 *  interactions have been added and filtered. DIFFMM_ERROR_STATE if one has no time, or if
 *  something is held out already.
 *  @param dataset  not sealed
 *  @param valid    how many of each user for validation, such as 1
 *  @param test     how many of each user for test, such as 1; not both 0 */
DIFFMM_API diffmm_status diffmm_dataset_hold_out_last(diffmm_dataset *dataset, size_t valid,
                                                      size_t test);

/** Hold out all interactions from a moment on, as a service meets them: those from `test` on for
 *  test, those from `valid` on and before `test` for validation. Users and items that come up after
 *  that are cold: diffmm_dataset_summary() counts them. Of a pair that comes more than once, the
 *  first counts. Errors as for diffmm_dataset_hold_out_last(), and DIFFMM_ERROR_INVALID_ARGUMENT
 *  where nothing would be left for training.
 *  @param dataset  not sealed
 *  @param valid    a date of ISO 8601, such as "2024-05-31" or "2024-05-31T18:00:00+02:00" (without
 *                  a zone: UTC), or a number of seconds since 1970; NULL: no validation
 *  @param test     likewise, after `valid`; NULL: no test */
DIFFMM_API diffmm_status diffmm_dataset_hold_out_from(diffmm_dataset *dataset, const char *valid,
                                                      const char *test);

/** Hold out a random share of every user's training interactions, for data without splits of its
 *  own. A user's distinct items are shuffled. The first of them go to validation and test, as many
 *  as the shares say, rounded up or down at random so that on average the shares are met; at least
 *  one stays in training. The result depends on the interactions, their order and these numbers
 *  only.
 *  Call it once all interactions have been added, before sealing: DIFFMM_ERROR_STATE if the data
 *  set is sealed or already holds something out.
 *  @param dataset  not sealed
 *  @param valid    share of a user's interactions, in [0, 1)
 *  @param test     likewise; together below 1
 *  @param seed     the same seed holds out the same interactions */
DIFFMM_API diffmm_status diffmm_dataset_hold_out(diffmm_dataset *dataset, double valid, double test,
                                                 uint64_t seed);

/** Add rows to a modality that came from an array or a file: features of the items that follow
 *  those that it has rows for. The new rows are copied, together with the rows before them.
 *  DIFFMM_ERROR_STATE for a modality with a loader, which is called for new items as for old ones.
 *  @param dataset   not sealed
 *  @param name      of the modality
 *  @param count     how many rows
 *  @param features  `count` rows of the modality's dimensions, `stride` floats apart
 *  @param stride    at least the modality's dimensions */
DIFFMM_API diffmm_status diffmm_dataset_append_features(diffmm_dataset *dataset, const char *name,
                                                        size_t count, const float *features,
                                                        size_t stride);

/** Start a data set with all that a sealed one holds, to add users, items and interactions to it.
 *  Users and items keep their numbers and ids, also once the new data set is sealed; new ids get
 *  the numbers that follow; declare them where features come as rows. The source stays as it is and
 *  may be destroyed. Features that the library owns are shared, not copied; what the caller lent to
 *  the source (arrays, loaders) must live until both end. Where there are new items, every modality
 *  needs rows for them (diffmm_dataset_append_features()).
 *  @param source  sealed
 *  @param out     receives a data set that is not sealed, of the same context */
DIFFMM_API diffmm_status diffmm_dataset_extend(const diffmm_dataset *source, diffmm_dataset **out);

/** Check everything and index it. The context's log gets a warning for what is probably a mistake:
 *  what diffmm_dataset_summary() counts beside users, items and interactions, where it is not 0 (of
 *  ratings and timestamps, where nothing used them). Fails, and says
 *  what is wrong, if there is no training interaction, if rows of features are tied to items by
 *  nothing but the order of appearance, if a modality has more or fewer rows than there are items,
 *  or if a feature is not finite; the data set may then be completed and sealed again. Sealing a
 *  sealed data set does nothing. Users and items together, and different training interactions, may
 *  be up to 2^31 - 1 each. */
DIFFMM_API diffmm_status diffmm_dataset_seal(diffmm_dataset *dataset);

/** What a data set holds, and what in it is probably not as it was meant. Sealing writes a warning to
 *  the log for each of the latter that is not 0. */
typedef struct diffmm_summary {
    size_t struct_size;      /**< as for diffmm_context_settings */
    size_t users;            /**< with those that have no interaction */
    size_t items;            /**< likewise */
    size_t train;            /**< training interactions; a pair counts once */
    size_t valid;            /**< interactions held out for validation */
    size_t test;             /**< interactions held out for test */
    size_t repeated;         /**< interactions beyond the first of a pair in its split */
    size_t train_valid;      /**< pairs of validation that are in training too */
    size_t train_test;       /**< pairs of test that are in training too */
    size_t valid_test;       /**< pairs of test that are in validation too */
    size_t valid_cold_users; /**< users of validation without training interaction */
    size_t test_cold_users;  /**< users of test without training interaction */
    size_t valid_cold_items; /**< items of validation without training interaction */
    size_t test_cold_items;  /**< items of test without training interaction */
    size_t zeros;      /**< entries of matrices that are 0, and do not count as interactions */
    size_t negatives;  /**< entries of matrices below 0, which count as interactions */
    size_t ratings;    /**< interactions that came with a rating; values of a matrix are ratings,
                        *   unless all are 1 */
    size_t timestamps; /**< interactions that came with a time */
} diffmm_summary;

/** Count what a data set holds.
 *  @param dataset  sealed
 *  @param out      set struct_size */
DIFFMM_API diffmm_status diffmm_dataset_summary(const diffmm_dataset *dataset, diffmm_summary *out);

/** How many users there are. Before sealing, this and the following functions count what there is
 *  so far. */
DIFFMM_API size_t diffmm_dataset_users(const diffmm_dataset *dataset);

/** How many items there are. */
DIFFMM_API size_t diffmm_dataset_items(const diffmm_dataset *dataset);

/** How many interactions a split has. */
DIFFMM_API size_t diffmm_dataset_interactions(const diffmm_dataset *dataset, diffmm_split split);

/** How many modalities there are. */
DIFFMM_API size_t diffmm_dataset_modalities(const diffmm_dataset *dataset);

/** Name of modality `index`, in the order added; NULL if there are not so many. Borrowed until the
 *  data set ends. */
DIFFMM_API const char *diffmm_dataset_modality_name(const diffmm_dataset *dataset, size_t index);

/** Features per item of modality `index`; 0 if there are not so many modalities. */
DIFFMM_API size_t diffmm_dataset_modality_dimensions(const diffmm_dataset *dataset, size_t index);

/** Raw features of modality `index` for `count` items from `first` on. Calls the modality's loader,
 *  if it has one.
 *  @param dataset  sealed
 *  @param index    of the modality
 *  @param first    the first item
 *  @param count    how many items
 *  @param out      count x dimensions */
DIFFMM_API diffmm_status diffmm_dataset_features(const diffmm_dataset *dataset, size_t index,
                                                 size_t first, size_t count, float *out);

/** External id of a user or item (its number in decimal, if none were given); NULL if there is no
 *  such number, or before sealing. Borrowed until the data set ends. */
DIFFMM_API const char *diffmm_dataset_user_id(const diffmm_dataset *dataset, int32_t user);

/** The same of an item. */
DIFFMM_API const char *diffmm_dataset_item_id(const diffmm_dataset *dataset, int32_t item);

/** The number of a user's external id. DIFFMM_ERROR_NOT_FOUND if there is none; needs a sealed data
 *  set. */
DIFFMM_API diffmm_status diffmm_dataset_find_user(const diffmm_dataset *dataset, const char *id,
                                                  int32_t *user);

/** The same of an item. */
DIFFMM_API diffmm_status diffmm_dataset_find_item(const diffmm_dataset *dataset, const char *id,
                                                  int32_t *item);

/** The items of a user in a split, ascending, without repetition.
 *  @param dataset  sealed
 *  @param split    which split
 *  @param user     below diffmm_dataset_users()
 *  @param items    receives `count` numbers, borrowed until the data set ends
 *  @param count    receives how many */
DIFFMM_API diffmm_status diffmm_dataset_row(const diffmm_dataset *dataset, diffmm_split split,
                                            int32_t user, const int32_t **items, size_t *count);

#ifdef __cplusplus
}
#endif
#endif

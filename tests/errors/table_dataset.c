/* SPDX-License-Identifier: BSD-2-Clause */
/* dataset.h */
#include "table.h"

#include "support/arrow_still.h"
#include "support/failure.h"

static diffmm_status create(const union value *v)
{
    return diffmm_dataset_create(v[0].p, v[1].p);
}

static diffmm_status open_path(const union value *v)
{
    return diffmm_dataset_open(v[0].p, v[1].in, v[2].p);
}

static diffmm_status synthesize(const union value *v)
{
    return diffmm_dataset_synthesize(v[0].p, v[1].in, v[2].p);
}

static diffmm_status destroy(const union value *v)
{
    diffmm_dataset_destroy(v[0].p);
    return DIFFMM_OK;
}

static diffmm_status reserve(const union value *v)
{
    return diffmm_dataset_reserve(v[0].p, v[1].n, v[2].n);
}

static diffmm_status add_interactions(const union value *v)
{
    return diffmm_dataset_add_interactions(v[0].p, (diffmm_split)v[1].i, v[2].n, v[3].in, v[4].in);
}

static diffmm_status add_named(const union value *v)
{
    return diffmm_dataset_add_named_interactions(v[0].p, (diffmm_split)v[1].i, v[2].n, v[3].in,
                                                 v[4].in);
}

static diffmm_status read_interactions(const union value *v)
{
    return diffmm_dataset_read_interactions(v[0].p, (diffmm_split)v[1].i, v[2].in);
}

static diffmm_status declare_items(const union value *v)
{
    return diffmm_dataset_declare_items(v[0].p, v[1].n, v[2].in);
}

static diffmm_status add_modality(const union value *v)
{
    return diffmm_dataset_add_modality(v[0].p, v[1].in, v[2].n, v[3].loader, v[4].p);
}

static diffmm_status add_modality_by_id(const union value *v)
{
    return diffmm_dataset_add_modality_by_id(v[0].p, v[1].in, v[2].n, v[3].lookup, v[4].p);
}

static diffmm_status add_modality_array(const union value *v)
{
    return diffmm_dataset_add_modality_array(v[0].p, v[1].in, v[2].n, v[3].n, v[4].in, v[5].n);
}

static diffmm_status add_modality_copy(const union value *v)
{
    return diffmm_dataset_add_modality_copy(v[0].p, v[1].in, v[2].n, v[3].n, v[4].in, v[5].n);
}

static diffmm_status name_rows(const union value *v)
{
    return diffmm_dataset_name_rows(v[0].p, v[1].in, v[2].n, v[3].in);
}

static diffmm_status read_modality(const union value *v)
{
    return diffmm_dataset_read_modality(v[0].p, v[1].in, v[2].in);
}

static diffmm_status map_modality(const union value *v)
{
    return diffmm_dataset_map_modality(v[0].p, v[1].in, v[2].in);
}

static diffmm_status hold_out(const union value *v)
{
    return diffmm_dataset_hold_out(v[0].p, v[1].r, v[2].r, v[3].n);
}

static diffmm_status add_with(const union value *v)
{
    return diffmm_dataset_add_interactions_with(v[0].p, (diffmm_split)v[1].i, v[2].in);
}

static diffmm_status read_table(const union value *v)
{
    return diffmm_dataset_read_table(v[0].p, (diffmm_split)v[1].i, v[2].in, v[3].in);
}

static diffmm_status open_table(const union value *v)
{
    return diffmm_dataset_open_table(v[0].p, v[1].in, v[2].in, v[3].p);
}

/* The stream is made for the call, which must release it. */
static diffmm_status read_arrow(const union value *v)
{
    struct arrow_still still = {0};
    struct ArrowArrayStream stream = still_stream(&still);
    diffmm_status status =
        diffmm_dataset_read_arrow(v[0].p, (diffmm_split)v[1].i, v[2].in ? &stream : NULL, v[3].in);
    ck_assert(!v[2].in || (still_all_back(&still) && !stream.release));
    return status;
}

static diffmm_status read_modality_arrow(const union value *v)
{
    struct arrow_still still = {0};
    struct ArrowArrayStream stream = still_items(&still);
    diffmm_status status =
        diffmm_dataset_read_modality_arrow(v[0].p, v[1].in, v[2].in ? &stream : NULL, v[3].in);
    ck_assert(!v[2].in || (still_all_back(&still) && !stream.release));
    return status;
}

static diffmm_status filter_ratings(const union value *v)
{
    return diffmm_dataset_filter_ratings(v[0].p, v[1].r);
}

static diffmm_status deduplicate(const union value *v)
{
    return diffmm_dataset_deduplicate(v[0].p, (diffmm_keep)v[1].i);
}

/* Where the call can succeed, the rows of its modality have ids. */
static diffmm_status filter_features(const union value *v)
{
    static const char *const ids[] = {"3", "x", "0", "1"};
    (void)diffmm_dataset_name_rows(v[0].p, "image", 4, ids);
    return diffmm_dataset_filter_features(v[0].p);
}

static diffmm_status filter_features_of(const union value *v)
{
    static const char *const ids[] = {"3", "x", "0", "1"};
    (void)diffmm_dataset_name_rows(v[0].p, "image", 4, ids);
    return diffmm_dataset_filter_features_of(v[0].p, v[1].in);
}

static diffmm_status filter_core(const union value *v)
{
    return diffmm_dataset_filter_core(v[0].p, v[1].n, v[2].n);
}

static diffmm_status hold_out_last(const union value *v)
{
    return diffmm_dataset_hold_out_last(v[0].p, v[1].n, v[2].n);
}

static diffmm_status hold_out_from(const union value *v)
{
    return diffmm_dataset_hold_out_from(v[0].p, v[1].in, v[2].in);
}

static diffmm_status summary(const union value *v)
{
    return diffmm_dataset_summary(v[0].p, v[1].p);
}

static diffmm_status seal(const union value *v)
{
    return diffmm_dataset_seal(v[0].p);
}

static diffmm_status count_users(const union value *v)
{
    return answered(diffmm_dataset_users(v[0].in) == users);
}

static diffmm_status count_items(const union value *v)
{
    return answered(diffmm_dataset_items(v[0].in) == items);
}

static diffmm_status count_interactions(const union value *v)
{
    return answered(diffmm_dataset_interactions(v[0].in, (diffmm_split)v[1].i) > 0);
}

static diffmm_status count_modalities(const union value *v)
{
    return answered(diffmm_dataset_modalities(v[0].in) == 1);
}

static diffmm_status modality_name(const union value *v)
{
    return answered(diffmm_dataset_modality_name(v[0].in, v[1].n) != NULL);
}

static diffmm_status modality_dimensions(const union value *v)
{
    return answered(diffmm_dataset_modality_dimensions(v[0].in, v[1].n) == features);
}

static diffmm_status user_id(const union value *v)
{
    return answered(diffmm_dataset_user_id(v[0].in, (int32_t)v[1].i) != NULL);
}

static diffmm_status item_id(const union value *v)
{
    return answered(diffmm_dataset_item_id(v[0].in, (int32_t)v[1].i) != NULL);
}

static diffmm_status find_user(const union value *v)
{
    return diffmm_dataset_find_user(v[0].in, v[1].in, v[2].p);
}

static diffmm_status find_item(const union value *v)
{
    return diffmm_dataset_find_item(v[0].in, v[1].in, v[2].p);
}

static diffmm_status row(const union value *v)
{
    return diffmm_dataset_row(v[0].in, (diffmm_split)v[1].i, (int32_t)v[2].i, v[3].p, v[4].p);
}

static int load(size_t first, size_t count, float *out, void *user_data)
{
    (void)user_data;
    for (size_t i = 0; i < count * features; i++)
        out[i] = (float)(first + i);
    return 0;
}

static int look_up(size_t count, const char *const *ids, float *out, void *user_data)
{
    return load((size_t)ids[0][0], count, out, user_data);
}

static const int32_t numbers[] = {3, 1, 0}, negative[] = {0, 1, -1}, huge[] = {0, 1, INT32_MAX};
static const char *const names[] = {"alice", "bob", "c"}, *const missing[] = {"alice", "bob", NULL},
                         *const empty[] = {"alice", "bob", ""},
                         *const bytes[] = {"alice", "bob", "\xc0\x80"},
                         *const twice[] = {"alice", "bob", "alice"};
static const char *const
    rows[] = {"3", "x", "0", "1"},
    *const row_missing[] = {"3", "x", "0", NULL}, *const row_empty[] = {"3", "x", "0", ""},
    *const row_bytes[] = {"3", "x", "0", "\xc0\x80"}, *const row_twice[] = {"3", "x", "0", "x"};
static const float image[12] = {1};
static const size_t sizes[] = {3, 0};
static const diffmm_synthetic spec = {.users = 20, .items = 20, .modality_count = 1},
                              many_users = {.users = (size_t)-1},
                              many_items = {.items = (size_t)-1},
                              many = {.users = 3, .items = 3, .interactions = 100},
                              many_factors = {.factors = (size_t)-1},
                              no_size = {.modality_count = 2, .dimensions = sizes},
                              many_modalities = {.modality_count = (size_t)-1};

static const double stars[] = {5, 3, 1}, infinite[] = {5, -(double)INFINITY, 1};
static const int32_t splits[] = {0, 1, 2}, wrong_splits[] = {0, 3, 2};
static const diffmm_interactions
    rated = {.count = 3, .user = numbers, .item = numbers, .split = splits, .rating = stars},
    both = {.count = 3, .user = numbers, .item = numbers, .user_ids = names, .item_ids = names},
    no_item = {.count = 3, .user_ids = names}, no_users = {.count = 3, .item = numbers},
    negative_user = {.count = 3, .user = negative, .item = numbers},
    wrong_split = {.count = 3, .user = numbers, .item = numbers, .split = wrong_splits},
    infinite_rating = {.count = 3, .user = numbers, .item = numbers, .rating = infinite},
    bad_bytes = {.count = 3, .user_ids = names, .item_ids = bytes};

static const diffmm_table_format usual_format = {.header = DIFFMM_YES},
                                 wide_separator = {.separator = ",,"}, wrong_header = {.header = 3},
                                 wrong_quotes = {.quotes = -1}, no_user = {.user = ""},
                                 other_user = {.user = "who"};

#define A_FORMAT                                                                                   \
    {                                                                                              \
        "format", SETTINGS, true, .good.in = &usual_format, .bytes = sizeof usual_format,          \
                                  .others = {                                                      \
                                      {{.in = &wide_separator}, INVALID, "separator"},             \
                                      {{.in = &wrong_header}, INVALID, "header"},                  \
                                      {{.in = &wrong_quotes}, INVALID, "quotes"},                  \
                                      {{.in = &no_user}, INVALID, "user"},                         \
                                      {{.in = &other_user}, FORMAT, "'who'"}                       \
                                  }                                                                \
    }
static const char a_stream[] = "";
static const diffmm_arrow_features item_column = {.item = "item"}, no_list = {.features = "rating"},
                                   no_item_column = {.item = "thing"};
static const diffmm_arrow_columns named_columns = {.user = "user", .rating = ""},
                                  no_column = {.item = "thing"}, no_ids = {.user = "rating"},
                                  no_times = {.split = "rating"}, without_user = {.user = ""};

#define A_UNSEALED                                                                                 \
    {                                                                                              \
        "dataset", EMPTY_DATASET                                                                   \
    }
#define A_SPLIT                                                                                    \
    {                                                                                              \
        "split", NUMBER, .good.i = DIFFMM_TRAIN, .others = {                                       \
            {{.i = -1}, INVALID},                                                                  \
            {{.i = 3}, INVALID}                                                                    \
        }                                                                                          \
    }
#define A_COUNT                                                                                    \
    {                                                                                              \
        "count", SIZE, .good.n = 3, .others = { {{.n = 0}, OK, ""} }                               \
    }
#define A_NUMBERS(what)                                                                            \
    {                                                                                              \
        what, DATA, .good.in = numbers, .bytes = sizeof numbers, .others = {                       \
            {{.in = negative}, INVALID},                                                           \
            {{.in = huge}, INVALID}                                                                \
        }                                                                                          \
    }
#define A_NAMES(what)                                                                              \
    {                                                                                              \
        what, DATA, .good.in = names, .bytes = sizeof names, .others = {                           \
            {{.in = missing}, INVALID},                                                            \
            {{.in = empty}, INVALID},                                                              \
            {{.in = bytes}, INVALID}                                                               \
        }                                                                                          \
    }
#define A_MODALITY                                                                                 \
    {                                                                                              \
        "name", TEXT, .good.in = "cover", .others = {                                              \
            {{.in = ""}, INVALID, "''"},                                                           \
            {{.in = "a b"}, INVALID, "a b"},                                                       \
            {{.in = "\xff"}, INVALID, "name"},                                                     \
            {{.in = "0123456789012345678901234567890123456789012345678901234567890123"},           \
             INVALID,                                                                              \
             "63"}                                                                                 \
        }                                                                                          \
    }
#define A_DATASET                                                                                  \
    {                                                                                              \
        "dataset", DATASET                                                                         \
    }
#define A_NUMBER(what)                                                                             \
    {                                                                                              \
        what, NUMBER, .good.i = 0, .others = {                                                     \
            {{.i = -1}, INVALID},                                                                  \
            {{.i = 4}, INVALID},                                                                   \
            {{.i = INT32_MAX}, INVALID},                                                           \
            {{.i = INT32_MIN}, INVALID}                                                            \
        }                                                                                          \
    }
#define AN_INDEX                                                                                   \
    {                                                                                              \
        "index", SIZE, .good.n = 0, .others = {                                                    \
            {{.n = 1}, INVALID},                                                                   \
            {{.n = (size_t)-1}, INVALID}                                                           \
        }                                                                                          \
    }
#define AN_ID                                                                                      \
    {                                                                                              \
        "id", TEXT, .good.in = "0", .others = {                                                    \
            {{.in = ""}, NOT_FOUND, "''"},                                                         \
            {{.in = "4"}, NOT_FOUND, "'4'"},                                                       \
            {{.in = "00"}, NOT_FOUND, "'00'"},                                                     \
            {{.in = "99999999999999999999"}, NOT_FOUND, "99"}                                      \
        }                                                                                          \
    }
#define A_FRACTION(what)                                                                           \
    {                                                                                              \
        what, REAL, .good.r = 0.2, .others = {                                                     \
            {{.r = -0.1}, INVALID},                                                                \
            {{.r = 1}, INVALID},                                                                   \
            {{.r = (double)NAN}, INVALID},                                                         \
            {{.r = 0.9}, INVALID},                                                                 \
            {{.r = 0}, OK, ""}                                                                     \
        }                                                                                          \
    }

static const struct entry entries[] = {
    {"diffmm_dataset_create", create,
     .arguments = {{"context", CONTEXT}, {"out", MADE, .made = DATASET}}},
    {"diffmm_dataset_open", open_path,
     .arguments = {{"context", CONTEXT},
                   {"path", TEXT, .good.in = "clicks.tsv",
                    .others = {{{.in = ""}, IO, "No such file"},
                               {{.in = "no-such.tsv"}, IO, "no-such.tsv"},
                               {{.in = "."}, IO, "trnMat"},
                               {{.in = "bad.tsv"}, FORMAT, "bad.tsv"}}},
                   {"out", MADE, .made = DATASET}}},
    {"diffmm_dataset_synthesize", synthesize,
     .arguments = {{"context", CONTEXT},
                   {"spec", SETTINGS, true, .good.in = &spec, .bytes = sizeof spec,
                    .others = {{{.in = &many_users}, INVALID, "users"},
                               {{.in = &many_items}, INVALID, "items"},
                               {{.in = &many}, INVALID, "interactions"},
                               {{.in = &many_factors}, INVALID, "factors"},
                               {{.in = &no_size}, INVALID, "dimensions"},
                               {{.in = &many_modalities}, INVALID, "modality_count"}}},
                   {"out", MADE, .made = DATASET}}},
    {"diffmm_dataset_destroy", destroy, true,
     .arguments = {{"dataset", DATASET, true, .ends = true}}},
    {"diffmm_dataset_reserve", reserve,
     .arguments = {A_UNSEALED,
                   {"users", SIZE, .good.n = 4,
                    .others = {{{.n = 0}, OK, ""}, {{.n = (size_t)-1}, INVALID}}},
                   {"items", SIZE, .good.n = 4,
                    .others = {{{.n = 0}, OK, ""}, {{.n = (size_t)-1}, INVALID}}}}},
    {"diffmm_dataset_add_interactions", add_interactions,
     .arguments = {A_UNSEALED, A_SPLIT, A_COUNT, A_NUMBERS("user"), A_NUMBERS("item")}},
    {"diffmm_dataset_add_named_interactions", add_named,
     .arguments = {A_UNSEALED, A_SPLIT, A_COUNT, A_NAMES("user"), A_NAMES("item")}},
    {"diffmm_dataset_read_interactions", read_interactions,
     .arguments = {A_UNSEALED,
                   A_SPLIT,
                   {"path", TEXT, .good.in = "clicks.tsv",
                    .others = {{{.in = ""}, INVALID, "are read from"},
                               {{.in = "no-such.tsv"}, IO, "no-such.tsv"},
                               {{.in = "bad.tsv"}, FORMAT, "bad.tsv"},
                               {{.in = "clicks.xyz"}, INVALID, "clicks.xyz"}}}}},
    {"diffmm_dataset_declare_items", declare_items,
     .arguments = {A_UNSEALED,
                   {"count", SIZE, .good.n = 3, .others = {{{.n = 0}, INVALID}}},
                   {"ids", DATA, .good.in = names, .bytes = sizeof names,
                    .others = {{{.in = missing}, INVALID},
                               {{.in = empty}, INVALID},
                               {{.in = bytes}, INVALID},
                               {{.in = twice}, INVALID}}}}},
    {"diffmm_dataset_add_modality", add_modality,
     .arguments = {A_UNSEALED,
                   A_MODALITY,
                   {"dimensions", SIZE, .good.n = 3,
                    .others = {{{.n = 0}, INVALID, "features"},
                               {{.n = (size_t)-1}, INVALID, "features"}}},
                   {"loader", CALLBACK, .good.loader = load},
                   {"user_data", CALLBACK, true}}},
    {"diffmm_dataset_add_modality_by_id", add_modality_by_id,
     .arguments = {A_UNSEALED,
                   A_MODALITY,
                   {"dimensions", SIZE, .good.n = 3,
                    .others = {{{.n = 0}, INVALID, "features"},
                               {{.n = (size_t)-1}, INVALID, "features"}}},
                   {"loader", CALLBACK, .good.lookup = look_up},
                   {"user_data", CALLBACK, true}}},
    {"diffmm_dataset_add_modality_array", add_modality_array,
     .arguments =
         {A_UNSEALED,
          A_MODALITY,
          {"items", SIZE, .good.n = 4,
           .others = {{{.n = 0}, INVALID}, {{.n = (size_t)-1}, INVALID}}},
          {"dimensions", SIZE, .good.n = 3,
           .others = {{{.n = 0}, INVALID, "features"}, {{.n = (size_t)-1}, INVALID, "features"}}},
          {"features", DATA, .good.in = image, .bytes = sizeof image},
          {"stride", SIZE, .good.n = 3,
           .others = {{{.n = 0}, INVALID}, {{.n = 2}, INVALID}, {{.n = (size_t)-1}, INVALID}}}}},
    {"diffmm_dataset_add_modality_copy", add_modality_copy,
     .arguments =
         {A_UNSEALED,
          A_MODALITY,
          {"items", SIZE, .good.n = 4,
           .others = {{{.n = 0}, INVALID}, {{.n = (size_t)-1}, INVALID}}},
          {"dimensions", SIZE, .good.n = 3,
           .others = {{{.n = 0}, INVALID, "features"}, {{.n = (size_t)-1}, INVALID, "features"}}},
          {"features", DATA, .good.in = image, .bytes = sizeof image},
          {"stride", SIZE, .good.n = 3,
           .others = {{{.n = 0}, INVALID}, {{.n = 2}, INVALID}, {{.n = (size_t)-1}, INVALID}}}}},
    {"diffmm_dataset_name_rows", name_rows,
     .arguments = {{"dataset", OPEN_DATASET},
                   {"name", TEXT, .good.in = "image",
                    .others = {{{.in = ""}, NOT_FOUND, "''"},
                               {{.in = "cover"}, NOT_FOUND, "'cover'"},
                               {{.in = "\xff"}, NOT_FOUND, "modality"}}},
                   {"count", SIZE, .good.n = 4,
                    .others = {{{.n = 0}, INVALID, "0 ids"},
                               {{.n = 3}, INVALID, "3 ids for 4 rows"},
                               {{.n = (size_t)-1}, INVALID, "ids"}}},
                   {"ids", DATA, .good.in = rows, .bytes = sizeof rows,
                    .others = {{{.in = row_missing}, INVALID},
                               {{.in = row_empty}, INVALID},
                               {{.in = row_bytes}, INVALID},
                               {{.in = row_twice}, INVALID, "ids[3]"}}}}},
    {"diffmm_dataset_read_modality", read_modality,
     .arguments = {A_UNSEALED,
                   A_MODALITY,
                   {"path", TEXT, .good.in = "cover_feat.npy",
                    .others = {{{.in = ""}, IO, "No such file"},
                               {{.in = "no-such.npy"}, IO, "no-such.npy"},
                               {{.in = "clicks.tsv"}, FORMAT, "clicks.tsv"}}}}},
    {"diffmm_dataset_map_modality", map_modality,
     .arguments = {A_UNSEALED,
                   A_MODALITY,
                   {"path", TEXT, .good.in = "cover_feat.npy",
                    .others = {{{.in = ""}, IO, "No such file"},
                               {{.in = "no-such.npy"}, IO, "no-such.npy"},
                               {{.in = "clicks.tsv"}, FORMAT, "clicks.tsv"}}}}},
    {"diffmm_dataset_hold_out", hold_out,
     .arguments = {{"dataset", OPEN_DATASET},
                   A_FRACTION("valid"),
                   A_FRACTION("test"),
                   {"seed", SIZE, .good.n = 1, .others = {{{.n = (size_t)-1}, OK, ""}}}}},
    {"diffmm_dataset_add_interactions_with", add_with,
     .arguments = {A_UNSEALED,
                   A_SPLIT,
                   {"interactions", SETTINGS, .good.in = &rated, .bytes = sizeof rated,
                    .others = {{{.in = &both}, INVALID, "by number and by id"},
                               {{.in = &no_item}, INVALID, "item_ids"},
                               {{.in = &no_users}, INVALID, "user"},
                               {{.in = &negative_user}, INVALID, "user[2] is -1"},
                               {{.in = &wrong_split}, INVALID, "split[1] is 3"},
                               {{.in = &infinite_rating}, NUMERIC, "rating[1]"},
                               {{.in = &bad_bytes}, INVALID, "item[2]"}}}}},
    {"diffmm_dataset_read_table", read_table,
     .arguments = {A_UNSEALED,
                   A_SPLIT,
                   {"path", TEXT, .good.in = "clicks.tsv",
                    .others = {{{.in = ""}, IO, "No such file"},
                               {{.in = "bad.tsv"}, FORMAT, "bad"}}},
                   A_FORMAT}},
    {"diffmm_dataset_open_table", open_table,
     .arguments = {{"context", CONTEXT},
                   {"path", TEXT, .good.in = "clicks.tsv",
                    .others = {{{.in = ""}, IO, "No such file"}, {{.in = "."}, IO, "."}}},
                   A_FORMAT,
                   {"out", MADE, .made = DATASET}}},
    {"diffmm_dataset_read_arrow", read_arrow,
     .arguments = {A_UNSEALED,
                   A_SPLIT,
                   {"stream", CALLBACK, .good.in = a_stream},
                   {"columns", SETTINGS, .optional = true, .good.in = &named_columns,
                    .bytes = sizeof named_columns,
                    .others = {{{.in = &no_column}, NOT_FOUND, "thing"},
                               {{.in = &no_ids}, UNSUPPORTED, "'rating'"},
                               {{.in = &no_times}, UNSUPPORTED, "'rating'"},
                               {{.in = &without_user}, FORMAT, "'user'"}}}}},
    {"diffmm_dataset_read_modality_arrow", read_modality_arrow,
     .arguments = {A_UNSEALED,
                   A_MODALITY,
                   {"stream", CALLBACK, .good.in = a_stream},
                   {"columns", SETTINGS, .optional = true, .good.in = &item_column,
                    .bytes = sizeof item_column,
                    .others = {{{.in = &no_item_column}, NOT_FOUND, "thing"},
                               {{.in = &no_list}, UNSUPPORTED, "'rating'"}}}}},
    {"diffmm_dataset_filter_ratings", filter_ratings,
     .arguments = {{"dataset", RATED_DATASET},
                   {"least", REAL, .good.r = 2,
                    .others = {{{.r = (double)NAN}, INVALID},
                               {{.r = (double)INFINITY}, INVALID},
                               {{.r = -1e300}, OK, ""}}}}},
    {"diffmm_dataset_deduplicate", deduplicate,
     .arguments = {{"dataset", RATED_DATASET},
                   {"keep", NUMBER, .good.i = 0,
                    .others = {{{.i = -1}, INVALID}, {{.i = 2}, INVALID}, {{.i = 1}, OK, ""}}}}},
    {"diffmm_dataset_filter_features", filter_features, .arguments = {{"dataset", OPEN_DATASET}}},
    {"diffmm_dataset_filter_features_of", filter_features_of,
     .arguments = {{"dataset", OPEN_DATASET},
                   {"name", TEXT, .good.in = "image",
                    .others = {{{.in = ""}, NOT_FOUND, "''"},
                               {{.in = "cover"}, NOT_FOUND, "'cover'"},
                               {{.in = "\xff"}, NOT_FOUND, "modality"}}}}},
    {"diffmm_dataset_filter_core", filter_core,
     .arguments = {{"dataset", RATED_DATASET},
                   {"user_least", SIZE, .good.n = 1,
                    .others = {{{.n = 0}, OK, ""}, {{.n = (size_t)-1}, INVALID, "no interaction"}}},
                   {"item_least", SIZE, .good.n = 1,
                    .others = {{{.n = 0}, OK, ""},
                               {{.n = (size_t)-1}, INVALID, "no interaction"}}}}},
    {"diffmm_dataset_hold_out_last", hold_out_last,
     .arguments = {{"dataset", RATED_DATASET},
                   {"valid", SIZE, .good.n = 1, .others = {{{.n = (size_t)-1}, OK, ""}}},
                   {"test", SIZE, .good.n = 1, .others = {{{.n = (size_t)-1}, OK, ""}}}}},
    {"diffmm_dataset_hold_out_from", hold_out_from,
     .arguments = {{"dataset", RATED_DATASET},
                   {"valid", TEXT, true, .good.in = "2020-01-02",
                    .others = {{{.in = ""}, INVALID},
                               {{.in = "1970-01-01"}, INVALID, "nothing would be left"},
                               {{.in = "2030-01-01"}, INVALID, "is not before test"}}},
                   {"test", TEXT, true, .good.in = "2020-01-03",
                    .others = {{{.in = "tomorrow"}, INVALID},
                               {{.in = "2020-01-01"}, INVALID, "is not before test"}}}}},
    {"diffmm_dataset_summary", summary,
     .arguments = {A_DATASET, {"out", FILLED, .bytes = sizeof(diffmm_summary)}}},
    {"diffmm_dataset_seal", seal, .arguments = {{"dataset", OPEN_DATASET}}},
    {"diffmm_dataset_users", count_users, true, {A_DATASET}},
    {"diffmm_dataset_items", count_items, true, {A_DATASET}},
    {"diffmm_dataset_interactions", count_interactions, true, {A_DATASET, A_SPLIT}},
    {"diffmm_dataset_modalities", count_modalities, true, {A_DATASET}},
    {"diffmm_dataset_modality_name", modality_name, true, {A_DATASET, AN_INDEX}},
    {"diffmm_dataset_modality_dimensions", modality_dimensions, true, {A_DATASET, AN_INDEX}},
    {"diffmm_dataset_user_id", user_id, true, {A_DATASET, A_NUMBER("user")}},
    {"diffmm_dataset_item_id", item_id, true, {A_DATASET, A_NUMBER("item")}},
    {"diffmm_dataset_find_user", find_user,
     .arguments = {A_DATASET, AN_ID, {"user", OUT, .bytes = sizeof(int32_t)}}},
    {"diffmm_dataset_find_item", find_item,
     .arguments = {A_DATASET, AN_ID, {"item", OUT, .bytes = sizeof(int32_t)}}},
    {"diffmm_dataset_row", row,
     .arguments = {A_DATASET,
                   A_SPLIT,
                   A_NUMBER("user"),
                   {"items", OUT, .bytes = sizeof(void *)},
                   {"count", OUT, .bytes = sizeof(size_t)}}},
};

struct table table_dataset(void)
{
    return (struct table){entries, sizeof entries / sizeof *entries};
}

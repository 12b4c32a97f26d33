/* SPDX-License-Identifier: BSD-2-Clause */
/* recommend.h */
#include "table.h"

static diffmm_status create(const union value *v)
{
    return diffmm_scorer_create(v[0].in, v[1].p);
}

static diffmm_status open_path(const union value *v)
{
    return diffmm_scorer_open(v[0].p, v[1].in, v[2].p);
}

static diffmm_status open_memory(const union value *v)
{
    return diffmm_scorer_open_memory(v[0].p, v[1].in, v[2].n, v[3].p);
}

static diffmm_status destroy(const union value *v)
{
    diffmm_scorer_destroy(v[0].p);
    return DIFFMM_OK;
}

static diffmm_status count_users(const union value *v)
{
    return answered(diffmm_scorer_users(v[0].in) == users);
}

static diffmm_status count_items(const union value *v)
{
    return answered(diffmm_scorer_items(v[0].in) == items);
}

static diffmm_status dimensions(const union value *v)
{
    return answered(diffmm_scorer_dimensions(v[0].in) == d);
}

static diffmm_status user_id(const union value *v)
{
    return answered(diffmm_scorer_user_id(v[0].in, (int32_t)v[1].i) != NULL);
}

static diffmm_status item_id(const union value *v)
{
    return answered(diffmm_scorer_item_id(v[0].in, (int32_t)v[1].i) != NULL);
}

static diffmm_status item_ids(const union value *v)
{
    return diffmm_scorer_item_ids(v[0].in, v[1].n, v[2].in, v[3].p, v[4].n, v[5].p);
}

static diffmm_status find_user(const union value *v)
{
    return diffmm_scorer_find_user(v[0].in, v[1].in, v[2].p);
}

static diffmm_status find_item(const union value *v)
{
    return diffmm_scorer_find_item(v[0].in, v[1].in, v[2].p);
}

static diffmm_status seen(const union value *v)
{
    return diffmm_scorer_seen(v[0].in, (int32_t)v[1].i, v[2].p, v[3].p);
}

static diffmm_status score(const union value *v)
{
    return diffmm_score(v[0].in, (int32_t)v[1].i, v[2].n, v[3].in, v[4].p);
}

static diffmm_status score_embedding(const union value *v)
{
    return diffmm_score_embedding(v[0].in, v[1].in, v[2].n, v[3].in, v[4].p);
}

static diffmm_status recommend(const union value *v)
{
    return diffmm_recommend(v[0].in, (int32_t)v[1].i, v[2].in, v[3].p, v[4].p);
}

static diffmm_status release_made(diffmm_status status, struct ArrowArrayStream *stream)
{
    if (!status)
        stream->release(stream);
    return status;
}

static diffmm_status recommend_arrow(const union value *v)
{
    return release_made(diffmm_recommend_arrow(v[0].in, v[1].n, v[2].in, v[3].in, v[4].p), v[4].p);
}

static diffmm_status export_arrow(const union value *v)
{
    return release_made(diffmm_scorer_export_arrow(v[0].in, (diffmm_side)v[1].i, v[2].p), v[2].p);
}

static diffmm_status export_arrow_for(const union value *v)
{
    return release_made(
        diffmm_scorer_export_arrow_for(v[0].in, (diffmm_side)v[1].i, (diffmm_index)v[2].i, v[3].p),
        v[3].p);
}

static diffmm_status popular_items(const union value *v)
{
    return diffmm_popular_items(v[0].in, v[1].in, v[2].p, v[3].p);
}

static diffmm_status recommend_users(const union value *v)
{
    return diffmm_recommend_users(v[0].in, v[1].n, v[2].in, v[3].in, v[4].p, v[5].p);
}

static diffmm_status recommend_all(const union value *v)
{
    return diffmm_recommend_all(v[0].in, v[1].in, v[2].on_hits, v[3].p);
}

static diffmm_status recommend_embedding(const union value *v)
{
    return diffmm_recommend_embedding(v[0].in, v[1].in, v[2].in, v[3].p, v[4].p);
}

static diffmm_status fold_in(const union value *v)
{
    return diffmm_fold_in(v[0].in, (int32_t)v[1].i, v[2].n, v[3].in, v[4].p);
}

static diffmm_status similar_items(const union value *v)
{
    return diffmm_similar_items(v[0].in, (int32_t)v[1].i, (diffmm_similarity)v[2].i, v[3].in,
                                v[4].p, v[5].p);
}

static diffmm_status similar_users(const union value *v)
{
    return diffmm_similar_users(v[0].in, (int32_t)v[1].i, (diffmm_similarity)v[2].i, v[3].in,
                                v[4].p, v[5].p);
}

static diffmm_status modalities(const union value *v)
{
    return answered(diffmm_scorer_modalities(v[0].in) == 1);
}

static diffmm_status modality_name(const union value *v)
{
    return answered(diffmm_scorer_modality_name(v[0].in, v[1].n) != NULL);
}

static diffmm_status modality_weights(const union value *v)
{
    return diffmm_scorer_modality_weights(v[0].in, v[1].p);
}

static diffmm_status describe(const union value *v)
{
    return diffmm_scorer_describe(v[0].in, v[1].p);
}

static diffmm_status set_search(const union value *v)
{
    return diffmm_scorer_set_search(v[0].p, (diffmm_search)v[1].i);
}

static diffmm_status search_bytes(const union value *v)
{
    return answered(diffmm_search_bytes(v[0].n, v[1].n, v[2].n, (diffmm_search)v[3].i) > 0);
}

static diffmm_status explain(const union value *v)
{
    return diffmm_explain(v[0].in, (int32_t)v[1].i, v[2].n, v[3].in, (int32_t)v[4].i, v[5].p);
}

static int take(int32_t user, const diffmm_hit *hits, size_t found, void *user_data)
{
    (void)user;
    (void)hits;
    (void)found;
    (void)user_data;
    return 0;
}

enum { best = 2 };
static const int32_t numbers[] = {3, 1, 0}, negative[] = {0, 1, -1}, beyond[] = {0, 1, 4},
                     huge[] = {0, 1, INT32_MAX};
static const uint8_t bits[1] = {7};
static const float embedding[d] = {1, 2, 3}, no_number[d] = {[d - 1] = NAN},
                   infinite[d] = {[d - 1] = INFINITY};
static const diffmm_query query = {.count = best, .exclude = numbers, .exclude_count = 3},
                          no_count = {.exclude = numbers},
                          reserved = {.count = best, .reserved = 1},
                          no_list = {.count = best, .exclude_count = 3},
                          not_items = {.count = best, .candidates = beyond, .candidate_count = 3},
                          few_bits = {.count = best, .allowed = bits, .allowed_size = 0},
                          no_score = {.count = best, .has_min_score = 1, .min_score = NAN};
static float parts[1];
static diffmm_hit by_item[items];
static const diffmm_explanation explanation = {.modalities = parts, .items = by_item};

#define A_SCORER                                                                                   \
    {                                                                                              \
        "scorer", SCORER                                                                           \
    }
#define A_PLACE(what)                                                                              \
    {                                                                                              \
        what, NUMBER, .good.i = 0, .others = {                                                     \
            {{.i = -1}, INVALID},                                                                  \
            {{.i = 4}, INVALID},                                                                   \
            {{.i = INT32_MAX}, INVALID},                                                           \
            {{.i = INT32_MIN}, INVALID}                                                            \
        }                                                                                          \
    }
#define A_USER_OR_NEW                                                                              \
    {                                                                                              \
        "user", NUMBER, .good.i = 0, .others = {                                                   \
            {{.i = -2}, INVALID},                                                                  \
            {{.i = 4}, INVALID},                                                                   \
            {{.i = INT32_MAX}, INVALID},                                                           \
            {{.i = DIFFMM_NEW_USER}, OK, ""}                                                       \
        }                                                                                          \
    }
#define AN_ID                                                                                      \
    {                                                                                              \
        "id", TEXT, .good.in = "0", .others = {                                                    \
            {{.in = ""}, NOT_FOUND, "''"},                                                         \
            {{.in = "4"}, NOT_FOUND, "'4'"}                                                        \
        }                                                                                          \
    }
#define A_QUERY                                                                                    \
    {                                                                                              \
        "query", SETTINGS, .good.in = &query, .bytes = sizeof query, .others = {                   \
            {{.in = &no_count}, INVALID, "count is 0"},                                            \
            {{.in = &reserved}, INVALID, "reserved"},                                              \
            {{.in = &no_list}, INVALID, "exclude"},                                                \
            {{.in = &not_items}, INVALID, "candidates[2]"},                                        \
            {{.in = &few_bits}, INVALID, "allowed"},                                               \
            {{.in = &no_score}, INVALID, "min_score"}                                              \
        }                                                                                          \
    }
#define A_COUNT                                                                                    \
    {                                                                                              \
        "count", SIZE, .good.n = 3, .others = { {{.n = 0}, OK, ""} }                               \
    }
#define SOME_ITEMS(required)                                                                       \
    {                                                                                              \
        "items", DATA, !required, .good.in = numbers, .bytes = sizeof numbers, .others = {         \
            {{.in = negative}, INVALID},                                                           \
            {{.in = beyond}, INVALID},                                                             \
            {{.in = huge}, INVALID}                                                                \
        }                                                                                          \
    }
#define AN_EMBEDDING                                                                               \
    {                                                                                              \
        "embedding", DATA, .good.in = embedding, .bytes = sizeof embedding, .others = {            \
            {{.in = no_number}, NUMERIC},                                                          \
            {{.in = infinite}, NUMERIC}                                                            \
        }                                                                                          \
    }
#define HITS                                                                                       \
    {                                                                                              \
        "hits", OUT, .bytes = best * sizeof(diffmm_hit)                                            \
    }
#define FOUND                                                                                      \
    {                                                                                              \
        "found", OUT, .bytes = sizeof(size_t)                                                      \
    }
#define A_SIMILARITY                                                                               \
    {                                                                                              \
        "similarity", NUMBER, .good.i = DIFFMM_DOT, .others = {                                    \
            {{.i = -1}, INVALID},                                                                  \
            {{.i = 2}, INVALID}                                                                    \
        }                                                                                          \
    }

static struct entry entries[] = {
    {"diffmm_scorer_create", create,
     .arguments = {{"model", MODEL}, {"out", MADE, .made = SCORER}}},
    {"diffmm_scorer_open", open_path,
     .arguments = {{"context", CONTEXT},
                   {"path", TEXT, .good.in = "model.safetensors",
                    .others = {{{.in = ""}, IO, "No such file"},
                               {{.in = "no-such"}, IO, "no-such"},
                               {{.in = "clicks.tsv"}, FORMAT, "clicks.tsv"}}},
                   {"out", MADE, .made = SCORER}}},
    {"diffmm_scorer_open_memory", open_memory,
     .arguments = {{"context", CONTEXT},
                   {"data", DATA},
                   {"size", SIZE,
                    .others = {{{.n = 0}, FORMAT, "data"},
                               {{.n = 7}, FORMAT, "data"},
                               {{.n = 100}, FORMAT, "data"}}},
                   {"out", MADE, .made = SCORER}}},
    {"diffmm_scorer_destroy", destroy, true, .arguments = {{"scorer", SCORER, true, .ends = true}}},
    {"diffmm_scorer_users", count_users, true, {A_SCORER}},
    {"diffmm_scorer_items", count_items, true, {A_SCORER}},
    {"diffmm_scorer_dimensions", dimensions, true, {A_SCORER}},
    {"diffmm_scorer_user_id", user_id, true, {A_SCORER, A_PLACE("user")}},
    {"diffmm_scorer_item_id", item_id, true, {A_SCORER, A_PLACE("item")}},
    {"diffmm_scorer_item_ids", item_ids,
     .arguments = {A_SCORER,
                   {"count", SIZE, .good.n = 3, .others = {{{.n = 0}, OK, ""}}},
                   {"items", DATA, .good.in = numbers, .bytes = sizeof numbers,
                    .others = {{{.in = negative}, INVALID, "items[2] is -1"},
                               {{.in = beyond}, INVALID, "items[2] is 4"}}},
                   {"text", OUT, true, .bytes = 16},
                   {"capacity", SIZE, .good.n = 16, .others = {{{.n = 1}, INVALID, "capacity"}}},
                   {"size", OUT, .bytes = sizeof(size_t)}}},
    {"diffmm_scorer_describe", describe,
     .arguments = {A_SCORER, {"out", FILLED, .bytes = sizeof(diffmm_scorer_info)}}},
    {"diffmm_scorer_set_search", set_search,
     .arguments = {A_SCORER,
                   {"search", NUMBER, .good.i = DIFFMM_SEARCH_FIRST_PASS,
                    .others = {{{.i = -1}, INVALID}, {{.i = 3}, INVALID}}}}},
    {"diffmm_search_bytes",
     search_bytes,
     true,
     {{"items", SIZE, .good.n = 20000, .others = {{{.n = 100}, INVALID}}},
      {"dimensions", SIZE, .good.n = 64, .others = {{{.n = 8}, INVALID}}},
      {"embedding_size", SIZE, .good.n = 64, .others = {{{.n = 0}, OK, ""}}},
      {"search", NUMBER, .good.i = DIFFMM_SEARCH_AUTO,
       .others = {{{.i = DIFFMM_SEARCH_FLAT}, INVALID}, {{.i = 3}, INVALID}}}}},
    {"diffmm_scorer_find_user", find_user,
     .arguments = {A_SCORER, AN_ID, {"user", OUT, .bytes = sizeof(int32_t)}}},
    {"diffmm_scorer_find_item", find_item,
     .arguments = {A_SCORER, AN_ID, {"item", OUT, .bytes = sizeof(int32_t)}}},
    {"diffmm_scorer_seen", seen,
     .arguments = {A_SCORER,
                   A_PLACE("user"),
                   {"items", OUT, .bytes = sizeof(void *)},
                   {"count", OUT, .bytes = sizeof(size_t)}}},
    {"diffmm_score", score,
     .arguments = {A_SCORER,
                   A_PLACE("user"),
                   A_COUNT,
                   SOME_ITEMS(false),
                   {"out", OUT, .bytes = 3 * sizeof(float)}}},
    {"diffmm_score_embedding", score_embedding,
     .arguments = {A_SCORER,
                   AN_EMBEDDING,
                   A_COUNT,
                   SOME_ITEMS(false),
                   {"out", OUT, .bytes = 3 * sizeof(float)}}},
    {"diffmm_recommend", recommend, .arguments = {A_SCORER, A_PLACE("user"), A_QUERY, HITS, FOUND}},
    {"diffmm_recommend_users", recommend_users,
     .arguments = {A_SCORER,
                   {"user_count", SIZE, .good.n = 3, .others = {{{.n = 0}, OK, ""}}},
                   {"users", DATA, true, .good.in = numbers, .bytes = sizeof numbers,
                    .others = {{{.in = negative}, INVALID},
                               {{.in = beyond}, INVALID},
                               {{.in = huge}, INVALID}}},
                   A_QUERY,
                   {"hits", OUT, .bytes = 3 * best * sizeof(diffmm_hit)},
                   {"found", OUT, .bytes = 3 * sizeof(size_t)}}},
    {"diffmm_recommend_arrow", recommend_arrow,
     .arguments = {A_SCORER,
                   {"user_count", SIZE, .good.n = 3, .others = {{{.n = 0}, OK, ""}}},
                   {"users", DATA, true, .good.in = numbers, .bytes = sizeof numbers,
                    .others = {{{.in = negative}, INVALID},
                               {{.in = beyond}, INVALID},
                               {{.in = huge}, INVALID}}},
                   A_QUERY,
                   {"out", OUT, .bytes = sizeof(struct ArrowArrayStream)}}},
    {"diffmm_scorer_export_arrow", export_arrow,
     .arguments = {A_SCORER,
                   {"side", NUMBER, .good.i = DIFFMM_ITEMS,
                    .others = {{{.i = -1}, INVALID}, {{.i = 2}, INVALID}}},
                   {"out", OUT, .bytes = sizeof(struct ArrowArrayStream)}}},
    {"diffmm_scorer_export_arrow_for", export_arrow_for,
     .arguments = {A_SCORER,
                   {"side", NUMBER, .good.i = DIFFMM_ITEMS,
                    .others = {{{.i = -1}, INVALID}, {{.i = 2}, INVALID}}},
                   {"index", NUMBER, .good.i = DIFFMM_INDEX_L2,
                    .others = {{{.i = -1}, INVALID}, {{.i = 2}, INVALID}}},
                   {"out", OUT, .bytes = sizeof(struct ArrowArrayStream)}}},
    {"diffmm_popular_items", popular_items, .arguments = {A_SCORER, A_QUERY, HITS, FOUND}},
    {"diffmm_recommend_all", recommend_all,
     .arguments = {A_SCORER,
                   A_QUERY,
                   {"function", CALLBACK, .good.on_hits = take},
                   {"user_data", CALLBACK, true}}},
    {"diffmm_recommend_embedding", recommend_embedding,
     .arguments = {A_SCORER, AN_EMBEDDING, A_QUERY, HITS, FOUND}},
    {"diffmm_fold_in", fold_in,
     .arguments = {A_SCORER,
                   A_USER_OR_NEW,
                   A_COUNT,
                   SOME_ITEMS(true),
                   {"out", OUT, .bytes = d * sizeof(float)}}},
    {"diffmm_similar_items", similar_items,
     .arguments = {A_SCORER, A_PLACE("item"), A_SIMILARITY, A_QUERY, HITS, FOUND}},
    {"diffmm_similar_users", similar_users,
     .arguments = {A_SCORER, A_PLACE("user"), A_SIMILARITY, A_QUERY, HITS, FOUND}},
    {"diffmm_scorer_modalities", modalities, true, {A_SCORER}},
    {"diffmm_scorer_modality_name",
     modality_name,
     true,
     {A_SCORER,
      {"index", SIZE, .good.n = 0, .others = {{{.n = 1}, INVALID}, {{.n = (size_t)-1}, INVALID}}}}},
    {"diffmm_scorer_modality_weights", modality_weights,
     .arguments = {A_SCORER, {"weights", OUT, .bytes = sizeof(float)}}},
    {"diffmm_explain", explain,
     .arguments = {A_SCORER,
                   A_USER_OR_NEW,
                   A_COUNT,
                   SOME_ITEMS(true),
                   A_PLACE("item"),
                   {"out", SETTINGS, .good.in = &explanation, .bytes = sizeof explanation}}},
};

struct table table_serving(void)
{
    give_file(entries, sizeof entries / sizeof *entries, model_file);
    return (struct table){entries, sizeof entries / sizeof *entries};
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* rerank.h */
#include "table.h"

static diffmm_status diversify(const union value *v)
{
    return diffmm_diversify(v[0].in, v[1].in, v[2].r, v[3].n, v[4].in, v[5].n, v[6].p, v[7].p,
                            v[8].p);
}

static diffmm_status limit_groups(const union value *v)
{
    return diffmm_limit_groups(v[0].n, v[1].in, v[2].n, v[3].n, v[4].in, v[5].n, v[6].p, v[7].p);
}

static diffmm_status merge_hits(const union value *v)
{
    return diffmm_merge_hits(v[0].r, v[1].n, v[2].in, v[3].n, v[4].in, v[5].n, v[6].p, v[7].p);
}

static diffmm_status explore(const union value *v)
{
    return diffmm_explore(v[0].r, v[1].n, v[2].n, v[3].n, v[4].in, v[5].n, v[6].p, v[7].p, v[8].p);
}

enum { some = 3, wanted = 2 };
static const diffmm_hit ranked[some] = {{3, 2}, {0, 1}, {1, -1}},
                        negative[some] = {{3, 2}, {0, 1}, {-1, 1}},
                        beyond[some] = {{3, 2}, {0, 1}, {4, 1}},
                        no_number[some] = {{3, 2}, {0, 1}, {1, NAN}},
                        infinite[some] = {{3, 2}, {0, 1}, {1, INFINITY}};
static const int32_t groups[items] = {0, -1, 5, 0}, no_group[items] = {0, -1, 5, -2};

#define A_HIT_COUNT(what)                                                                          \
    {                                                                                              \
        what, SIZE, .good.n = some, .others = {                                                    \
            {{.n = 0}, OK, ""},                                                                    \
            {{.n = (size_t)-1}, INVALID, "hits are more than"}                                     \
        }                                                                                          \
    }
#define A_COUNT                                                                                    \
    {                                                                                              \
        "count", SIZE, .good.n = wanted, .others = { {{.n = 0}, OK, ""} }                          \
    }
/* By what the scores are: NUMERIC where they must be finite, OK where they do not matter. */
#define SOME_HITS(what, too_large, scores)                                                         \
    {                                                                                              \
        what, DATA, .good.in = ranked, .bytes = sizeof ranked, .others = {                         \
            {{.in = negative}, INVALID, what "[2].item is -1"},                                    \
            {{.in = beyond}, too_large, too_large == OK ? "" : what "[2].item is 4"},              \
            {{.in = no_number}, scores, scores == OK ? "" : what "[2].score"},                     \
            {{.in = infinite}, scores, scores == OK ? "" : what "[2].score"}                       \
        }                                                                                          \
    }
#define A_PART(what)                                                                               \
    {                                                                                              \
        what, REAL, .good.r = 0.5, .others = {                                                     \
            {{.r = 0}, OK, ""},                                                                    \
            {{.r = 1}, OK, ""},                                                                    \
            {{.r = -0.001}, INVALID},                                                              \
            {{.r = 1.001}, INVALID},                                                               \
            {{.r = NAN}, INVALID}                                                                  \
        }                                                                                          \
    }
#define OUT_HITS                                                                                   \
    {                                                                                              \
        "out", OUT, .bytes = wanted * sizeof(diffmm_hit)                                           \
    }
#define FOUND                                                                                      \
    {                                                                                              \
        "found", OUT, .bytes = sizeof(size_t)                                                      \
    }

static const struct entry entries[] = {
    {"diffmm_diversify", diversify,
     .arguments = {{"scorer", SCORER},
                   {"modality", TEXT, true, .good.in = "image",
                    .others = {{{.in = ""}, NOT_FOUND, "''"}, {{.in = "smell"}, NOT_FOUND}}},
                   A_PART("lambda"),
                   A_HIT_COUNT("hit_count"),
                   SOME_HITS("hits", INVALID, NUMERIC),
                   A_COUNT,
                   {"scratch", OUT, .bytes = 2 * some * sizeof(double)},
                   OUT_HITS,
                   FOUND}},
    {"diffmm_limit_groups", limit_groups,
     .arguments = {{"item_count", SIZE, .good.n = items,
                    .others = {{{.n = 0}, INVALID, "hits[0].item is 3"}}},
                   {"groups", DATA, .good.in = groups, .bytes = sizeof groups,
                    .others = {{{.in = no_group}, INVALID, "groups[3] is -2"}}},
                   {"most", SIZE, .good.n = 1,
                    .others = {{{.n = 0}, INVALID}, {{.n = (size_t)-1}, OK, ""}}},
                   A_HIT_COUNT("hit_count"),
                   SOME_HITS("hits", INVALID, OK),
                   A_COUNT,
                   OUT_HITS,
                   FOUND}},
    {"diffmm_merge_hits", merge_hits,
     .arguments = {A_PART("share"), A_HIT_COUNT("first_count"), SOME_HITS("first", OK, OK),
                   A_HIT_COUNT("second_count"), SOME_HITS("second", OK, OK), A_COUNT, OUT_HITS,
                   FOUND}},
    {"diffmm_explore", explore,
     .arguments = {{"temperature", REAL, .good.r = 0.5,
                    .others = {{{.r = 0}, OK, ""},
                               {{.r = -1}, INVALID},
                               {{.r = NAN}, INVALID},
                               {{.r = INFINITY}, INVALID},
                               {{.r = 1e39}, INVALID}}},
                   {"seed", SIZE, .good.n = 1, .others = {{{.n = (size_t)-1}, OK, ""}}},
                   {"stream", SIZE, .good.n = 1, .others = {{{.n = (size_t)-1}, INVALID}}},
                   A_HIT_COUNT("hit_count"),
                   SOME_HITS("hits", OK, NUMERIC),
                   A_COUNT,
                   {"scratch", OUT, .bytes = wanted * sizeof(double)},
                   OUT_HITS,
                   FOUND}},
};

struct table table_rerank(void)
{
    return (struct table){entries, sizeof entries / sizeof *entries};
}

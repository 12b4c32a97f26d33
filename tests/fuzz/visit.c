/* SPDX-License-Identifier: BSD-2-Clause */
/* What is looked at in handles that came out of fuzzed bytes. */
#include <math.h>
#include <string.h>

#include "fuzz.h"

/* A file of a few bytes may claim a million users: not all are looked at. */
enum { most_visited = 200 };

static size_t few(size_t count)
{
    return count < most_visited ? count : most_visited;
}

static void visit_row(const diffmm_dataset *dataset, diffmm_split split, int32_t user)
{
    const int32_t *items;
    size_t count;
    fuzz_check(diffmm_dataset_row(dataset, split, user, &items, &count) == DIFFMM_OK,
               "a row cannot be read");
    for (size_t i = 0; i < count; i++) {
        fuzz_check(items[i] >= 0 && (size_t)items[i] < diffmm_dataset_items(dataset),
                   "a row has an item that there is not");
        fuzz_check(i == 0 || items[i] > items[i - 1], "a row does not ascend");
    }
}

static void visit_ids(const diffmm_dataset *dataset)
{
    for (size_t i = 0; i < few(diffmm_dataset_items(dataset)); i++) {
        int32_t found = -1;
        const char *id = diffmm_dataset_item_id(dataset, (int32_t)i);
        fuzz_check(id && diffmm_dataset_find_item(dataset, id, &found) == DIFFMM_OK &&
                       found == (int32_t)i,
                   "an item is not found by its id");
    }
    for (size_t u = 0; u < few(diffmm_dataset_users(dataset)); u++) {
        int32_t found = -1;
        const char *id = diffmm_dataset_user_id(dataset, (int32_t)u);
        fuzz_check(id && diffmm_dataset_find_user(dataset, id, &found) == DIFFMM_OK &&
                       found == (int32_t)u,
                   "a user is not found by its id");
    }
}

void fuzz_visit_dataset(diffmm_dataset *dataset)
{
    if (fuzz_status(diffmm_dataset_seal(dataset)))
        return;
    visit_ids(dataset);
    for (size_t u = 0; u < few(diffmm_dataset_users(dataset)); u++)
        for (int split = DIFFMM_TRAIN; split <= DIFFMM_TEST; split++)
            visit_row(dataset, (diffmm_split)split, (int32_t)u);
}

void fuzz_check_hits(const diffmm_scorer *scorer, const diffmm_hit *hits, size_t found,
                     size_t count)
{
    fuzz_check(found <= count, "there are more hits than asked for");
    for (size_t i = 0; i < found; i++) {
        fuzz_check(isfinite(hits[i].score), "a score is not finite");
        fuzz_check(hits[i].item >= 0 && (size_t)hits[i].item < diffmm_scorer_items(scorer),
                   "a hit is no item");
        fuzz_check(i == 0 || hits[i].score < hits[i - 1].score ||
                       (hits[i].score == hits[i - 1].score && hits[i].item > hits[i - 1].item),
                   "the hits are not sorted");
    }
}

static void visit_user(const diffmm_scorer *scorer, int32_t user)
{
    enum { count = 5 };
    const diffmm_query query = {.struct_size = sizeof query, .count = count};
    diffmm_hit hits[count];
    size_t found, seen_count;
    const int32_t *seen;
    fuzz_check(diffmm_recommend(scorer, user, &query, hits, &found) == DIFFMM_OK,
               "a user gets no recommendations");
    fuzz_check_hits(scorer, hits, found, count);
    fuzz_check(diffmm_scorer_seen(scorer, user, &seen, &seen_count) == DIFFMM_OK,
               "a user's items cannot be read");
    for (size_t i = 0; i < found; i++) {
        float score;
        fuzz_check(diffmm_score(scorer, user, 1, &hits[i].item, &score) == DIFFMM_OK &&
                       score == hits[i].score,
                   "a hit has another score than its item");
        for (size_t s = 0; s < seen_count; s++)
            fuzz_check(seen[s] != hits[i].item, "a hit was seen before");
    }
}

void fuzz_visit_scorer(const diffmm_scorer *scorer)
{
    for (size_t u = 0; u < few(diffmm_scorer_users(scorer)); u++) {
        int32_t found = -1;
        const char *id = diffmm_scorer_user_id(scorer, (int32_t)u);
        fuzz_check(id && diffmm_scorer_find_user(scorer, id, &found) == DIFFMM_OK &&
                       found == (int32_t)u,
                   "a user is not found by its id");
        visit_user(scorer, (int32_t)u);
    }
    for (size_t i = 0; i < few(diffmm_scorer_items(scorer)); i++) {
        const char *id = diffmm_scorer_item_id(scorer, (int32_t)i);
        fuzz_check(id && strlen(id) > 0, "an item has no id");
    }
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Selection and ranking metrics on plain arrays. */
#include "evaluation/metrics.h"

#include <math.h>
#include <stdbool.h>

#include "base/ascending.h"
#include "base/check.h"
#include "base/memory.h"
#include "base/status.h"

/* Indices in [0, limit), ascending, perhaps repeated. */
static diffmm_status check_ascending(const char *name, size_t count, const int32_t *indices,
                                     size_t limit)
{
    for (size_t i = 0; i < count; i++) {
        if (indices[i] < 0 || (size_t)indices[i] >= limit)
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "%s[%zu] is %d, not below %zu", name,
                                i, indices[i], limit);
        if (i > 0 && indices[i] < indices[i - 1])
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                "%s[%zu] is %d, below the one before it: it must ascend", name, i,
                                indices[i]);
    }
    return DIFFMM_OK;
}

/* Offer all scores but the excluded ones, stretch by stretch. */
static void push_stretches(struct diffmm__topk *topk, size_t score_count, const float *scores,
                           size_t exclude_count, const int32_t *exclude)
{
    size_t begin = 0;
    for (size_t i = 0; i < exclude_count; i++) {
        size_t end = (size_t)exclude[i];
        if (end > begin)
            diffmm__topk_push(topk, begin, end - begin, scores + begin);
        begin = end + 1;
    }
    if (score_count > begin)
        diffmm__topk_push(topk, begin, score_count - begin, scores + begin);
}

static diffmm_status check_top_k(size_t score_count, const float *scores, size_t exclude_count,
                                 const int32_t *exclude, size_t count, const int32_t *indices,
                                 const size_t *found)
{
    if (!scores && score_count > 0)
        return diffmm__null("scores");
    if (!exclude && exclude_count > 0)
        return diffmm__null("exclude");
    if (!indices && count > 0)
        return diffmm__null("indices");
    if (!found)
        return diffmm__null("found");
    if (score_count > INT32_MAX)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "score_count is %zu, above %d",
                            score_count, INT32_MAX);
    return check_ascending("exclude", exclude_count, exclude, score_count);
}

diffmm_status diffmm_top_k(size_t score_count, const float *scores, size_t exclude_count,
                           const int32_t *exclude, size_t count, int32_t *indices, float *values,
                           size_t *found)
{
    diffmm_status status =
        check_top_k(score_count, scores, exclude_count, exclude, count, indices, found);
    if (status)
        return status;
    size_t capacity = count < score_count ? count : score_count;
    struct diffmm__ranked *entries = diffmm__allocate(NULL, capacity, sizeof *entries);
    if (!entries)
        return DIFFMM_ERROR_NO_MEMORY;
    struct diffmm__topk topk = diffmm__topk_begin(entries, capacity);
    push_stretches(&topk, score_count, scores, exclude_count, exclude);
    size_t kept = diffmm__topk_finish(&topk);
    for (size_t i = 0; i < kept; i++) {
        indices[i] = entries[i].index;
        if (values)
            values[i] = entries[i].score;
    }
    *found = kept;
    diffmm__release(NULL, entries);
    return DIFFMM_OK;
}

void diffmm__metrics_of_user(size_t ranked_count, const struct diffmm__ranked *ranked,
                             size_t held_count, const int32_t *held, size_t cutoff,
                             struct diffmm__user_metrics *out)
{
    size_t hits = 0, length = ranked_count < cutoff ? ranked_count : cutoff;
    double gain = 0, ideal = 0;
    for (size_t rank = 0; rank < length; rank++) {
        if (!diffmm__ascending_has(held_count, held, ranked[rank].index))
            continue;
        hits++;
        gain += 1 / log2((double)rank + 2);
    }
    for (size_t rank = 0; rank < cutoff && rank < held_count; rank++)
        ideal += 1 / log2((double)rank + 2);
    out->recall = (double)hits / (double)held_count;
    out->precision = (double)hits / (double)cutoff;
    out->ndcg = gain / ideal;
}

/* The place of an item in a ranking that has it, looked for from `begin` on. */
static size_t place_of(const int32_t *ranked, size_t begin, int32_t item)
{
    while (ranked[begin] != item)
        begin++;
    return begin;
}

/* The items of a ranking are distinct: a hit that came twice would count twice. */
static diffmm_status check_distinct(size_t count, const int32_t *ranked)
{
    struct diffmm__ascending list;
    diffmm_status status = diffmm__ascending_begin(NULL, count, ranked, &list);
    for (size_t i = 1; i < count && !status; i++)
        if (list.numbers[i] == list.numbers[i - 1]) {
            size_t first = place_of(ranked, 0, list.numbers[i]);
            status =
                diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                             "ranked[%zu] is %d, as is ranked[%zu]: an item has one rank",
                             place_of(ranked, first + 1, list.numbers[i]), list.numbers[i], first);
        }
    diffmm__ascending_end(NULL, &list);
    return status;
}

static diffmm_status check_ranking(size_t ranked_count, const int32_t *ranked, size_t held_count,
                                   const int32_t *held, size_t cutoff, const diffmm_metrics *out)
{
    if (!held)
        return diffmm__null("held");
    if (!out)
        return diffmm__null("out");
    if (held_count == 0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "held_count is 0");
    if (cutoff == 0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "cutoff is 0");
    size_t limit = (size_t)INT32_MAX + 1;
    diffmm_status status = diffmm__check_numbers("ranked", ranked, ranked_count, limit);
    if (!status)
        status = check_ascending("held", held_count, held, limit);
    return status ? status : check_distinct(ranked_count, ranked);
}

/* The distinct numbers of an ascending list; returns how many. */
static size_t copy_distinct(size_t count, const int32_t *ascending, int32_t *out)
{
    size_t distinct = 0;
    for (size_t i = 0; i < count; i++)
        if (i == 0 || ascending[i] != ascending[i - 1])
            out[distinct++] = ascending[i];
    return distinct;
}

diffmm_status diffmm_ranking_metrics(size_t ranked_count, const int32_t *ranked, size_t held_count,
                                     const int32_t *held, size_t cutoff, diffmm_metrics *out)
{
    diffmm_status status = check_ranking(ranked_count, ranked, held_count, held, cutoff, out);
    if (status)
        return status;
    size_t length = ranked_count < cutoff ? ranked_count : cutoff;
    struct diffmm__arena arena = diffmm__arena_on(NULL);
    struct diffmm__ranked *entries = diffmm__arena_take(&arena, length, sizeof *entries);
    int32_t *distinct = diffmm__arena_take(&arena, held_count, sizeof *distinct);
    if (arena.failed) {
        diffmm__arena_end(&arena);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; i < length; i++)
        entries[i] = (struct diffmm__ranked){.index = ranked[i]};
    struct diffmm__user_metrics user;
    diffmm__metrics_of_user(length, entries, copy_distinct(held_count, held, distinct), distinct,
                            cutoff, &user);
    *out = (diffmm_metrics){.cutoff = cutoff,
                            .users = 1,
                            .recall = user.recall,
                            .precision = user.precision,
                            .ndcg = user.ndcg};
    diffmm__arena_end(&arena);
    return DIFFMM_OK;
}

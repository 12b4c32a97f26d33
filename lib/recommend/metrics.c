/* SPDX-License-Identifier: BSD-2-Clause */
/* Selection and ranking metrics on plain arrays. */
#include <math.h>
#include <stdbool.h>

#include "base/memory.h"
#include "base/status.h"
#include "linalg/topk.h"
#include "recommend/evaluate.h"

/* Indices in [0, limit), ascending; repetition is harmless. */
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

/* Offer all scores but the excluded ones: the stretches between them. */
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

static bool is_held(size_t count, const int32_t *held, int32_t item)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (held[middle] < item)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && held[low] == item;
}

/* DCG = sum over hits of 1 / log2(rank + 2), rank from 0; the ideal has its hits first. */
void diffmm__user_metrics(size_t ranked_count, const struct diffmm__ranked *ranked,
                          size_t held_count, const int32_t *held, size_t cutoff,
                          struct diffmm__user_metrics *out)
{
    size_t hits = 0, length = ranked_count < cutoff ? ranked_count : cutoff;
    double gain = 0, ideal = 0;
    for (size_t rank = 0; rank < length; rank++) {
        if (!is_held(held_count, held, ranked[rank].index))
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

static diffmm_status check_ranking(size_t ranked_count, const int32_t *ranked, size_t held_count,
                                   const int32_t *held, size_t cutoff, const diffmm_metrics *out)
{
    if (!ranked && ranked_count > 0)
        return diffmm__null("ranked");
    if (!held)
        return diffmm__null("held");
    if (!out)
        return diffmm__null("out");
    if (held_count == 0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "held_count is 0");
    if (cutoff == 0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "cutoff is 0");
    return check_ascending("held", held_count, held, (size_t)INT32_MAX + 1);
}

diffmm_status diffmm_ranking_metrics(size_t ranked_count, const int32_t *ranked, size_t held_count,
                                     const int32_t *held, size_t cutoff, diffmm_metrics *out)
{
    diffmm_status status = check_ranking(ranked_count, ranked, held_count, held, cutoff, out);
    if (status)
        return status;
    size_t length = ranked_count < cutoff ? ranked_count : cutoff;
    struct diffmm__ranked *entries = diffmm__allocate(NULL, length, sizeof *entries);
    if (!entries)
        return DIFFMM_ERROR_NO_MEMORY;
    for (size_t i = 0; i < length; i++)
        entries[i] = (struct diffmm__ranked){.index = ranked[i]};
    struct diffmm__user_metrics user;
    diffmm__user_metrics(length, entries, held_count, held, cutoff, &user);
    *out = (diffmm_metrics){.cutoff = cutoff,
                            .users = 1,
                            .recall = user.recall,
                            .precision = user.precision,
                            .ndcg = user.ndcg};
    diffmm__release(NULL, entries);
    return DIFFMM_OK;
}

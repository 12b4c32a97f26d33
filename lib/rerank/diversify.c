/* SPDX-License-Identifier: BSD-2-Clause */
/* Maximal marginal relevance (Carbonell and Goldstein, The Use of MMR, Diversity-Based Reranking for
 * Reordering Documents and Producing Summaries, SIGIR 1998). */
#include <diffmm/rerank.h>

#include <math.h>
#include <string.h>

#include "base/status.h"
#include "linalg/kernels.h"
#include "rerank/hits.h"
#include "serve/scorer.h"

/* What items are compared by: d floats of each of the rows, which are `stride` apart. */
struct space {
    const float *rows;
    size_t d, stride;
};

/* Stands in the place of a similarity, which is at most 1: the hit has been taken. */
static const double taken = 2.0;

/* The hits that are left, and how they compare with those taken. */
struct marginal {
    const struct diffmm__vector_kernels *kernels;
    struct space space;
    const diffmm_hit *hits;
    size_t count;
    double lambda, lowest, range; /* of the scores */
    double *length, *nearest;     /* of each item's row; the largest cosine with those taken */
};

static diffmm_status find_modality(const diffmm_scorer *scorer, const char *modality,
                                   struct space *out)
{
    diffmm_status status = diffmm__scorer_check_fold_in(scorer);
    if (status)
        return status;
    const struct diffmm__fold_in_state *state = scorer->fold_in;
    for (size_t m = 0; m < state->modality_count; m++)
        if (strcmp(state->names[m], modality) == 0) {
            *out = (struct space){state->content[m], scorer->d, scorer->d};
            return DIFFMM_OK;
        }
    return diffmm__fail(DIFFMM_ERROR_NOT_FOUND, "the model has no modality '%.64s'", modality);
}

static const float *row_of(const struct marginal *marginal, size_t i)
{
    return marginal->space.rows + (size_t)marginal->hits[i].item * marginal->space.stride;
}

static double dot(const struct marginal *marginal, size_t i, size_t j)
{
    return marginal->kernels->dot(marginal->space.d, row_of(marginal, i), row_of(marginal, j));
}

static double cosine(const struct marginal *marginal, size_t i, size_t j)
{
    double lengths = marginal->length[i] * marginal->length[j];
    return lengths > 0.0 ? fmin(dot(marginal, i, j) / lengths, 1.0) : 0.0;
}

/* There is a hit; scratch has two numbers for each. */
static void begin(struct marginal *marginal, double *scratch)
{
    marginal->length = scratch;
    marginal->nearest = scratch + marginal->count;
    double lowest = (double)marginal->hits[0].score, highest = lowest;
    for (size_t i = 0; i < marginal->count; i++) {
        lowest = fmin(lowest, (double)marginal->hits[i].score);
        highest = fmax(highest, (double)marginal->hits[i].score);
        marginal->length[i] = sqrt(dot(marginal, i, i));
        marginal->nearest[i] = 0.0;
    }
    marginal->lowest = lowest;
    marginal->range = highest - lowest;
}

static double relevance(const struct marginal *marginal, size_t i)
{
    return marginal->range > 0.0
               ? ((double)marginal->hits[i].score - marginal->lowest) / marginal->range
               : 1.0;
}

/* Of those left, the one with the largest marginal relevance. */
static size_t find_best(const struct marginal *marginal)
{
    double largest = -INFINITY;
    size_t best = 0;
    for (size_t i = 0; i < marginal->count; i++) {
        if (marginal->nearest[i] == taken)
            continue;
        double value = marginal->lambda * relevance(marginal, i) -
                       (1.0 - marginal->lambda) * marginal->nearest[i];
        if (value > largest) {
            largest = value;
            best = i;
        }
    }
    return best;
}

static void take(struct marginal *marginal, size_t best, bool first)
{
    marginal->nearest[best] = taken;
    for (size_t i = 0; i < marginal->count; i++) {
        if (marginal->nearest[i] == taken)
            continue;
        double similarity = cosine(marginal, i, best);
        marginal->nearest[i] = first ? similarity : fmax(marginal->nearest[i], similarity);
    }
}

static diffmm_status check(const diffmm_scorer *scorer, double lambda, size_t hit_count,
                           const diffmm_hit *hits, size_t count, const double *scratch,
                           const diffmm_hit *out, const size_t *found)
{
    if (!scorer)
        return diffmm__null("scorer");
    if (!(isgreaterequal(lambda, 0.0) && islessequal(lambda, 1.0)))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "lambda is %g, not within [0, 1]",
                            lambda);
    diffmm_status status =
        diffmm__hits_check("hits", hit_count, hits, scorer->catalog->items, true);
    if (!status && !scratch && hit_count > 0)
        status = diffmm__null("scratch");
    return status ? status : diffmm__hits_check_out(count, out, found);
}

diffmm_status diffmm_diversify(const diffmm_scorer *scorer, const char *modality, double lambda,
                               size_t hit_count, const diffmm_hit *hits, size_t count,
                               double *scratch, diffmm_hit *out, size_t *found)
{
    diffmm_status status = check(scorer, lambda, hit_count, hits, count, scratch, out, found);
    if (status)
        return status;
    struct marginal marginal = {.kernels = diffmm__kernels(),
                                .space = {scorer->items, scorer->d, scorer->width},
                                .hits = hits,
                                .count = hit_count,
                                .lambda = lambda};
    if (modality)
        status = find_modality(scorer, modality, &marginal.space);
    if (status)
        return status;
    size_t wanted = count < hit_count ? count : hit_count;
    if (wanted > 0)
        begin(&marginal, scratch);
    for (size_t n = 0; n < wanted; n++) {
        size_t best = find_best(&marginal);
        out[n] = hits[best];
        take(&marginal, best, n == 0);
    }
    *found = wanted;
    return DIFFMM_OK;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Similar items and similar users: one row of final embeddings is compared with all others, each
 * read once; for the cosine, a row's length is computed while the row is in the cache. A product of
 * two users or two items may exceed the largest float, which a score never does: such products are
 * computed in doubles, and cut off at the largest float.
 *
 * With a blend, rows are compared by the recommender's final embeddings, which come first: what
 * follows is in another space, and its scale in a user's row is a weight. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/status.h"
#include "serve/ranking_one.h"

struct likeness {
    const struct diffmm__vector_kernels *kernels;
    size_t d, width; /* what is compared: d floats, of rows of `width` */
    const float *rows, *vector;
    double length; /* of the vector; 0: the dot product is wanted */
};

static float likeness_of(const struct likeness *likeness, const float *row)
{
    double dot = likeness->kernels->dot(likeness->d, likeness->vector, row);
    double length = sqrt(likeness->kernels->dot(likeness->d, row, row));
    return length > 0.0 ? (float)(dot / (likeness->length * length)) : 0.0f;
}

static void cosines(const void *source, size_t first, const int32_t *numbers, size_t count,
                    float *scores)
{
    const struct likeness *likeness = source;
    for (size_t i = 0; i < count; i++) {
        size_t number = numbers ? (size_t)numbers[i] : first + i;
        scores[i] = likeness_of(likeness, likeness->rows + number * likeness->width);
    }
}

static void dots(const void *source, size_t first, const int32_t *numbers, size_t count,
                 float *scores)
{
    const struct likeness *likeness = source;
    for (size_t i = 0; i < count; i++) {
        size_t number = numbers ? (size_t)numbers[i] : first + i;
        scores[i] = likeness->kernels->dot_float(likeness->d, likeness->vector,
                                                 likeness->rows + number * likeness->width);
    }
}

/* The same where a product may exceed the largest float. */
static void limited_dots(const void *source, size_t first, const int32_t *numbers, size_t count,
                         float *scores)
{
    const struct likeness *likeness = source;
    for (size_t i = 0; i < count; i++) {
        size_t number = numbers ? (size_t)numbers[i] : first + i;
        double dot = likeness->kernels->dot(likeness->d, likeness->vector,
                                            likeness->rows + number * likeness->width);
        scores[i] = (float)fmax(-(double)FLT_MAX, fmin(dot, (double)FLT_MAX));
    }
}

/* Nothing is similar to a row of zeros. */
static void zeros(const void *source, size_t first, const int32_t *numbers, size_t count,
                  float *scores)
{
    (void)source;
    (void)first;
    (void)numbers;
    memset(scores, 0, count * sizeof *scores);
}

static diffmm_status check_similarity(diffmm_similarity similarity)
{
    if (similarity != DIFFMM_COSINE && similarity != DIFFMM_DOT)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "similarity is %d, not DIFFMM_COSINE or DIFFMM_DOT", (int)similarity);
    return DIFFMM_OK;
}

/* `row_norm` is the largest norm of the rows. */
static diffmm_status rank(struct diffmm__query_plan *plan, const float *rows, double row_norm,
                          int32_t number, diffmm_similarity similarity, diffmm_hit *hits,
                          size_t *found)
{
    size_t d = plan->scorer->d, width = plan->scorer->width;
    struct likeness likeness = {plan->kernels, d, width, rows, rows + (size_t)number * width, 0.0};
    struct diffmm__ranking ranking = diffmm__ranking_of(plan, likeness.vector, hits);
    diffmm__score_function score =
        diffmm__score_range_holds(d, likeness.vector, row_norm) ? dots : limited_dots;
    if (similarity == DIFFMM_COSINE) {
        likeness.length = sqrt(plan->kernels->dot(d, likeness.vector, likeness.vector));
        score = likeness.length > 0.0 ? cosines : zeros;
    }
    ranking.seen = &number; /* not itself */
    ranking.seen_end = &number + 1;
    ranking.score = score;
    ranking.source = &likeness;
    ranking.cosine = similarity == DIFFMM_COSINE;
    return diffmm__ranking_run_one(plan, &ranking, hits, found);
}

/* Among `total` rows, called `what`, of which there may be a first pass. */
static diffmm_status similar(const diffmm_scorer *scorer, const float *rows, double row_norm,
                             const struct diffmm__first_pass *first_pass, size_t total,
                             const char *what, int32_t number, diffmm_similarity similarity,
                             const diffmm_query *query, diffmm_hit *hits, size_t *found)
{
    struct diffmm__query_plan plan;
    diffmm_status status = check_similarity(similarity);
    if (status)
        return status;
    status = diffmm__query_plan_begin(&plan, scorer, total, what, query);
    plan.first_pass = first_pass;
    if (!status)
        status = rank(&plan, rows, row_norm, number, similarity, hits, found);
    diffmm__query_plan_end(&plan);
    return status;
}

diffmm_status diffmm_similar_items(const diffmm_scorer *scorer, int32_t item,
                                   diffmm_similarity similarity, const diffmm_query *query,
                                   diffmm_hit *hits, size_t *found)
{
    diffmm_status status = diffmm__ranking_check(scorer, query, hits, found);
    if (!status)
        status = diffmm__scorer_check_item(scorer, item);
    return status ? status
                  : similar(scorer, scorer->items, scorer->norms.item, scorer->search.alike,
                            scorer->catalog->items, "items", item, similarity, query, hits, found);
}

diffmm_status diffmm_similar_users(const diffmm_scorer *scorer, int32_t user,
                                   diffmm_similarity similarity, const diffmm_query *query,
                                   diffmm_hit *hits, size_t *found)
{
    diffmm_status status = diffmm__ranking_check(scorer, query, hits, found);
    if (!status)
        status = diffmm__scorer_check_user(scorer, user);
    return status ? status
                  : similar(scorer, scorer->users, scorer->norms.user, NULL, scorer->catalog->users,
                            "users", user, similarity, query, hits, found);
}

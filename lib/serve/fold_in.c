/* SPDX-License-Identifier: BSD-2-Clause */
/* The recommender's part: modalities + layers + 1 rows of d floats are read for each item. */
#include "serve/fold_in.h"

#include <math.h>
#include <string.h>

#include "base/numbers.h"
#include "base/status.h"
#include "linalg/kernels.h"

static double inverse_size(const struct diffmm__folded *folded)
{
    return 1.0 / (double)(folded->items + 1);
}

/* 1 + 1/s + .. + 1/s^L. */
static double self_loops(const struct diffmm__folded *folded)
{
    double sum = 1.0;
    for (size_t l = 0; l < folded->state->layers; l++)
        sum = 1.0 + sum * inverse_size(folded);
    return sum;
}

float diffmm__fold_in_share(const struct diffmm__folded *folded, size_t layer)
{
    return (float)pow(inverse_size(folded), (double)(folded->state->layers - 1 - layer));
}

/* The next item in ascending order, and whether its edge is new. */
static bool next_item(struct diffmm__folded *walk, int32_t *item, bool *is_new)
{
    bool in_row = walk->row < walk->row_end;
    if (!in_row && walk->more == walk->more_end)
        return false;
    *is_new = !in_row || (walk->more < walk->more_end && *walk->more < *walk->row);
    *item = *is_new ? *walk->more : *walk->row++;
    while (walk->more < walk->more_end && *walk->more == *item)
        walk->more++;
    return true;
}

bool diffmm__fold_in_next(struct diffmm__folded *walk, struct diffmm__edge *edge)
{
    bool is_new;
    if (!next_item(walk, &edge->item, &is_new))
        return false;
    double degree = (double)walk->scorer->degrees[edge->item] + (is_new ? 1.0 : 0.0);
    edge->weight = (float)sqrt(inverse_size(walk) / degree);
    return true;
}

static diffmm_status check(const diffmm_scorer *scorer, int32_t user, size_t count,
                           const int32_t *items)
{
    diffmm_status status = diffmm__scorer_check_fold_in(scorer);
    if (!status && user != DIFFMM_NEW_USER)
        status = diffmm__scorer_check_user(scorer, user);
    return status ? status : diffmm__scorer_check_items(scorer, "items", count, items);
}

diffmm_status diffmm__fold_in_prepare(const diffmm_scorer *scorer, int32_t user, size_t count,
                                      const int32_t *items, struct diffmm__ascending *list,
                                      struct diffmm__folded *out)
{
    list->owned = NULL;
    diffmm_status status = check(scorer, user, count, items);
    if (!status)
        status = diffmm__ascending_begin(scorer->context, count, items, list);
    if (status)
        return status;
    *out = (struct diffmm__folded){.scorer = scorer, .state = scorer->fold_in, .user = user};
    if (count > 0) {
        out->more = list->numbers;
        out->more_end = list->numbers + count;
    }
    if (user != DIFFMM_NEW_USER) {
        const struct diffmm__csr *train = &scorer->catalog->train;
        out->row = train->indices + train->pointers[user];
        out->row_end = train->indices + train->pointers[user + 1];
    }
    struct diffmm__folded walk = *out;
    int32_t item;
    bool is_new;
    while (next_item(&walk, &item, &is_new))
        out->items++;
    return DIFFMM_OK;
}

bool diffmm__fold_in_as_trained(const struct diffmm__folded *folded)
{
    return folded->user != DIFFMM_NEW_USER &&
           folded->items == (size_t)(folded->row_end - folded->row);
}

/* vector += scale * sum_i a_i ((1 + 1/s) X_i + E_i). */
static void add_messages(const struct diffmm__folded *folded, double scale, float *vector)
{
    const struct diffmm__fold_in_state *state = folded->state;
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    size_t d = folded->scorer->d;
    double twice = 1.0 + inverse_size(folded);
    struct diffmm__folded walk = *folded;
    for (struct diffmm__edge edge; diffmm__fold_in_next(&walk, &edge);) {
        size_t row = (size_t)edge.item * d;
        double a = scale * (double)edge.weight;
        for (size_t m = 0; m < state->modality_count; m++)
            kernels->add_scaled(d, (float)(a * twice * (double)state->weights[m]),
                                state->content[m] + row, vector);
        kernels->add_scaled(d, (float)a, state->items + row, vector);
    }
}

/* vector += scale * sum_i a_i P_i. */
static void add_propagated(const struct diffmm__folded *folded, float scale, float *vector)
{
    const struct diffmm__fold_in_state *state = folded->state;
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    size_t d = folded->scorer->d;
    struct diffmm__folded walk = *folded;
    for (struct diffmm__edge edge; diffmm__fold_in_next(&walk, &edge);)
        for (size_t l = 0; l < state->layers; l++)
            kernels->add_scaled(d, scale * edge.weight * diffmm__fold_in_share(folded, l),
                                state->propagated[l] + (size_t)edge.item * d, vector);
}

/* own of a known user as trained: V is parallel to r, and gives its length unless V is 0:
 *
 *     r     = final - sum_i a_i P_i
 *     ||r|| = (1 + 1/s + .. + 1/s^L) ||V|| + ris_lambda */
static void own_as_trained(const struct diffmm__folded *trained, float *own)
{
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    size_t d = trained->scorer->d;
    memcpy(own, diffmm__scorer_user(trained->scorer, trained->user), d * sizeof *own);
    add_propagated(trained, -1.0f, own);
    double length = sqrt(kernels->dot(d, own, own));
    double rest = fmax(length - (double)trained->state->ris_lambda, 0.0);
    kernels->scale(d, length > 0.0 ? (float)(rest / (length * self_loops(trained))) : 0.0f, own);
    add_messages(trained, -1.0, own);
}

/* (1 + 1/s) / s. */
static double own_share(const struct diffmm__folded *folded)
{
    double inverse = inverse_size(folded);
    return (1.0 + inverse) * inverse;
}

void diffmm__fold_in_own(const struct diffmm__folded *folded, float *own)
{
    const struct diffmm__fold_in_state *state = folded->state;
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    size_t d = folded->scorer->d;
    if (folded->user == DIFFMM_NEW_USER) {
        memset(own, 0, d * sizeof *own);
        kernels->add_scaled(d, (float)own_share(folded), state->mean, own);
        return;
    }
    struct diffmm__folded trained = *folded;
    trained.more = trained.more_end;
    trained.items = (size_t)(trained.row_end - trained.row);
    own_as_trained(&trained, own);
    /* G stays; E gets the weight of the larger s. */
    kernels->add_scaled(d, (float)(own_share(folded) - own_share(&trained)),
                        state->users + (size_t)folded->user * d, own);
}

double diffmm__fold_in_gather(const struct diffmm__folded *folded, float *vector)
{
    size_t d = folded->scorer->d;
    add_messages(folded, 1.0, vector);
    double length = sqrt(diffmm__kernels()->dot(d, vector, vector));
    return self_loops(folded) + (double)folded->state->ris_lambda / fmax(length, 1e-12);
}

void diffmm__fold_in_propagate(const struct diffmm__folded *folded, double k, float *vector)
{
    diffmm__kernels()->scale(folded->scorer->d, (float)k, vector);
    add_propagated(folded, 1.0f, vector);
}

diffmm_status diffmm__fold_in_check(const struct diffmm__folded *folded, const float *row)
{
    size_t width = folded->scorer->width;
    if (!diffmm__all_finite(width, row))
        return diffmm__fail(DIFFMM_ERROR_NUMERIC,
                            "the model's item rows give an embedding with NaN or infinity");
    if (!diffmm__score_range_holds(width, row, folded->scorer->norms.item))
        return diffmm__fail(DIFFMM_ERROR_NUMERIC,
                            "the model's item rows give an embedding whose scores overflow");
    return DIFFMM_OK;
}

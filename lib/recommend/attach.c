/* SPDX-License-Identifier: BSD-2-Clause */
#include "recommend/attach.h"

#include <math.h>
#include <string.h>

#include "base/numbers.h"
#include "base/status.h"
#include "linalg/kernels.h"

static double inverse_size(const struct diffmm__attached *attached)
{
    return 1.0 / (double)(attached->items + 1);
}

/* 1 + 1/s + .. + 1/s^L. */
static double self_loops(const struct diffmm__attached *attached)
{
    double sum = 1.0;
    for (size_t l = 0; l < attached->parts->layers; l++)
        sum = 1.0 + sum * inverse_size(attached);
    return sum;
}

float diffmm__attached_share(const struct diffmm__attached *attached, size_t layer)
{
    return (float)pow(inverse_size(attached), (double)(attached->parts->layers - 1 - layer));
}

/* The next item in ascending order, and whether its edge is new. */
static bool next_item(struct diffmm__attached *walk, int32_t *item, bool *is_new)
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

bool diffmm__attached_next(struct diffmm__attached *walk, struct diffmm__edge *edge)
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
    diffmm_status status = diffmm__scorer_check_attachment(scorer);
    if (!status && user != DIFFMM_NEW_USER)
        status = diffmm__scorer_check_user(scorer, user);
    return status ? status : diffmm__scorer_check_items(scorer, "items", count, items);
}

diffmm_status diffmm__attach(const diffmm_scorer *scorer, int32_t user, size_t count,
                             const int32_t *items, struct diffmm__list *list,
                             struct diffmm__attached *out)
{
    list->owned = NULL;
    diffmm_status status = check(scorer, user, count, items);
    if (!status)
        status = diffmm__list_begin(scorer->context, count, items, list);
    if (status)
        return status;
    *out = (struct diffmm__attached){.scorer = scorer, .parts = scorer->attachment, .user = user};
    if (count > 0) {
        out->more = list->numbers;
        out->more_end = list->numbers + count;
    }
    if (user != DIFFMM_NEW_USER) {
        const struct diffmm__rows *seen = &scorer->catalog->seen;
        out->row = seen->items + seen->pointers[user];
        out->row_end = seen->items + seen->pointers[user + 1];
    }
    struct diffmm__attached walk = *out;
    int32_t item;
    bool is_new;
    while (next_item(&walk, &item, &is_new))
        out->items++;
    return DIFFMM_OK;
}

bool diffmm__attached_as_trained(const struct diffmm__attached *attached)
{
    return attached->user != DIFFMM_NEW_USER &&
           attached->items == (size_t)(attached->row_end - attached->row);
}

/* vector += scale * sum_i a_i ((1 + 1/s) X_i + E_i). */
static void add_messages(const struct diffmm__attached *attached, double scale, float *vector)
{
    const struct diffmm__attachment *parts = attached->parts;
    const struct diffmm__kernels *kernels = diffmm__kernels();
    size_t d = attached->scorer->d;
    double twice = 1.0 + inverse_size(attached);
    struct diffmm__attached walk = *attached;
    for (struct diffmm__edge edge; diffmm__attached_next(&walk, &edge);) {
        size_t row = (size_t)edge.item * d;
        double a = scale * (double)edge.weight;
        for (size_t m = 0; m < parts->modality_count; m++)
            kernels->add_scaled(d, (float)(a * twice * (double)parts->weights[m]),
                                parts->content[m] + row, vector);
        kernels->add_scaled(d, (float)a, parts->items + row, vector);
    }
}

/* vector += scale * sum_i a_i P_i. */
static void add_propagated(const struct diffmm__attached *attached, float scale, float *vector)
{
    const struct diffmm__attachment *parts = attached->parts;
    const struct diffmm__kernels *kernels = diffmm__kernels();
    size_t d = attached->scorer->d;
    struct diffmm__attached walk = *attached;
    for (struct diffmm__edge edge; diffmm__attached_next(&walk, &edge);)
        for (size_t l = 0; l < parts->layers; l++)
            kernels->add_scaled(d, scale * edge.weight * diffmm__attached_share(attached, l),
                                parts->propagated[l] + (size_t)edge.item * d, vector);
}

/* own of a known user as trained: V is parallel to r = final - sum_i a_i P_i, and
 * ||r|| = (1 + 1/s + ..) ||V|| + ris_lambda, so long as V is not 0. */
static void own_as_trained(const struct diffmm__attached *trained, float *own)
{
    const struct diffmm__kernels *kernels = diffmm__kernels();
    size_t d = trained->scorer->d;
    memcpy(own, diffmm__scorer_user(trained->scorer, trained->user), d * sizeof *own);
    add_propagated(trained, -1.0f, own);
    double length = sqrt(kernels->dot(d, own, own));
    double rest = fmax(length - (double)trained->parts->ris_lambda, 0.0);
    kernels->scale(d, length > 0.0 ? (float)(rest / (length * self_loops(trained))) : 0.0f, own);
    add_messages(trained, -1.0, own);
}

/* (1 + 1/s) / s. */
static double own_share(const struct diffmm__attached *attached)
{
    double inverse = inverse_size(attached);
    return (1.0 + inverse) * inverse;
}

void diffmm__attached_own(const struct diffmm__attached *attached, float *own)
{
    const struct diffmm__attachment *parts = attached->parts;
    const struct diffmm__kernels *kernels = diffmm__kernels();
    size_t d = attached->scorer->d;
    if (attached->user == DIFFMM_NEW_USER) {
        memset(own, 0, d * sizeof *own);
        kernels->add_scaled(d, (float)own_share(attached), parts->mean, own);
        return;
    }
    struct diffmm__attached trained = *attached;
    trained.more = trained.more_end;
    trained.items = (size_t)(trained.row_end - trained.row);
    own_as_trained(&trained, own);
    /* G stays; the weight of E is that of the larger s. */
    kernels->add_scaled(d, (float)(own_share(attached) - own_share(&trained)),
                        parts->users + (size_t)attached->user * d, own);
}

double diffmm__attached_gather(const struct diffmm__attached *attached, float *vector)
{
    size_t d = attached->scorer->d;
    add_messages(attached, 1.0, vector);
    double length = sqrt(diffmm__kernels()->dot(d, vector, vector));
    return self_loops(attached) + (double)attached->parts->ris_lambda / fmax(length, 1e-12);
}

diffmm_status diffmm__attached_propagate(const struct diffmm__attached *attached, double k,
                                         float *vector)
{
    size_t d = attached->scorer->d;
    diffmm__kernels()->scale(d, (float)k, vector);
    add_propagated(attached, 1.0f, vector);
    if (!diffmm__all_finite(d, vector))
        return diffmm__fail(DIFFMM_ERROR_NUMERIC,
                            "the model's item rows give an embedding with NaN or infinity");
    if (!diffmm__in_range(d, vector, attached->scorer->norms.item))
        return diffmm__fail(DIFFMM_ERROR_NUMERIC,
                            "the model's item rows give an embedding whose scores overflow");
    return DIFFMM_OK;
}

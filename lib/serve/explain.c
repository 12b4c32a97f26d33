/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a score comes from. With the user folded in (serve/fold_in.h) and f the item's final
 * embedding, the score is a sum of the user's own part and of terms of the user's items:
 *
 *     score = k own . f + sum_i a_i (k (1 + 1/s) sum_m w_m Xn_m,i . f + k E_i . f + P_i . f)
 *
 * The part of modality m is the terms in Xn_m; the collaborative part is all others. The part of
 * item i is the terms of i; the rest is k own . f. */
#include <float.h>
#include <math.h>

#include "base/handle.h"
#include "base/status.h"
#include "base/structs.h"
#include "linalg/kernels.h"
#include "linalg/panels.h"
#include "serve/fold_in.h"
#include "serve/scratch.h"

/* k E_i . f + P_i . f. */
static double collaborative(const struct diffmm__folded *folded, double k, size_t row,
                            const float *f)
{
    const struct diffmm__fold_in_state *state = folded->state;
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    size_t d = folded->scorer->d;
    double sum = k * kernels->dot(d, state->items + row, f);
    for (size_t l = 0; l < state->layers; l++)
        sum += (double)diffmm__fold_in_share(folded, l) *
               kernels->dot(d, state->propagated[l] + row, f);
    return sum;
}

/* A score's terms of one item: the collaborative one, and that of each modality. */
struct terms {
    const struct diffmm__folded *folded;
    double k, twice; /* 1 + 1/s, times k */
    const float *f;
};

static double collaborative_term(const struct terms *t, struct diffmm__edge edge)
{
    size_t row = (size_t)edge.item * t->folded->scorer->d;
    return (double)edge.weight * collaborative(t->folded, t->k, row, t->f);
}

static double modality_term(const struct terms *t, struct diffmm__edge edge, size_t m)
{
    const struct diffmm__fold_in_state *state = t->folded->state;
    size_t d = t->folded->scorer->d;
    return (double)edge.weight * t->twice * (double)state->weights[m] *
           diffmm__kernels()->dot(d, state->content[m] + (size_t)edge.item * d, t->f);
}

/* The sum of all terms' magnitudes: no part, and no sum of parts, is larger. */
static double magnitude(const struct terms *t, double rest)
{
    struct diffmm__folded walk = *t->folded;
    double sum = fabs(rest);
    for (struct diffmm__edge edge; diffmm__fold_in_next(&walk, &edge);) {
        sum += fabs(collaborative_term(t, edge));
        for (size_t m = 0; m < t->folded->state->modality_count; m++)
            sum += fabs(modality_term(t, edge, m));
    }
    return sum;
}

/* Fill in the parts of every item and modality; collaborative starts as the rest. */
static void add_items(const struct terms *t, diffmm_explanation *out)
{
    size_t modality_count = t->folded->state->modality_count;
    double others = (double)out->rest;
    for (size_t m = 0; m < modality_count && out->modalities; m++)
        out->modalities[m] = 0.0f;
    struct diffmm__folded walk = *t->folded;
    struct diffmm__edge edge;
    for (size_t i = 0; diffmm__fold_in_next(&walk, &edge); i++) {
        double part = collaborative_term(t, edge);
        others += part;
        for (size_t m = 0; m < modality_count; m++) {
            double term = modality_term(t, edge, m);
            if (out->modalities)
                out->modalities[m] += (float)term;
            part += term;
        }
        if (out->items)
            out->items[i] = (diffmm_hit){.item = edge.item, .score = (float)part};
    }
    out->collaborative = (float)others;
    out->item_count = t->folded->items;
}

/* `vector` is d floats of scratch. */
static diffmm_status explain(const struct diffmm__folded *folded, int32_t item, float *vector,
                             diffmm_explanation *out)
{
    const diffmm_scorer *scorer = folded->scorer;
    const float *f = diffmm__scorer_item(scorer, item);
    diffmm__fold_in_own(folded, vector);
    double own = diffmm__kernels()->dot(scorer->d, vector, f);
    double k = diffmm__fold_in_gather(folded, vector);
    diffmm_status status = diffmm__fold_in_propagate(folded, k, vector);
    if (status)
        return status;
    const float *final =
        diffmm__fold_in_as_trained(folded) ? diffmm__scorer_user(scorer, folded->user) : vector;
    struct terms terms = {folded, k, k * (1.0 + 1.0 / (double)(folded->items + 1)), f};
    if (!isless(magnitude(&terms, k * own), 0.5 * (double)FLT_MAX))
        return diffmm__fail(DIFFMM_ERROR_NUMERIC, "the parts of the score overflow");
    out->score = diffmm__panel_score(scorer->d, final, f);
    out->rest = (float)(k * own);
    add_items(&terms, out);
    return DIFFMM_OK;
}

static diffmm_status explain_list(const struct diffmm__folded *folded, int32_t item,
                                  diffmm_explanation *out)
{
    struct diffmm__scratch scratch;
    float *vector = diffmm__scratch_begin(&scratch, folded->scorer->context, folded->scorer->d);
    if (!vector)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = explain(folded, item, vector, out);
    diffmm__scratch_end(&scratch, folded->scorer->context);
    return status;
}

diffmm_status diffmm_explain(const diffmm_scorer *scorer, int32_t user, size_t count,
                             const int32_t *items, int32_t item, diffmm_explanation *out)
{
    DIFFMM__CALL call = diffmm__call_reads(diffmm__scorer_called_back(scorer));
    if (!scorer)
        return diffmm__null("scorer");
    if (!out)
        return diffmm__null("out");
    struct diffmm__ascending list;
    struct diffmm__folded folded;
    diffmm_explanation own;
    diffmm_status status = diffmm__struct_read(&own, &diffmm__layout_explanation, out, "out");
    if (!status)
        status = diffmm__scorer_check_item(scorer, item);
    if (status)
        return status;
    status = diffmm__fold_in_prepare(scorer, user, count, items, &list, &folded);
    if (!status)
        status = explain_list(&folded, item, &own);
    if (!status)
        status = diffmm__struct_write(out, &diffmm__layout_explanation, &own, "out");
    diffmm__ascending_end(scorer->context, &list);
    return status;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a score comes from. With the user folded in (serve/fold_in.h) and f the item's final
 * embedding, the score is a sum of the user's own part and of terms of the user's items:
 *
 *     score = k own . f + sum_i a_i (k (1 + 1/s) sum_m w_m Xn_m,i . f + k E_i . f + P_i . f)
 *             + sum_m c_m z_m . f_m,
 *
 * the last only with a blend (serve/fold_in_blend.h), whose columns f_m the first terms do not have.
 * The part of modality m is the terms in Xn_m; the collaborative part is all others: also what the
 * denoisers make of interactions. The part of item i is the terms of i, and what it brings to
 * z_m . f_m where that can be divided; the rest is all others. */
#include <float.h>
#include <math.h>

#include "base/handle.h"
#include "base/status.h"
#include "base/structs.h"
#include "linalg/kernels.h"
#include "linalg/panels.h"
#include "serve/fold_in_blend.h"
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
    const float *final; /* the user's row */
    const float *pull;  /* of f, by what the denoisers make of an item */
    size_t denoisers;   /* 0 without a blend */
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

/* c_m z_m . f_m. */
static double denoiser_part(const struct terms *t, size_t m)
{
    size_t rank = t->folded->state->blend->layers.items, first = t->folded->scorer->d + m * rank;
    return diffmm__kernels()->dot(rank, t->final + first, t->f + first);
}

/* What an item brings to the parts of all denoisers. */
static double denoised_term(const struct terms *t, struct diffmm__edge edge)
{
    double sum = 0.0;
    for (size_t m = 0; m < t->denoisers; m++)
        sum += diffmm__fold_in_blend_item(t->folded, m, edge.item, t->pull);
    return sum;
}

/* The sum of all terms' magnitudes: no part, and no sum of parts, is larger. */
static double magnitude(const struct terms *t, double rest)
{
    struct diffmm__folded walk = *t->folded;
    double sum = fabs(rest);
    for (size_t m = 0; m < t->denoisers; m++)
        sum += fabs(denoiser_part(t, m));
    for (struct diffmm__edge edge; diffmm__fold_in_next(&walk, &edge);) {
        sum += fabs(collaborative_term(t, edge)) + fabs(denoised_term(t, edge));
        for (size_t m = 0; m < t->folded->state->modality_count; m++)
            sum += fabs(modality_term(t, edge, m));
    }
    return sum;
}

/* The parts of the denoisers; returns their sum. */
static double add_denoisers(const struct terms *t, diffmm_explanation *out)
{
    double sum = 0.0;
    for (size_t m = 0; m < t->folded->state->modality_count; m++) {
        double part = m < t->denoisers ? denoiser_part(t, m) : 0.0;
        sum += part;
        if (out->denoisers)
            out->denoisers[m] = (float)part;
    }
    return sum;
}

/* Fill in all parts; `rest` is that of the recommender. */
static void add_parts(const struct terms *t, double rest, diffmm_explanation *out)
{
    size_t modality_count = t->folded->state->modality_count;
    double denoised = add_denoisers(t, out), others = rest + denoised;
    for (size_t m = 0; m < modality_count && out->modalities; m++)
        out->modalities[m] = 0.0f;
    struct diffmm__folded walk = *t->folded;
    struct diffmm__edge edge;
    for (size_t i = 0; diffmm__fold_in_next(&walk, &edge); i++) {
        double part = collaborative_term(t, edge), pulled = denoised_term(t, edge);
        others += part;
        part += pulled;
        denoised -= pulled;
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
    out->rest = (float)(rest + denoised);
    out->item_count = t->folded->items;
}

/* `row` is width floats of scratch, `pull` width - d. */
static diffmm_status explain(const struct diffmm__folded *folded, int32_t item, float *row,
                             float *pull, diffmm_explanation *out)
{
    const diffmm_scorer *scorer = folded->scorer;
    const float *f = diffmm__scorer_item(scorer, item);
    diffmm__fold_in_own(folded, row);
    double own = diffmm__kernels()->dot(scorer->d, row, f);
    double k = diffmm__fold_in_gather(folded, row);
    diffmm__fold_in_propagate(folded, k, row);
    diffmm_status status = diffmm__fold_in_blend(folded, row, f, pull);
    if (!status)
        status = diffmm__fold_in_check(folded, row);
    if (status)
        return status;
    const struct terms terms = {
        .folded = folded,
        .k = k,
        .twice = k * (1.0 + 1.0 / (double)(folded->items + 1)),
        .f = f,
        .final =
            diffmm__fold_in_as_trained(folded) ? diffmm__scorer_user(scorer, folded->user) : row,
        .pull = pull,
        .denoisers = folded->state->blend ? folded->state->modality_count : 0};
    if (!isless(magnitude(&terms, k * own), 0.5 * (double)FLT_MAX))
        return diffmm__fail(DIFFMM_ERROR_NUMERIC, "the parts of the score overflow");
    out->score = diffmm__panel_score(scorer->width, terms.final, f);
    add_parts(&terms, k * own, out);
    return DIFFMM_OK;
}

static diffmm_status explain_list(const struct diffmm__folded *folded, int32_t item,
                                  diffmm_explanation *out)
{
    struct diffmm__scratch scratch;
    size_t width = folded->scorer->width;
    float *room =
        diffmm__scratch_begin(&scratch, folded->scorer->context, 2 * width - folded->scorer->d);
    if (!room)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = explain(folded, item, room, room + width, out);
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

/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of the objective's terms, and what is done with all of them. */
#include "model/terms.h"

#include "contrastive/alignment.h"
#include "contrastive/contrastive.h"
#include "optim/bpr.h"
#include "optim/l2.h"

/* Terms are evaluated in this order, which decides the bits of sums. */
static const struct diffmm__term table[] = {
    {.name = "contrastive",
     .weight = "ssl_reg",
     .enabled = "contrastive.enabled",
     .needs_views = true,
     .evaluate = diffmm__contrastive_term,
     .take_scratch = diffmm__contrastive_take,
     .naive_flops = diffmm__contrastive_naive_flops,
     .counted_flops = diffmm__contrastive_counted_flops,
     .member = offsetof(diffmm_losses, contrastive)},
    {.name = "bpr", .evaluate = diffmm__bpr_term, .member = offsetof(diffmm_losses, bpr)},
    {.name = "regularizer",
     .weight = "reg",
     .evaluate = diffmm__l2_term,
     .take_scratch = diffmm__l2_take,
     .member = offsetof(diffmm_losses, regularizer)},
    {.name = "alignment",
     .weight = "alignment",
     .needs_views = true,
     .evaluate = diffmm__alignment_term,
     .take_scratch = diffmm__alignment_take,
     .member = DIFFMM__TERM_NO_MEMBER},
};

enum { term_count = sizeof table / sizeof *table };
_Static_assert(sizeof table <= DIFFMM__MAX_TERMS * sizeof *table,
               "DIFFMM__MAX_TERMS is too small for the table");

size_t diffmm__terms_count(void)
{
    return term_count;
}

const struct diffmm__term *diffmm__terms_at(size_t index)
{
    return &table[index];
}

diffmm_status diffmm__terms_read(const diffmm_options *options, struct diffmm__terms *out)
{
    *out = (struct diffmm__terms){{0}};
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; i < term_count && !status; i++) {
        int64_t enabled = 1;
        double weight = 1.0;
        if (table[i].enabled)
            status = diffmm_options_get_integer(options, table[i].enabled, &enabled);
        if (!status && table[i].weight)
            status = diffmm_options_get_real(options, table[i].weight, &weight);
        out->weight[i] = enabled ? weight : 0.0;
    }
    return status;
}

bool diffmm__terms_need_views(const struct diffmm__terms *terms)
{
    for (size_t i = 0; i < term_count; i++)
        if (terms->weight[i] != 0.0 && table[i].needs_views)
            return true;
    return false;
}

diffmm_status diffmm__terms_evaluate(const struct diffmm__terms *terms,
                                     struct diffmm__term_batch *batch, void *const *scratch,
                                     double *values, double *total)
{
    *total = 0.0;
    batch->keep_views = 0.0f;
    for (size_t i = 0; i < term_count; i++) {
        values[i] = 0.0;
        if (terms->weight[i] == 0.0)
            continue;
        diffmm_status status = table[i].evaluate(batch, terms->weight[i], scratch[i], &values[i]);
        if (status)
            return status;
        *total += values[i];
        if (table[i].needs_views)
            batch->keep_views = 1.0f;
    }
    return DIFFMM_OK;
}

void diffmm__terms_take(struct diffmm__arena *arena, const struct diffmm__terms *terms,
                        const struct diffmm__term_shape *shape, void **scratch)
{
    for (size_t i = 0; i < term_count; i++)
        if (terms->weight[i] != 0.0 && table[i].take_scratch)
            scratch[i] = table[i].take_scratch(arena, shape);
}

double diffmm__terms_naive_flops(const struct diffmm__terms *terms,
                                 const struct diffmm__settings *settings,
                                 const struct diffmm__term_shape *shape)
{
    double flops = 0.0;
    for (size_t i = 0; i < term_count; i++)
        if (terms->weight[i] != 0.0 && table[i].naive_flops)
            flops += table[i].naive_flops(settings, shape);
    return flops;
}

double diffmm__terms_counted_flops(void *const *scratch)
{
    double flops = 0.0;
    for (size_t i = 0; i < term_count; i++)
        if (scratch[i] && table[i].counted_flops)
            flops += table[i].counted_flops(scratch[i]);
    return flops;
}

double *diffmm__terms_member(size_t index, diffmm_losses *losses)
{
    return table[index].member == DIFFMM__TERM_NO_MEMBER
               ? NULL
               : (double *)(void *)((char *)losses + table[index].member);
}

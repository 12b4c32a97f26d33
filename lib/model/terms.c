/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of the objective's terms, and what is done with all of them. */
#include "model/terms.h"

#include "base/sizes.h"
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
     .scratch_bytes = diffmm__contrastive_scratch_bytes,
     .scratch_create = diffmm__contrastive_scratch_create,
     .scratch_destroy = diffmm__contrastive_scratch_destroy,
     .naive_flops = diffmm__contrastive_naive_flops,
     .counted_flops = diffmm__contrastive_counted_flops,
     .member = offsetof(diffmm_losses, contrastive)},
    {.name = "bpr", .evaluate = diffmm__bpr_term, .member = offsetof(diffmm_losses, bpr)},
    {.name = "regularizer",
     .weight = "reg",
     .evaluate = diffmm__l2_term,
     .member = offsetof(diffmm_losses, regularizer)},
    {.name = "alignment",
     .weight = "alignment",
     .needs_views = true,
     .evaluate = diffmm__alignment_term,
     .scratch_bytes = diffmm__alignment_scratch_bytes,
     .scratch_create = diffmm__alignment_scratch_create,
     .scratch_destroy = diffmm__alignment_scratch_destroy,
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

double diffmm__terms_evaluate(const struct diffmm__terms *terms, struct diffmm__term_batch *batch,
                              void *const *scratch, double *values)
{
    double total = 0.0;
    batch->keep_views = 0.0f;
    for (size_t i = 0; i < term_count; i++) {
        values[i] = 0.0;
        if (terms->weight[i] == 0.0)
            continue;
        values[i] = table[i].evaluate(batch, terms->weight[i], scratch[i]);
        total += values[i];
        if (table[i].needs_views)
            batch->keep_views = 1.0f;
    }
    return total;
}

static bool has_scratch(const struct diffmm__terms *terms, size_t index)
{
    return terms->weight[index] != 0.0 && table[index].scratch_create;
}

size_t diffmm__terms_scratch_bytes(const struct diffmm__terms *terms,
                                   const struct diffmm__term_shape *shape)
{
    size_t bytes = 0;
    for (size_t i = 0; i < term_count; i++)
        if (has_scratch(terms, i))
            bytes = diffmm__size_sum(bytes, table[i].scratch_bytes(shape));
    return bytes;
}

diffmm_status diffmm__terms_scratch_create(const diffmm_context *context,
                                           const struct diffmm__terms *terms,
                                           const struct diffmm__term_shape *shape, void **scratch)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; i < term_count && !status; i++)
        if (has_scratch(terms, i))
            status = table[i].scratch_create(context, shape, &scratch[i]);
    return status;
}

void diffmm__terms_scratch_destroy(void **scratch)
{
    for (size_t i = 0; i < term_count; i++)
        if (scratch[i])
            table[i].scratch_destroy(scratch[i]);
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

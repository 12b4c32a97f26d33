/* SPDX-License-Identifier: BSD-2-Clause */
/* A scorer with further items. */
#include <math.h>
#include <string.h>

#include "base/context.h"
#include "base/handle.h"
#include "base/memory.h"
#include "base/numbers.h"
#include "base/sizes.h"
#include "base/status.h"
#include "dataset/id.h"
#include <diffmm/new_items.h>

#include "evaluation/score_range.h"
#include "linalg/kernels.h"
#include "serve/scorer.h"
#include "serve/scorer_save.h"

static diffmm_status check(const diffmm_scorer *scorer, size_t count, const char *const *ids,
                           const float *rows)
{
    bool numeric = scorer->catalog->item_ids.numeric;
    if (count == 0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "count is 0");
    if (!rows)
        return diffmm__null("rows");
    if (count > INT32_MAX - scorer->catalog->items)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "%zu more items than %zu are more than %d", count,
                            scorer->catalog->items, INT32_MAX);
    diffmm_status status =
        diffmm__size_check_array("count", count, "d", scorer->width, sizeof *rows);
    if (status)
        return status;
    if (!ids && !numeric)
        return diffmm__null("ids");
    for (size_t i = 0; ids && i < count; i++) {
        status = diffmm__id_check(ids[i], "ids", i);
        if (status)
            return status;
    }
    size_t bad = diffmm__first_not_finite(count * scorer->width, rows);
    return bad == count * scorer->width
               ? DIFFMM_OK
               : diffmm__fail(DIFFMM_ERROR_NUMERIC, "rows: value %zu of item %zu is not finite",
                              bad % scorer->width, bad / scorer->width);
}

static diffmm_status copy_rows(diffmm_context *context, const struct diffmm__csr *old, size_t items,
                               struct diffmm__csr *out)
{
    size_t pairs = diffmm__csr_entries(old);
    diffmm_status status = diffmm__csr_begin(context, old->rows, items, pairs, false, out);
    if (status)
        return status;
    memcpy(out->pointers, old->pointers, (old->rows + 1) * sizeof *out->pointers);
    if (pairs > 0)
        memcpy(out->indices, old->indices, pairs * sizeof *out->indices);
    return DIFFMM_OK;
}

static diffmm_status extend_catalog(diffmm_context *context, const struct diffmm__catalog *old,
                                    size_t count, const char *const *ids,
                                    struct diffmm__catalog **out)
{
    struct diffmm__catalog *catalog = diffmm__catalog_create(context);
    if (!catalog)
        return DIFFMM_ERROR_NO_MEMORY;
    catalog->users = old->users;
    catalog->items = old->items + count;
    catalog->placed = old->placed + count;
    diffmm_status status =
        diffmm__ids_extend(context, &old->item_ids, count, ids, "item", &catalog->item_ids);
    if (!status)
        status = diffmm__ids_extend(context, &old->user_ids, 0, NULL, "user", &catalog->user_ids);
    if (!status)
        status = copy_rows(context, &old->train, catalog->items, &catalog->train);
    if (status) {
        diffmm__catalog_release(catalog);
        return status;
    }
    *out = catalog;
    return DIFFMM_OK;
}

/* V of an item that nobody has touched, from its final embedding, the first d columns of its row. Its node has itself as its only
 * neighbour, so final = (L + 1) V + ris_lambda V / ||V||. */
static void invert(const struct diffmm__fold_in_state *state, size_t d, const float *row, float *v)
{
    double length = sqrt(diffmm__kernels()->dot(d, row, row));
    double rest = fmax(length - (double)state->ris_lambda, 0.0);
    double scale = length > 0.0 ? rest / (length * (double)(state->layers + 1)) : 0.0;
    for (size_t j = 0; j < d; j++)
        v[j] = (float)(scale * (double)row[j]);
}

/* Their V is content, or, in a model without any, learnt. */
static diffmm_status extend_learnt(const diffmm_scorer *scorer, size_t count, const float *v,
                                   diffmm_scorer *parts)
{
    const struct diffmm__fold_in_state *state = scorer->fold_in;
    struct diffmm__learnt *learnt;
    diffmm_status status = diffmm__scorer_learnt_begin(scorer, &learnt);
    if (status)
        return status;
    status = diffmm__learnt_copy(scorer->context, learnt, count,
                                 state && state->modality_count == 0 ? v : NULL, &parts->learnt);
    diffmm__scorer_learnt_end(scorer, learnt);
    return status;
}

static diffmm_status extend_fold_in(const diffmm_scorer *scorer, size_t count, const float *v,
                                    diffmm_scorer *parts)
{
    diffmm_status status =
        diffmm__fold_in_state_extend(scorer->context, scorer->fold_in, scorer->catalog->items,
                                     scorer->d, count, v, &parts->fold_in);
    if (status)
        return status;
    parts->fold_in->users = diffmm__learnt_values(parts->learnt, "user_embedding");
    parts->fold_in->items = diffmm__learnt_values(parts->learnt, "item_embedding");
    return DIFFMM_OK;
}

/* What the scorer knows beside the final embeddings, in which the new items have the V that their
 * rows come from. */
static diffmm_status extend_rest(const diffmm_scorer *scorer, size_t count, const float *rows,
                                 diffmm_scorer *parts)
{
    size_t d = scorer->d;
    if (!scorer->fold_in)
        return extend_learnt(scorer, count, NULL, parts);
    float *v = diffmm__allocate(scorer->context, count * d, sizeof *v);
    if (!v)
        return DIFFMM_ERROR_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        invert(scorer->fold_in, d, rows + i * scorer->width, v + i * d);
    diffmm_status status = extend_learnt(scorer, count, v, parts);
    if (!status)
        status = extend_fold_in(scorer, count, v, parts);
    diffmm__release(scorer->context, v);
    return status;
}

static diffmm_status extend_final(const diffmm_scorer *scorer, size_t count, const float *rows,
                                  diffmm_scorer *parts)
{
    size_t d = scorer->width, users = scorer->catalog->users * d,
           items = scorer->catalog->items * d;
    parts->owned = diffmm__allocate(scorer->context, users + items + count * d, sizeof(float));
    if (!parts->owned)
        return DIFFMM_ERROR_NO_MEMORY;
    memcpy(parts->owned, scorer->users, users * sizeof(float));
    memcpy(parts->owned + users, scorer->items, items * sizeof(float));
    memcpy(parts->owned + users + items, rows, count * d * sizeof(float));
    parts->users = parts->owned;
    parts->items = parts->owned + users;
    return diffmm__score_range_check("scorer with rows", parts->catalog->users,
                                     parts->catalog->items, d, parts->users, parts->items,
                                     &parts->norms);
}

diffmm_status diffmm_scorer_extend(const diffmm_scorer *scorer, size_t count,
                                   const char *const *ids, const float *rows, diffmm_scorer **out)
{
    DIFFMM__CALL call = diffmm__call_reads(scorer);
    if (!scorer || !out)
        return diffmm__null(!scorer ? "scorer" : "out");
    diffmm_status status = check(scorer, count, ids, rows);
    if (status)
        return status;
    diffmm_scorer parts = {.context = scorer->context, .d = scorer->d, .width = scorer->width};
    status = extend_catalog(scorer->context, scorer->catalog, count, ids, &parts.catalog);
    if (!status && scorer->seen.pointers)
        status = copy_rows(scorer->context, &scorer->seen, parts.catalog->items, &parts.seen);
    if (!status)
        status = extend_final(scorer, count, rows, &parts);
    if (!status)
        status = extend_rest(scorer, count, rows, &parts);
    if (status) {
        diffmm__scorer_end_parts(&parts);
        return status;
    }
    return diffmm__scorer_create_from(scorer->context, parts, out);
}

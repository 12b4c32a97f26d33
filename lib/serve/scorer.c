/* SPDX-License-Identifier: BSD-2-Clause */
/* The serving handle: making it, its ids, its seen items, single scores. */
#include "serve/scorer.h"

#include <string.h>

#include "base/check.h"
#include "base/context.h"
#include "base/handle.h"
#include "base/memory.h"
#include "base/numbers.h"
#include "base/status.h"
#include "files/fold_in_read.h"
#include "files/load.h"
#include "linalg/panels.h"
#include "model/embeddings.h"
#include "model/fold_in_of_model.h"
#include "model/seen_of_model.h"

void diffmm__scorer_end_parts(diffmm_scorer *scorer)
{
    diffmm__catalog_release(scorer->catalog);
    diffmm__csr_end(scorer->context, &scorer->seen);
    diffmm__fold_in_state_destroy(scorer->fold_in);
    diffmm__learnt_destroy(scorer->learnt);
    diffmm__release(scorer->context, scorer->popularity);
    diffmm__release(scorer->context, scorer->degrees);
    diffmm__search_end(&scorer->search);
    diffmm__release(scorer->context, scorer->panels);
    diffmm__release(scorer->context, scorer->owned);
    diffmm__safetensors_close(scorer->file);
}

static void end_scorer(void *object)
{
    diffmm_scorer *scorer = object;
    diffmm_context *context = scorer->context;
    diffmm__scorer_end_parts(scorer);
    diffmm__release(context, scorer);
    diffmm__context_release(context);
}

/* begin + the users of each item; NULL without memory. */
static int32_t *count_users(const diffmm_scorer *scorer, const struct diffmm__csr *rows,
                            int32_t begin)
{
    size_t items = scorer->catalog->items;
    int32_t *counts = diffmm__allocate(scorer->context, items, sizeof *counts);
    for (size_t i = 0; counts && i < items; i++)
        counts[i] = begin;
    for (int64_t e = 0; counts && e < rows->pointers[scorer->catalog->users]; e++)
        counts[rows->indices[e]]++;
    return counts;
}

/* Pack the items for scoring; count their users, and the degrees that folding in takes. */
static diffmm_status complete(diffmm_scorer *scorer)
{
    size_t items = scorer->catalog->items, d = scorer->width;
    scorer->panels =
        diffmm__allocate(scorer->context, diffmm__panels_size(items, d), sizeof *scorer->panels);
    if (!scorer->panels)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm__panels_pack(scorer->context, items, d, scorer->items, scorer->panels);
    const struct diffmm__search_rows rows = diffmm__scorer_search_rows(scorer);
    diffmm_status status =
        diffmm__search_begin(scorer->context, &rows, DIFFMM_SEARCH_AUTO, &scorer->search);
    if (status)
        return status;
    scorer->popularity = count_users(scorer, diffmm__scorer_seen(scorer), 0);
    if (!scorer->popularity)
        return DIFFMM_ERROR_NO_MEMORY;
    if (!scorer->fold_in)
        return DIFFMM_OK;
    scorer->degrees = count_users(scorer, &scorer->catalog->train, 1);
    return scorer->degrees ? DIFFMM_OK : DIFFMM_ERROR_NO_MEMORY;
}

diffmm_status diffmm__scorer_create_from(const diffmm_context *context, diffmm_scorer parts,
                                         diffmm_scorer **out)
{
    parts.context = diffmm__context_retain(context);
    diffmm_scorer *scorer = diffmm__allocate(context, 1, sizeof *scorer);
    diffmm_status status = scorer ? complete(&parts) : DIFFMM_ERROR_NO_MEMORY;
    if (status) {
        diffmm__scorer_end_parts(&parts);
        diffmm__release(context, scorer);
        diffmm__context_release(parts.context);
        return status;
    }
    *scorer = parts;
    diffmm__handle_begin(scorer, end_scorer);
    *out = scorer;
    return DIFFMM_OK;
}

/* A copy of the model's fold-in state, or NULL where it has none. */
static diffmm_status copy_fold_in(const diffmm_model *model, diffmm_scorer *parts)
{
    struct diffmm__fold_in_state *borrowed;
    diffmm_status status = diffmm__fold_in_of_model(model, &borrowed);
    if (status || !borrowed)
        return status;
    status = diffmm__fold_in_state_copy(model->context, borrowed, model->items, model->d,
                                        &parts->fold_in);
    diffmm__fold_in_state_destroy(borrowed);
    if (status)
        return status;
    parts->fold_in->users = diffmm__learnt_values(parts->learnt, "user_embedding");
    parts->fold_in->items = diffmm__learnt_values(parts->learnt, "item_embedding");
    return DIFFMM_OK;
}

static diffmm_status copy_learnt(const diffmm_model *model, diffmm_scorer *parts)
{
    struct diffmm__learnt *borrowed;
    diffmm_status status = diffmm__learnt_of_model(model, &borrowed);
    if (status)
        return status;
    status = diffmm__learnt_copy(model->context, borrowed, 0, NULL, &parts->learnt);
    diffmm__learnt_destroy(borrowed);
    return status;
}

static diffmm_status copy_final(const diffmm_model *model, diffmm_scorer *parts)
{
    size_t count = (model->users + model->items) * model->width;
    parts->owned = diffmm__allocate(model->context, count, sizeof *parts->owned);
    if (!parts->owned)
        return DIFFMM_ERROR_NO_MEMORY;
    memcpy(parts->owned, diffmm__served_users(model), count * sizeof *parts->owned);
    parts->users = parts->owned;
    parts->items = parts->owned + model->users * model->width;
    return DIFFMM_OK;
}

static diffmm_status create(const diffmm_model *model, diffmm_scorer **out)
{
    diffmm_scorer parts = {.context = model->context, .d = model->d, .width = model->width};
    diffmm_status status = diffmm__model_check_embeddings(model);
    if (!status)
        status = diffmm__score_range_check("model", model->users, model->items, model->width,
                                           diffmm__served_users(model), diffmm__served_items(model),
                                           &parts.norms);
    if (status)
        return status;
    parts.catalog = diffmm__catalog_retain(model->catalog);
    if ((status = copy_learnt(model, &parts)) || (status = copy_fold_in(model, &parts)) ||
        (status = diffmm__seen_of_model(model, &parts.seen)) ||
        (status = copy_final(model, &parts))) {
        diffmm__scorer_end_parts(&parts);
        return status;
    }
    return diffmm__scorer_create_from(model->context, parts, out);
}

diffmm_status diffmm_scorer_create(const diffmm_model *model, diffmm_scorer **out)
{
    DIFFMM__CALL call = diffmm__call_reads(model);
    if (!model)
        return diffmm__null("model");
    if (!out)
        return diffmm__null("out");
    struct diffmm__embedded embedded;
    diffmm_status status = diffmm__embedded_begin(model, &embedded);
    if (status)
        return status;
    status = create(embedded.model, out);
    diffmm__embedded_end(&embedded);
    return status;
}

/* The scorer keeps the file: its embeddings are in the file's memory. */
static diffmm_status read_scorer(struct diffmm__safetensors **file, void *out)
{
    struct diffmm__served served = {.catalog = NULL};
    struct diffmm__fold_in_state *fold_in = NULL;
    struct diffmm__norms norms = {0};
    diffmm_status status = diffmm__model_served_read(*file, &served);
    if (status)
        return status;
    status = diffmm__score_range_check(diffmm__safetensors_path(*file), served.catalog->users,
                                       served.catalog->items, served.width, served.users,
                                       served.items, &norms);
    if (!status)
        status = diffmm__fold_in_read(*file, &served, &fold_in);
    if (status) {
        diffmm__catalog_release(served.catalog);
        diffmm__csr_end(diffmm__safetensors_context(*file), &served.seen);
        return status;
    }
    diffmm_scorer parts = {.catalog = served.catalog,
                           .seen = served.seen,
                           .d = served.d,
                           .width = served.width,
                           .users = served.users,
                           .items = served.items,
                           .norms = norms,
                           .file = *file,
                           .fold_in = fold_in};
    *file = NULL;
    return diffmm__scorer_create_from(diffmm__safetensors_context(parts.file), parts, out);
}

static const struct diffmm__loader loader = {.read = read_scorer};

diffmm_status diffmm_scorer_open(diffmm_context *context, const char *path, diffmm_scorer **out)
{
    return diffmm__load_path(&loader, context, path, out);
}

diffmm_status diffmm_scorer_open_memory(diffmm_context *context, const void *data, size_t size,
                                        diffmm_scorer **out)
{
    return diffmm__load_memory(&loader, context, data, size, out);
}

void diffmm_scorer_destroy(diffmm_scorer *scorer)
{
    diffmm__handle_release(scorer);
}

size_t diffmm_scorer_users(const diffmm_scorer *scorer)
{
    return scorer ? scorer->catalog->users : 0;
}

size_t diffmm_scorer_items(const diffmm_scorer *scorer)
{
    return scorer ? scorer->catalog->items : 0;
}

size_t diffmm_scorer_dimensions(const diffmm_scorer *scorer)
{
    return scorer ? scorer->width : 0;
}

const char *diffmm_scorer_user_id(const diffmm_scorer *scorer, int32_t user)
{
    return scorer ? diffmm__ids_text(&scorer->catalog->user_ids, user) : NULL;
}

const char *diffmm_scorer_item_id(const diffmm_scorer *scorer, int32_t item)
{
    return scorer ? diffmm__ids_text(&scorer->catalog->item_ids, item) : NULL;
}

diffmm_status diffmm_scorer_find_user(const diffmm_scorer *scorer, const char *id, int32_t *user)
{
    if (!scorer)
        return diffmm__null("scorer");
    if (!id)
        return diffmm__null("id");
    if (!user)
        return diffmm__null("user");
    return diffmm__ids_find(&scorer->catalog->user_ids, id, "user", user);
}

diffmm_status diffmm_scorer_find_item(const diffmm_scorer *scorer, const char *id, int32_t *item)
{
    if (!scorer)
        return diffmm__null("scorer");
    if (!id)
        return diffmm__null("id");
    if (!item)
        return diffmm__null("item");
    return diffmm__ids_find(&scorer->catalog->item_ids, id, "item", item);
}

diffmm_status diffmm__scorer_check_user(const diffmm_scorer *scorer, int32_t user)
{
    if (user < 0 || (size_t)user >= scorer->catalog->users)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "user is %d, but there are %zu users",
                            user, scorer->catalog->users);
    return DIFFMM_OK;
}

diffmm_status diffmm__scorer_check_item(const diffmm_scorer *scorer, int32_t item)
{
    if (item < 0 || (size_t)item >= scorer->catalog->items)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "item is %d, but there are %zu items",
                            item, scorer->catalog->items);
    return DIFFMM_OK;
}

diffmm_status diffmm__scorer_check_items(const diffmm_scorer *scorer, const char *name,
                                         size_t count, const int32_t *items)
{
    return diffmm__check_known(name, items, count, scorer->catalog->items, "items");
}

diffmm_status diffmm_scorer_seen(const diffmm_scorer *scorer, int32_t user, const int32_t **items,
                                 size_t *count)
{
    if (!scorer)
        return diffmm__null("scorer");
    if (!items)
        return diffmm__null("items");
    if (!count)
        return diffmm__null("count");
    diffmm_status status = diffmm__scorer_check_user(scorer, user);
    if (status)
        return status;
    const struct diffmm__csr *seen = diffmm__scorer_seen(scorer);
    *items = seen->indices + seen->pointers[user];
    *count = (size_t)(seen->pointers[user + 1] - seen->pointers[user]);
    return DIFFMM_OK;
}

diffmm_status diffmm__scorer_check_embedding(const diffmm_scorer *scorer, const float *embedding)
{
    if (!embedding)
        return diffmm__null("embedding");
    if (!diffmm__all_finite(scorer->width, embedding))
        return diffmm__fail(DIFFMM_ERROR_NUMERIC, "embedding holds NaN or infinity");
    if (!diffmm__score_range_holds(scorer->width, embedding, scorer->norms.item))
        return diffmm__fail(DIFFMM_ERROR_NUMERIC, "embedding: its scores overflow");
    return DIFFMM_OK;
}

diffmm_status diffmm__scorer_check_fold_in(const diffmm_scorer *scorer)
{
    return scorer->fold_in ? DIFFMM_OK
                           : diffmm__fail(DIFFMM_ERROR_STATE,
                                          "the scorer's model was saved without a fold-in state");
}

static diffmm_status score(const diffmm_scorer *scorer, const float *vector, size_t count,
                           const int32_t *items, float *out)
{
    diffmm_status status = DIFFMM_OK;
    if (!out && count > 0)
        return diffmm__null("out");
    if (items)
        status = diffmm__scorer_check_items(scorer, "items", count, items);
    else if (count > scorer->catalog->items)
        status =
            diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "count is %zu, but there are %zu items",
                         count, scorer->catalog->items);
    if (status)
        return status;
    for (size_t i = 0; i < count; i++) {
        int32_t item = items ? items[i] : (int32_t)i;
        out[i] = diffmm__panel_score(scorer->width, vector, diffmm__scorer_item(scorer, item));
    }
    return DIFFMM_OK;
}

diffmm_status diffmm_score(const diffmm_scorer *scorer, int32_t user, size_t count,
                           const int32_t *items, float *out)
{
    if (!scorer)
        return diffmm__null("scorer");
    diffmm_status status = diffmm__scorer_check_user(scorer, user);
    return status ? status : score(scorer, diffmm__scorer_user(scorer, user), count, items, out);
}

diffmm_status diffmm_score_embedding(const diffmm_scorer *scorer, const float *embedding,
                                     size_t count, const int32_t *items, float *out)
{
    if (!scorer)
        return diffmm__null("scorer");
    diffmm_status status = diffmm__scorer_check_embedding(scorer, embedding);
    return status ? status : score(scorer, embedding, count, items, out);
}

size_t diffmm_scorer_modalities(const diffmm_scorer *scorer)
{
    return scorer && scorer->fold_in ? scorer->fold_in->modality_count : 0;
}

const char *diffmm_scorer_modality_name(const diffmm_scorer *scorer, size_t index)
{
    return index < diffmm_scorer_modalities(scorer) ? scorer->fold_in->names[index] : NULL;
}

diffmm_status diffmm_scorer_modality_weights(const diffmm_scorer *scorer, float *weights)
{
    if (!scorer || !weights)
        return diffmm__null(!scorer ? "scorer" : "weights");
    diffmm_status status = diffmm__scorer_check_fold_in(scorer);
    if (!status)
        memcpy(weights, scorer->fold_in->weights,
               scorer->fold_in->modality_count * sizeof *weights);
    return status;
}

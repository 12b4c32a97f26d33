/* SPDX-License-Identifier: BSD-2-Clause */
/* A model that goes on from another, over a data set that may have further users and items: rows of
 * users and items that both know (by id) are taken over, and so are projections, logits and, where
 * both models have them, denoisers. Everything is checked before anything is changed. */
#include <string.h>

#include "base/handle.h"
#include "base/log.h"
#include "base/status.h"
#include "model/inherit_denoiser.h"
#include "model/model.h"

/* For each user and item of the model its number in the other one, or -1. */
struct origin {
    struct diffmm__arena arena;
    int32_t *user, *item;
    size_t known_users, known_items;
    float **room; /* of each modality, for its denoiser */
};

static diffmm_status find_origin(const diffmm_model *model, const diffmm_model *from,
                                 struct origin *out)
{
    const struct diffmm__catalog *catalog = model->catalog, *old = from->catalog;
    *out = (struct origin){.arena = diffmm__arena_on(model->context)};
    out->user = diffmm__arena_take(&out->arena, model->users, sizeof *out->user);
    out->item = diffmm__arena_take(&out->arena, model->items, sizeof *out->item);
    if (out->arena.failed)
        return DIFFMM_ERROR_NO_MEMORY;
    out->known_users = diffmm__ids_match(&catalog->user_ids, &old->user_ids, out->user);
    out->known_items = diffmm__catalog_match_items(catalog, old, out->item);
    if (out->known_users == 0 || out->known_items == 0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "from: the model knows none of the data set's %s",
                            out->known_users == 0 ? "users" : "items");
    return DIFFMM_OK;
}

static diffmm_status check_modality(const struct diffmm__model_modality *modality,
                                    const struct diffmm__model_modality *old)
{
    static const char *const kinds[] = {"leaky", "linear"};
    if (modality->dimensions != old->dimensions)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "from: modality '%s' has %zu features, but %zu in the data set",
                            modality->name, old->dimensions, modality->dimensions);
    if (modality->projection != old->projection)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "from: modality '%s' has a %s projection, but %s in the options",
                            modality->name, kinds[old->projection], kinds[modality->projection]);
    return DIFFMM_OK;
}

static diffmm_status check(const diffmm_model *model, const diffmm_model *from)
{
    diffmm_status status = diffmm__model_check_trainable(model);
    if (!status)
        status = diffmm__model_check_whole(model);
    if (!status)
        status = diffmm__model_check_whole(from);
    if (!status && model->d != from->d)
        status = diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                              "from: its embedding_size is %zu, not %zu", from->d, model->d);
    for (size_t m = 0; m < model->modality_count && !status; m++) {
        const struct diffmm__model_modality *modality = &model->modalities[m];
        const struct diffmm__model_modality *old =
            diffmm__model_find_modality(from, modality->name);
        if (old)
            status = check_modality(modality, old);
    }
    return status;
}

static void take_parameter(struct diffmm__parameter *parameter, const struct diffmm__parameter *old)
{
    memcpy(parameter->values, old->values,
           parameter->rows * parameter->columns * sizeof *parameter->values);
}

/* The denoiser of a modality from which that of `modality` is taken over, or NULL. */
static const diffmm_diffusion *old_denoiser(const struct diffmm__model_modality *modality,
                                            const diffmm_model *from)
{
    const struct diffmm__model_modality *old = diffmm__model_find_modality(from, modality->name);
    bool takes = modality->diffusion && old && old->diffusion &&
                 diffmm__inherit_denoiser_possible(modality->diffusion, old->diffusion);
    return takes ? old->diffusion : NULL;
}

/* Room for taking over each denoiser, one after the other. */
static diffmm_status take_room(const diffmm_model *model, const diffmm_model *from,
                               struct origin *origin)
{
    origin->room = diffmm__arena_take(&origin->arena, model->modality_count, sizeof *origin->room);
    for (size_t m = 0; m < model->modality_count && !origin->arena.failed; m++) {
        const diffmm_diffusion *old = old_denoiser(&model->modalities[m], from);
        if (old)
            origin->room[m] =
                diffmm__inherit_denoiser_room(&origin->arena, model->modalities[m].diffusion, old);
    }
    return origin->arena.failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
}

static void take_denoisers(diffmm_model *model, const diffmm_model *from,
                           const struct origin *origin)
{
    for (size_t m = 0; m < model->modality_count; m++) {
        const diffmm_diffusion *old = old_denoiser(&model->modalities[m], from);
        if (old)
            diffmm__inherit_denoiser(model->modalities[m].diffusion, old, origin->item,
                                     origin->room[m]);
    }
}

static void take_recommender(diffmm_model *model, const diffmm_model *from,
                             const struct origin *origin)
{
    size_t d = model->d;
    diffmm__inherit_rows(model->users, d, origin->user, diffmm__user_embedding(from)->values,
                         diffmm__user_embedding(model)->values);
    diffmm__inherit_rows(model->items, d, origin->item, diffmm__item_embedding(from)->values,
                         diffmm__item_embedding(model)->values);
    for (size_t m = 0; m < model->modality_count; m++) {
        struct diffmm__model_modality *modality = &model->modalities[m];
        const struct diffmm__model_modality *old =
            diffmm__model_find_modality(from, modality->name);
        if (!old)
            continue;
        take_parameter(modality->weight, old->weight);
        if (modality->bias)
            take_parameter(modality->bias, old->bias);
        diffmm__modality_logits(model)->values[m] =
            diffmm__modality_logits(from)->values[old - from->modalities];
    }
}

diffmm_status diffmm_model_inherit(diffmm_model *model, const diffmm_model *from)
{
    if (!model || !from)
        return diffmm__null(!model ? "model" : "from");
    struct origin origin = {0};
    DIFFMM__CALL from_call = diffmm__call_reads(from);
    DIFFMM__CALL model_call;
    diffmm_status status = diffmm__call_changes(&model_call, model, "model");
    if (!status)
        status = check(model, from);
    if (!status)
        status = find_origin(model, from, &origin);
    if (!status)
        status = take_room(model, from, &origin);
    if (!status) {
        take_denoisers(model, from, &origin);
        take_recommender(model, from, &origin);
        diffmm__model_changed(model);
        diffmm__log(model->context, DIFFMM_LOG_INFO,
                    "inherited %zu of %zu users and %zu of %zu items", origin.known_users,
                    model->users, origin.known_items, model->items);
    }
    diffmm__arena_end(&origin.arena);
    return status;
}

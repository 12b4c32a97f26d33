/* SPDX-License-Identifier: BSD-2-Clause */
#include "files/description.h"

#include <stdio.h>

#include "base/memory.h"
#include "base/status.h"
#include "options/options_json.h"

/* Take over a text; NULL: there was no memory for it, and the error text is set. */
static diffmm_status add(struct diffmm__description *d, const char *key, char *value)
{
    if (!value)
        return DIFFMM_ERROR_NO_MEMORY;
    d->values[d->count] = value;
    d->list[d->count++] = (struct diffmm__metadata){key, value};
    return DIFFMM_OK;
}

diffmm_status diffmm__description_begin(const diffmm_context *context, const char *format,
                                        struct diffmm__description *out)
{
    char library[64];
    snprintf(library, sizeof library, "%d.%d.%d", DIFFMM_VERSION_MAJOR, DIFFMM_VERSION_MINOR,
             DIFFMM_VERSION_PATCH);
    *out = (struct diffmm__description){.context = context};
    diffmm_status status;
    if ((status = diffmm__description_add_text(out, "format", format)) ||
        (status = diffmm__description_add_text(out, "version", "1")))
        return status;
    return diffmm__description_add_text(out, "library", library);
}

void diffmm__description_end(struct diffmm__description *d)
{
    for (size_t i = 0; i < d->count; i++)
        diffmm__release(d->context, d->values[i]);
    d->count = 0;
}

diffmm_status diffmm__description_add_text(struct diffmm__description *d, const char *key,
                                           const char *value)
{
    return add(d, key, diffmm__copy_text(d->context, value));
}

diffmm_status diffmm__description_add_count(struct diffmm__description *d, const char *key,
                                            size_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%zu", value);
    return diffmm__description_add_text(d, key, text);
}

diffmm_status diffmm__description_add_options(struct diffmm__description *d,
                                              const diffmm_options *options)
{
    return add(d, "options", diffmm__options_to_json(options));
}

diffmm_status diffmm__description_add_json(struct diffmm__description *d, const char *key,
                                           json_t *value)
{
    if (!value)
        return diffmm__fail(DIFFMM_ERROR_NO_MEMORY, "no memory for the metadata '%s'", key);
    diffmm_status status = add(d, key, diffmm__json_write(d->context, value));
    json_decref(value);
    return status;
}

/* NULL without memory. */
static json_t *modalities_json(const diffmm_model *model)
{
    json_t *list = json_array();
    for (size_t m = 0; list && m < model->modality_count; m++) {
        const struct diffmm__model_modality *modality = &model->modalities[m];
        const char *projection =
            modality->projection == DIFFMM__PROJECTION_LINEAR ? "linear" : "leaky";
        if (json_array_append_new(list, json_pack("{s:s, s:I, s:s}", "name", modality->name,
                                                  "dimensions", (json_int_t)modality->dimensions,
                                                  "projection", projection))) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *metrics_json(size_t count, const diffmm_metrics *metrics)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < count; i++) {
        if (json_array_append_new(list, json_pack("{s:I, s:I, s:f, s:f, s:f}", "cutoff",
                                                  (json_int_t)metrics[i].cutoff, "users",
                                                  (json_int_t)metrics[i].users, "recall",
                                                  metrics[i].recall, "precision",
                                                  metrics[i].precision, "ndcg", metrics[i].ndcg))) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

json_t *diffmm__description_evaluated_json(const struct diffmm__evaluated *e)
{
    return json_pack("{s:I, s:o, s:o}", "epoch", (json_int_t)e->epoch, "valid",
                     metrics_json(e->cutoff_count, e->valid), "test",
                     metrics_json(e->cutoff_count, e->test));
}

diffmm_status diffmm__description_add_model(struct diffmm__description *d,
                                            const diffmm_model *model)
{
    diffmm_status status;
    if ((status = diffmm__description_add_count(d, "users", model->users)) ||
        (status = diffmm__description_add_count(d, "items", model->items)) ||
        (status = diffmm__description_add_count(d, "d", model->d)) ||
        (status = diffmm__description_add_json(d, "modalities", modalities_json(model))) ||
        (status = diffmm__description_add_options(d, model->options)))
        return status;
    return model->evaluated.epoch == 0
               ? DIFFMM_OK
               : diffmm__description_add_json(
                     d, "evaluated", diffmm__description_evaluated_json(&model->evaluated));
}

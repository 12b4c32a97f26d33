/* SPDX-License-Identifier: BSD-2-Clause */
#include "files/learnt.h"

#include <stdio.h>
#include <string.h>

#include "files/description.h"
#include "files/matrix.h"
#include "files/metadata.h"

enum { name_size = 128, not_of_modalities = 3, most_of_modality = 2 };

static diffmm_status create(const diffmm_context *context, size_t most, struct diffmm__learnt **out)
{
    struct diffmm__arena arena = diffmm__arena_on(context);
    struct diffmm__learnt *learnt = diffmm__arena_take_zero(&arena, 1, sizeof *learnt);
    struct diffmm__tensor *parameters = diffmm__arena_take_zero(&arena, most, sizeof *parameters);
    if (arena.failed) {
        diffmm__arena_end(&arena);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    *learnt = (struct diffmm__learnt){.arena = arena, .parameters = parameters};
    *out = learnt;
    return DIFFMM_OK;
}

/* The arena holds the struct itself. */
void diffmm__learnt_destroy(struct diffmm__learnt *learnt)
{
    if (!learnt)
        return;
    struct diffmm__arena arena = learnt->arena;
    diffmm__arena_end(&arena);
}

/* NULL for NULL, and without memory, when the arena has failed. */
static const char *keep_text(struct diffmm__learnt *learnt, const char *text)
{
    size_t size = text ? strlen(text) + 1 : 0;
    char *copy = text ? diffmm__arena_take(&learnt->arena, size, 1) : NULL;
    if (copy)
        memcpy(copy, text, size);
    return copy;
}

static void keep_texts(struct diffmm__learnt *learnt, const char *modalities, const char *options,
                       const char *evaluated)
{
    learnt->modalities = keep_text(learnt, modalities);
    learnt->options = keep_text(learnt, options);
    learnt->evaluated = keep_text(learnt, evaluated);
}

static const char *text_of(const struct diffmm__description *description, const char *key)
{
    for (size_t i = 0; i < description->count; i++)
        if (strcmp(description->list[i].key, key) == 0)
            return description->list[i].value;
    return NULL;
}

static diffmm_status describe(const diffmm_model *model, struct diffmm__learnt *learnt)
{
    struct diffmm__description d;
    diffmm_status status = diffmm__description_begin(model->context, DIFFMM__MODEL_FORMAT, &d);
    if (!status)
        status = diffmm__description_add_model(&d, model);
    if (!status) {
        keep_texts(learnt, text_of(&d, "modalities"), text_of(&d, "options"),
                   text_of(&d, "evaluated"));
        status = learnt->arena.failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
    }
    diffmm__description_end(&d);
    return status;
}

diffmm_status diffmm__learnt_of_model(const diffmm_model *model, struct diffmm__learnt **out)
{
    struct diffmm__learnt *learnt;
    diffmm_status status = create(model->context, model->parameter_count, &learnt);
    if (status)
        return status;
    status = describe(model, learnt);
    if (status) {
        diffmm__learnt_destroy(learnt);
        return status;
    }
    for (size_t p = 0; p < model->parameter_count; p++) {
        const struct diffmm__parameter *parameter = &model->parameters[p];
        learnt->parameters[learnt->count++] = (struct diffmm__tensor){.name = parameter->name,
                                                                      .dtype = DIFFMM__F32,
                                                                      .rows = parameter->rows,
                                                                      .columns = parameter->columns,
                                                                      .data = parameter->values};
    }
    *out = learnt;
    return DIFFMM_OK;
}

/* A tensor of the file, if it is there. Its name there is borrowed with it. */
static diffmm_status take(const struct diffmm__safetensors *file, const char *name,
                          struct diffmm__learnt *learnt)
{
    struct diffmm__tensor *next = &learnt->parameters[learnt->count];
    if (!diffmm__safetensors_has(file, name))
        return DIFFMM_OK;
    diffmm_status status = diffmm__safetensors_find(file, name, DIFFMM__F32, next);
    learnt->count += status == DIFFMM_OK;
    return status;
}

/* One that has a row of d floats for each user or item. */
static diffmm_status take_rows(const struct diffmm__safetensors *file, const char *name,
                               size_t rows, size_t d, struct diffmm__learnt *learnt)
{
    diffmm_status status = DIFFMM_OK;
    if (diffmm__safetensors_has(file, name))
        status = diffmm__matrix_find(file, name, rows, d, NULL);
    return status ? status : take(file, name, learnt);
}

static diffmm_status take_all(const struct diffmm__safetensors *file,
                              const struct diffmm__catalog *catalog, size_t d,
                              const struct diffmm__model_modality *modalities, size_t count,
                              struct diffmm__learnt *learnt)
{
    static const char *const parts[most_of_modality] = {"weight", "bias"};
    char name[name_size];
    diffmm_status status;
    if ((status = take_rows(file, "user_embedding", catalog->users, d, learnt)) ||
        (status = take_rows(file, "item_embedding", catalog->items, d, learnt)) ||
        (status = take(file, "modality_logits", learnt)))
        return status;
    for (size_t p = 0; p < count * most_of_modality && !status; p++) {
        snprintf(name, sizeof name, "modality.%s.projection.%s",
                 modalities[p / most_of_modality].name, parts[p % most_of_modality]);
        status = take(file, name, learnt);
    }
    return status;
}

static diffmm_status read(const struct diffmm__safetensors *file,
                          const struct diffmm__catalog *catalog, size_t d,
                          const struct diffmm__model_modality *modalities, size_t count,
                          struct diffmm__learnt **out)
{
    struct diffmm__learnt *learnt;
    diffmm_status status = create(diffmm__safetensors_context(file),
                                  not_of_modalities + count * most_of_modality, &learnt);
    if (status)
        return status;
    learnt->modalities = diffmm__safetensors_metadata(file, "modalities");
    learnt->options = diffmm__safetensors_metadata(file, "options");
    learnt->evaluated = diffmm__safetensors_metadata(file, "evaluated");
    status = take_all(file, catalog, d, modalities, count, learnt);
    if (status) {
        diffmm__learnt_destroy(learnt);
        return status;
    }
    *out = learnt;
    return DIFFMM_OK;
}

diffmm_status diffmm__learnt_of_file(const struct diffmm__safetensors *file,
                                     const struct diffmm__catalog *catalog, size_t d,
                                     struct diffmm__learnt **out)
{
    struct diffmm__model_modality *modalities;
    size_t count;
    diffmm_status status = diffmm__metadata_modalities(file, &modalities, &count);
    if (status)
        return status;
    status = read(file, catalog, d, modalities, count, out);
    diffmm__release(diffmm__safetensors_context(file), modalities);
    return status;
}

/* The values, and after them further ones, or zeros. */
static const float *keep_values(struct diffmm__learnt *learnt, const struct diffmm__tensor *from,
                                size_t more, const float *further)
{
    size_t columns = from->columns ? from->columns : 1;
    size_t old = from->rows * columns;
    float *copy = diffmm__arena_take_zero(&learnt->arena, old + more * columns, sizeof *copy);
    if (copy && old)
        memcpy(copy, from->data, old * sizeof *copy);
    if (copy && more && further)
        memcpy(copy + old, further, more * columns * sizeof *copy);
    return copy;
}

diffmm_status diffmm__learnt_copy(const diffmm_context *context, const struct diffmm__learnt *from,
                                  size_t more, const float *embeddings, struct diffmm__learnt **out)
{
    struct diffmm__learnt *copy;
    diffmm_status status = create(context, from->count, &copy);
    if (status)
        return status;
    keep_texts(copy, from->modalities, from->options, more ? NULL : from->evaluated);
    for (size_t p = 0; p < from->count; p++) {
        const struct diffmm__tensor *parameter = &from->parameters[p];
        size_t added = strcmp(parameter->name, "item_embedding") == 0 ? more : 0;
        copy->parameters[p] = *parameter;
        copy->parameters[p].rows += added;
        copy->parameters[p].name = keep_text(copy, parameter->name);
        copy->parameters[p].data = keep_values(copy, parameter, added, embeddings);
    }
    copy->count = from->count;
    if (copy->arena.failed) {
        diffmm__learnt_destroy(copy);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    *out = copy;
    return DIFFMM_OK;
}

const float *diffmm__learnt_values(const struct diffmm__learnt *learnt, const char *name)
{
    for (size_t p = 0; p < learnt->count; p++)
        if (strcmp(learnt->parameters[p].name, name) == 0)
            return learnt->parameters[p].data;
    return NULL;
}

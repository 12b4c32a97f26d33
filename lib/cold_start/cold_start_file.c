/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of a cold-start mapping: safetensors. Its tensors are
 *
 *     item.mean            d
 *     scale                2^M
 *     modality.NAME.mean   D, of each modality
 *     modality.NAME.map    D x d, of each modality
 *
 * and its metadata is format, version, library, d, modalities (a JSON list of name, dimensions). */
#include <stdio.h>
#include <string.h>

#include "base/handle.h"
#include "base/status.h"
#include "cold_start/cold_start.h"
#include "files/description.h"
#include "files/load.h"
#include "files/matrix.h"
#include "files/metadata.h"
#include "files/tensor_list.h"

/* NULL without memory. */
static json_t *modalities_json(const diffmm_placer *placer)
{
    json_t *list = json_array();
    for (size_t m = 0; list && m < placer->modality_count; m++)
        if (json_array_append_new(list, json_pack("{s:s, s:I}", "name", placer->modalities[m].name,
                                                  "dimensions",
                                                  (json_int_t)placer->modalities[m].dimensions))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static diffmm_status describe(const diffmm_placer *placer, struct diffmm__description *d)
{
    diffmm_status status;
    if ((status = diffmm__description_begin(placer->context, DIFFMM__COLD_START_FORMAT, d)) ||
        (status = diffmm__description_add_count(d, "d", placer->d)))
        return status;
    return diffmm__description_add_json(d, "modalities", modalities_json(placer));
}

static diffmm_status add_tensors(struct diffmm__tensor_list *list, const diffmm_placer *placer)
{
    diffmm_status status =
        diffmm__tensor_list_add(list, "item.mean", DIFFMM__F32, placer->d, 1, placer->mean);
    if (!status)
        status = diffmm__tensor_list_add(list, "scale", DIFFMM__F32,
                                         (size_t)1 << placer->modality_count, 1, placer->scale);
    for (size_t m = 0; m < placer->modality_count && !status; m++) {
        const struct diffmm__cold_start_modality *modality = &placer->modalities[m];
        status = diffmm__tensor_list_add(
            list, diffmm__tensor_list_name(list, "modality.%s.mean", modality->name), DIFFMM__F32,
            modality->dimensions, 1, modality->mean);
        if (!status)
            status = diffmm__tensor_list_add(
                list, diffmm__tensor_list_name(list, "modality.%s.map", modality->name),
                DIFFMM__F32, modality->dimensions, placer->d, modality->map);
    }
    return status;
}

static diffmm_status save(const diffmm_placer *placer, const char *path)
{
    struct diffmm__tensor_list list;
    struct diffmm__description description = {.context = placer->context};
    diffmm_status status =
        diffmm__tensor_list_begin(placer->context, "placer", 2 + 2 * placer->modality_count, &list);
    if (!status)
        status = add_tensors(&list, placer);
    if (!status)
        status = describe(placer, &description);
    if (!status)
        status = diffmm__safetensors_write(placer->context, path, description.list,
                                           description.count, list.tensors, list.count);
    diffmm__description_end(&description);
    diffmm__tensor_list_end(&list);
    return status;
}

diffmm_status diffmm_placer_save(const diffmm_placer *placer, const char *path)
{
    DIFFMM__CALL call = diffmm__call_reads(placer);
    if (!placer || !path)
        return diffmm__null(!placer ? "placer" : "path");
    return save(placer, path);
}

static diffmm_status read_modality(const struct diffmm__safetensors *file,
                                   const struct diffmm__json_value *entry, size_t index,
                                   struct diffmm__cold_start_modality *all)
{
    struct diffmm__cold_start_modality *own = &all[index];
    diffmm_status status =
        diffmm__metadata_modality(file, entry, index, own->name, &own->dimensions);
    for (size_t i = 0; i < index && !status; i++)
        if (strcmp(all[i].name, own->name) == 0)
            status = diffmm__metadata_bad_modality(file, index, "has the name of another");
    return status;
}

/* The metadata's modalities, up to DIFFMM__COLD_START_MODALITIES. */
static diffmm_status read_modalities(const struct diffmm__safetensors *file,
                                     struct diffmm__cold_start_modality *out, size_t *count)
{
    struct diffmm__json json;
    diffmm_status status = diffmm__metadata_json(file, "modalities", &json);
    if (status)
        return status;
    *count = diffmm__json_is(json.values, DIFFMM__JSON_ARRAY) ? diffmm__json_count(json.values) : 0;
    if (*count == 0 || *count > DIFFMM__COLD_START_MODALITIES)
        status = diffmm__fail(DIFFMM_ERROR_FORMAT,
                              "%s: the metadata's modalities are not a list of 1 to %d",
                              diffmm__safetensors_path(file), DIFFMM__COLD_START_MODALITIES);
    const struct diffmm__json_value *entry = diffmm__json_first(json.values);
    for (size_t m = 0; m < *count && !status; m++, entry = diffmm__json_next(entry))
        status = read_modality(file, entry, m, out);
    diffmm__json_end(&json);
    return status;
}

/* A tensor into `out`; or, where there is no mapping yet, its shape alone: the file has room for
 * what the metadata claims before memory of that size is asked for. */
static diffmm_status read_tensor(const struct diffmm__safetensors *file, const char *name,
                                 size_t rows, size_t columns, float *out)
{
    return out ? diffmm__matrix_read(file, name, rows, columns, out)
               : diffmm__matrix_find(file, name, rows, columns, NULL);
}

static diffmm_status read_tensors(const struct diffmm__safetensors *file, size_t d, size_t count,
                                  const struct diffmm__cold_start_modality *modalities,
                                  diffmm_placer *placer)
{
    diffmm_status status = read_tensor(file, "item.mean", d, 1, placer ? placer->mean : NULL);
    if (!status)
        status = read_tensor(file, "scale", (size_t)1 << count, 1, placer ? placer->scale : NULL);
    for (size_t m = 0; m < count && !status; m++) {
        const struct diffmm__cold_start_modality *modality = placer ? &placer->modalities[m] : NULL;
        char name[96];
        snprintf(name, sizeof name, "modality.%s.mean", modalities[m].name);
        status =
            read_tensor(file, name, modalities[m].dimensions, 1, modality ? modality->mean : NULL);
        snprintf(name, sizeof name, "modality.%s.map", modalities[m].name);
        if (!status)
            status = read_tensor(file, name, modalities[m].dimensions, d,
                                 modality ? modality->map : NULL);
    }
    return status;
}

static diffmm_status read_placer(struct diffmm__safetensors **opened, void *out)
{
    const struct diffmm__safetensors *file = *opened;
    struct diffmm__cold_start_modality modalities[DIFFMM__COLD_START_MODALITIES] = {0};
    diffmm_placer **result = out, *placer;
    size_t count = 0, d = 0;
    diffmm_status status;
    if ((status = diffmm__metadata_check_format(file, DIFFMM__COLD_START_FORMAT,
                                                DIFFMM__COLD_START_KIND)) ||
        (status = diffmm__metadata_count(file, "d", &d)) ||
        (status = read_modalities(file, modalities, &count)) ||
        (status = read_tensors(file, d, count, modalities, NULL)) ||
        (status = diffmm__cold_start_create(diffmm__safetensors_context(file), d, count, modalities,
                                            &placer)))
        return status;
    status = read_tensors(file, d, count, modalities, placer);
    if (status) {
        diffmm_placer_destroy(placer);
        return status;
    }
    diffmm__cold_start_complete(placer);
    *result = placer;
    return DIFFMM_OK;
}

diffmm_status diffmm_placer_open(diffmm_context *context, const char *path, diffmm_placer **out)
{
    static const struct diffmm__loader loader = {.read = read_placer};
    return diffmm__load_path(&loader, context, path, out);
}

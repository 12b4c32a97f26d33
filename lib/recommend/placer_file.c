/* SPDX-License-Identifier: BSD-2-Clause */
/* The placer's file: safetensors. Tensors: item.mean (d), scale (2^M), and of each modality
 * modality.NAME.mean (D) and modality.NAME.map (D x d). Metadata: format "diffmm-placer", version,
 * library, d, modalities (a JSON list of name and dimensions). */
#include <stdio.h>
#include <string.h>

#include "base/handle.h"
#include "base/status.h"
#include "checkpoint/description.h"
#include "checkpoint/model_file.h"
#include "recommend/placer.h"

enum { most_tensors = 2 + 2 * DIFFMM__PLACER_MODALITIES, most_name = 96 };

static const char format[] = "diffmm-placer";

static void mean_name(const struct diffmm__placer_modality *modality, char name[most_name])
{
    snprintf(name, most_name, "modality.%s.mean", modality->name);
}

static void map_name(const struct diffmm__placer_modality *modality, char name[most_name])
{
    snprintf(name, most_name, "modality.%s.map", modality->name);
}

/* The list of modalities as text, or NULL with the error text set. */
static char *modalities_json(const diffmm_placer *placer)
{
    json_t *list = json_array();
    bool fine = list != NULL;
    for (size_t m = 0; fine && m < placer->modality_count; m++)
        fine = json_array_append_new(
                   list, json_pack("{s:s, s:I}", "name", placer->modalities[m].name, "dimensions",
                                   (json_int_t)placer->modalities[m].dimensions)) == 0;
    char *text = fine ? diffmm__json_write(placer->context, list) : NULL;
    if (!fine)
        diffmm__fail(DIFFMM_ERROR_NO_MEMORY, "no memory for the list of modalities");
    json_decref(list);
    return text;
}

diffmm_status diffmm_placer_save(const diffmm_placer *placer, const char *path)
{
    DIFFMM__CALL call = diffmm__call_reads(placer);
    if (!placer || !path)
        return diffmm__null(!placer ? "placer" : "path");
    struct diffmm__tensor tensors[most_tensors] = {
        {"item.mean", DIFFMM__F32, placer->d, 0, placer->mean},
        {"scale", DIFFMM__F32, (size_t)1 << placer->modality_count, 0, placer->scale}};
    char names[most_tensors][most_name];
    size_t count = 2;
    for (size_t m = 0; m < placer->modality_count; m++) {
        const struct diffmm__placer_modality *modality = &placer->modalities[m];
        mean_name(modality, names[count]);
        tensors[count] = (struct diffmm__tensor){names[count], DIFFMM__F32, modality->dimensions, 0,
                                                 modality->mean};
        count++;
        map_name(modality, names[count]);
        tensors[count] = (struct diffmm__tensor){names[count], DIFFMM__F32, modality->dimensions,
                                                 placer->d > 1 ? placer->d : 0, modality->map};
        count++;
    }
    char d[24], *modalities = modalities_json(placer);
    if (!modalities)
        return DIFFMM_ERROR_NO_MEMORY;
    snprintf(d, sizeof d, "%zu", placer->d);
    const struct diffmm__version_text library = diffmm__version_text();
    const struct diffmm__metadata metadata[] = {{"format", format},
                                                {"version", "1"},
                                                {"library", library.text},
                                                {"d", d},
                                                {"modalities", modalities}};
    diffmm_status status = diffmm__safetensors_write(
        placer->context, path, metadata, sizeof metadata / sizeof *metadata, tensors, count);
    diffmm__release(placer->context, modalities);
    return status;
}

static diffmm_status read_modality(const char *path, const struct diffmm__json_value *entry,
                                   size_t index, struct diffmm__placer_modality *all)
{
    struct diffmm__placer_modality *own = &all[index];
    diffmm_status status = diffmm__read_modality(path, entry, index, own->name, &own->dimensions);
    for (size_t i = 0; i < index && !status; i++)
        if (strcmp(all[i].name, own->name) == 0)
            status = diffmm__bad_modality(path, index, "has the name of another");
    return status;
}

/* The metadata's modalities, up to DIFFMM__PLACER_MODALITIES. */
static diffmm_status read_modalities(diffmm_context *context,
                                     const struct diffmm__safetensors *file, const char *path,
                                     struct diffmm__placer_modality *out, size_t *count)
{
    struct diffmm__json json;
    diffmm_status status = diffmm__read_json(context, file, "modalities", &json);
    if (status)
        return status;
    *count = diffmm__json_is(json.values, DIFFMM__JSON_ARRAY) ? diffmm__json_count(json.values) : 0;
    if (*count == 0 || *count > DIFFMM__PLACER_MODALITIES)
        status = diffmm__fail(DIFFMM_ERROR_FORMAT,
                              "%s: the metadata's modalities are not a list of 1 to %d", path,
                              DIFFMM__PLACER_MODALITIES);
    const struct diffmm__json_value *entry = diffmm__json_first(json.values);
    for (size_t m = 0; m < *count && !status; m++, entry = diffmm__json_next(entry))
        status = read_modality(path, entry, m, out);
    diffmm__json_end(&json);
    return status;
}

/* A tensor into `out`; or, where there is no placer yet, a look at its shape: the file has room for
 * what the metadata claims before memory of that size is asked for. */
static diffmm_status read_tensor(const struct diffmm__safetensors *file, const char *path,
                                 const char *name, size_t rows, size_t columns, float *out)
{
    return out ? diffmm__model_file_matrix(file, path, name, rows, columns, out)
               : diffmm__model_file_shape(file, path, name, rows, columns);
}

static diffmm_status read_tensors(const struct diffmm__safetensors *file, const char *path,
                                  size_t d, size_t count,
                                  const struct diffmm__placer_modality *modalities,
                                  diffmm_placer *placer)
{
    diffmm_status status = read_tensor(file, path, "item.mean", d, 1, placer ? placer->mean : NULL);
    if (!status)
        status =
            read_tensor(file, path, "scale", (size_t)1 << count, 1, placer ? placer->scale : NULL);
    for (size_t m = 0; m < count && !status; m++) {
        const struct diffmm__placer_modality *modality = placer ? &placer->modalities[m] : NULL;
        char name[most_name];
        mean_name(&modalities[m], name);
        status = read_tensor(file, path, name, modalities[m].dimensions, 1,
                             modality ? modality->mean : NULL);
        map_name(&modalities[m], name);
        if (!status)
            status = read_tensor(file, path, name, modalities[m].dimensions, d,
                                 modality ? modality->map : NULL);
    }
    return status;
}

static diffmm_status read_placer(diffmm_context *context, const struct diffmm__safetensors *file,
                                 const char *path, diffmm_placer **out)
{
    struct diffmm__placer_modality modalities[DIFFMM__PLACER_MODALITIES] = {0};
    size_t count = 0, d = 0;
    diffmm_status status = diffmm__read_format(file, format, "a placer's file");
    if (!status)
        status = diffmm__read_count(file, "d", &d);
    if (!status)
        status = read_modalities(context, file, path, modalities, &count);
    if (!status)
        status = read_tensors(file, path, d, count, modalities, NULL);
    if (status)
        return status;
    diffmm_placer *placer;
    status = diffmm__placer_allocate(context, d, count, modalities, &placer);
    if (status)
        return status;
    status = read_tensors(file, path, d, count, modalities, placer);
    if (status) {
        diffmm_placer_destroy(placer);
        return status;
    }
    diffmm__placer_measure(placer);
    *out = placer;
    return DIFFMM_OK;
}

diffmm_status diffmm_placer_open(diffmm_context *context, const char *path, diffmm_placer **out)
{
    DIFFMM__CALL call = diffmm__call_reads(context);
    if (!context || !path || !out)
        return diffmm__null(!context ? "context" : !path ? "path" : "out");
    struct diffmm__safetensors *file;
    diffmm_status status = diffmm__safetensors_open(context, path, &file);
    if (status)
        return status;
    status = read_placer(context, file, path, out);
    diffmm__safetensors_close(file);
    return status;
}

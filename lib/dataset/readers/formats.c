/* SPDX-License-Identifier: BSD-2-Clause */
/* Interactions and features from files, by the format that a file's ending tells. A call that fails
 * leaves what was there. */
#include "dataset/readers/formats.h"

#include <stdio.h>
#include <string.h>

#include "base/handle.h"
#include "base/memory.h"
#include "base/status.h"
#include "dataset/modalities.h"
#include "dataset/readers/features_npy.h"
#include "dataset/readers/features_npz.h"
#include "dataset/readers/features_safetensors.h"
#include "dataset/readers/features_text.h"
#include "dataset/readers/id_list.h"
#include "dataset/readers/interactions_matrix.h"
#include "dataset/readers/interactions_table.h"

static const struct diffmm__format formats[] = {
    {.ending = ".tsv", .interactions = diffmm__interactions_table_read_tsv},
    {.ending = ".csv", .interactions = diffmm__interactions_table_read_csv},
    {.ending = ".inter", .interactions = diffmm__interactions_table_read_any},
    {.ending = ".dat", .interactions = diffmm__interactions_table_read_any},
    {.ending = ".data", .interactions = diffmm__interactions_table_read_any},
    {.ending = ".txt",
     .interactions = diffmm__interactions_table_read_any,
     .features = diffmm__features_text_read},
    {.ending = ".pkl",
     .interactions = diffmm__interactions_matrix_read_pickle,
     .split_files = true},
    {.ending = ".npz",
     .interactions = diffmm__interactions_matrix_read_npz,
     .split_files = true,
     .features = diffmm__features_npz_read},
    {.ending = ".npy", .features = diffmm__features_npy_read},
    {.ending = ".safetensors", .features = diffmm__features_safetensors_read},
    {.ending = ".vec", .features = diffmm__features_text_read},
};

enum { format_count = sizeof formats / sizeof *formats };

const struct diffmm__format *diffmm__formats_list(size_t *count)
{
    *count = format_count;
    return formats;
}

static bool ends_with(const char *path, const char *ending)
{
    size_t length = strlen(path), end = strlen(ending);
    return length > end && strcmp(path + length - end, ending) == 0;
}

static const struct diffmm__format *find_format(const char *path)
{
    for (size_t f = 0; f < format_count; f++)
        if (ends_with(path, formats[f].ending))
            return &formats[f];
    return NULL;
}

static diffmm_status fail_ending(const char *path)
{
    char endings[128] = "";
    for (size_t f = 0; f < format_count; f++)
        if (formats[f].interactions) {
            size_t used = strlen(endings);
            snprintf(endings + used, sizeof endings - used, "%s%s", used ? ", " : "",
                     formats[f].ending);
        }
    return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                        "%s: interactions are read from files whose names end in one of %s", path,
                        endings);
}

diffmm_status diffmm_dataset_read_interactions(diffmm_dataset *dataset, diffmm_split split,
                                               const char *path)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = diffmm__dataset_check_open(dataset);
    if (!status)
        status = diffmm__dataset_check_split(split);
    if (status)
        return status;
    if (!path)
        return diffmm__null("path");
    const struct diffmm__format *format = find_format(path);
    if (!format || !format->interactions)
        return fail_ending(path);
    struct diffmm__draft_mark mark = diffmm__draft_save(dataset->draft);
    status = format->interactions(dataset->context, path, split, dataset->draft);
    if (status)
        diffmm__draft_restore(dataset->draft, &mark);
    return status;
}

/* A file whose ending says nothing is taken as .npy. */
static diffmm_status read_features(const diffmm_context *context, const char *path,
                                   struct diffmm__feature_rows *out)
{
    const struct diffmm__format *format = find_format(path);
    if (diffmm__features_safetensors_tensor(path))
        return diffmm__features_safetensors_read(context, path, out);
    return format && format->features ? format->features(context, path, out)
                                      : diffmm__features_npy_read(context, path, out);
}

/* The same where they are in the file. */
static diffmm_status map_features(const diffmm_context *context, const char *path,
                                  struct diffmm__feature_rows *out)
{
    const struct diffmm__format *format = find_format(path);
    if (diffmm__features_safetensors_tensor(path) ||
        (format && format->features == diffmm__features_safetensors_read))
        return diffmm__features_safetensors_map(context, path, out);
    if (format && format->features && format->features != diffmm__features_npy_read)
        return diffmm__fail(DIFFMM_ERROR_UNSUPPORTED,
                            "%s: only .npy and .safetensors can be used where they are in the "
                            "file; diffmm_dataset_read_modality() reads the others",
                            path);
    return diffmm__features_npy_map(context, path, out);
}

static diffmm_status add_from_file(diffmm_dataset *dataset, const char *name, const char *path,
                                   bool map)
{
    struct diffmm__feature_rows features = {0};
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = diffmm__modalities_check_new(dataset, name, 1);
    if (status)
        return status;
    if (!path)
        return diffmm__null("path");
    status = map ? map_features(dataset->context, path, &features)
                 : read_features(dataset->context, path, &features);
    if (status)
        return status;
    status = diffmm__id_list_read(dataset->context, path, &features);
    if (status) {
        diffmm__feature_rows_end(dataset->context, &features);
        return status;
    }
    return diffmm__modalities_add_owned(dataset, name, features, path);
}

diffmm_status diffmm_dataset_read_modality(diffmm_dataset *dataset, const char *name,
                                           const char *path)
{
    return add_from_file(dataset, name, path, false);
}

diffmm_status diffmm_dataset_map_modality(diffmm_dataset *dataset, const char *name,
                                          const char *path)
{
    return add_from_file(dataset, name, path, true);
}

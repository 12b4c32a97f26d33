/* SPDX-License-Identifier: BSD-2-Clause */
/* Interactions and features from files, by the format that a file's ending tells. A call that fails
 * leaves what was there. */
#include "dataset/readers/formats.h"

#include <stdio.h>
#include <string.h>

#include "base/handle.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/structs.h"
#include "dataset/modalities.h"
#include "dataset/readers/features_npy.h"
#include "dataset/readers/features_npz.h"
#include "dataset/readers/features_safetensors.h"
#include "dataset/readers/features_text.h"
#include "dataset/readers/id_list.h"
#include "dataset/readers/interactions_matrix.h"
#include "dataset/readers/interactions_table.h"

static const struct diffmm__format formats[] = {
    {.ending = ".tsv", .interactions = diffmm__interactions_table_read_tsv, .table = true},
    {.ending = ".csv", .interactions = diffmm__interactions_table_read_csv, .table = true},
    {.ending = ".inter", .interactions = diffmm__interactions_table_read_any, .table = true},
    {.ending = ".dat", .interactions = diffmm__interactions_table_read_any, .table = true},
    {.ending = ".data", .interactions = diffmm__interactions_table_read_any, .table = true},
    {.ending = ".txt",
     .interactions = diffmm__interactions_table_read_any,
     .table = true,
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

enum { format_count = sizeof formats / sizeof *formats, most_ending = 32 };

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

/* Whether it is a table's ending with that of a compressed file behind it. */
static bool ends_with_compressed(const char *path, const char *ending)
{
    static const char *const compressed[] = {".gz", ".zst"};
    char both[most_ending];
    for (size_t c = 0; c < sizeof compressed / sizeof *compressed; c++) {
        snprintf(both, sizeof both, "%s%s", ending, compressed[c]);
        if (ends_with(path, both))
            return true;
    }
    return false;
}

static const struct diffmm__format *find_format(const char *path)
{
    for (size_t f = 0; f < format_count; f++)
        if (ends_with(path, formats[f].ending) ||
            (formats[f].table && ends_with_compressed(path, formats[f].ending)))
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

static diffmm_status begin_reading(struct diffmm__call *call, diffmm_dataset *dataset,
                                   diffmm_split split, const char *path)
{
    diffmm_status status = diffmm__call_changes(call, dataset, "dataset");
    if (!status)
        status = diffmm__dataset_check_open(dataset);
    if (!status)
        status = diffmm__dataset_check_split(split);
    return status || path ? status : diffmm__null("path");
}

diffmm_status diffmm_dataset_read_interactions(diffmm_dataset *dataset, diffmm_split split,
                                               const char *path)
{
    DIFFMM__CALL call;
    diffmm_status status = begin_reading(&call, dataset, split, path);
    if (status)
        return status;
    const struct diffmm__format *format = find_format(path);
    if (!format || !format->interactions)
        return fail_ending(path);
    struct diffmm__draft_mark mark = diffmm__draft_save(dataset->draft);
    status = format->interactions(dataset->context, path, split, dataset->draft);
    if (status)
        diffmm__draft_restore(dataset->draft, &mark);
    return status;
}

static diffmm_status check_answer(int32_t answer, const char *name)
{
    return answer >= DIFFMM_AUTO && answer <= DIFFMM_NO
               ? DIFFMM_OK
               : diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                              "%s is %d, not 0 (found out), 1 (yes) or 2 (no)", name, (int)answer);
}

static diffmm_status check_format(const diffmm_table_format *format)
{
    const char *separator = format->separator;
    if (separator && strcmp(separator, "::") != 0 &&
        (strlen(separator) != 1 || strchr("\"\r\n", *separator)))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "separator is '%s', not one character other than a quote or a line "
                            "end, nor '::'",
                            separator);
    diffmm_status status = check_answer(format->header, "header");
    if (!status)
        status = check_answer(format->quotes, "quotes");
    if (!status && ((format->user && !*format->user) || (format->item && !*format->item)))
        status =
            diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "the column of the %s cannot be left out",
                         format->user && !*format->user ? "user" : "item");
    return status;
}

diffmm_status diffmm_dataset_read_table(diffmm_dataset *dataset, diffmm_split split,
                                        const char *path, const diffmm_table_format *format)
{
    diffmm_table_format given = {0};
    DIFFMM__CALL call;
    diffmm_status status = begin_reading(&call, dataset, split, path);
    if (!status && format)
        status = diffmm__struct_read(&given, &diffmm__layout_table_format, format, "format");
    if (!status)
        status = check_format(&given);
    if (status)
        return status;
    struct diffmm__draft_mark mark = diffmm__draft_save(dataset->draft);
    status = diffmm__interactions_table_read(dataset->context, path, &given, split, dataset->draft);
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

/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening a whole data set: the released layout of a folder, or a file and what lies beside it. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/handle.h"
#include "base/memory.h"
#include "base/status.h"
#include "dataset/declare.h"
#include "dataset/readers/formats.h"
#include "dataset/readers/lines.h"

/* Room for a file's name that is put together here, or the end of one. */
enum { most_name = 32 };

/* Add FOLDER/NAMESUFFIX as modality NAME. */
static diffmm_status read_feature_file(diffmm_dataset *dataset, const char *folder,
                                       const char *file, const char *suffix)
{
    diffmm_status status = DIFFMM_ERROR_NO_MEMORY;
    char *path = diffmm__path_join(dataset->context, folder, file);
    char *name = path ? diffmm__copy_text(dataset->context, file) : NULL;
    if (name) {
        name[strlen(name) - strlen(suffix)] = 0;
        status = diffmm_dataset_read_modality(dataset, name, path);
    }
    if (status == DIFFMM_ERROR_INVALID_ARGUMENT) /* the name: say of which file */
        status =
            diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "%s: %s", path, diffmm_error_message());
    diffmm__release(dataset->context, name);
    diffmm__release(dataset->context, path);
    return status;
}

static diffmm_status read_feature_files(diffmm_dataset *dataset, const char *folder,
                                        const char *suffix)
{
    char **files;
    size_t count;
    diffmm_status status = diffmm__file_list(dataset->context, folder, suffix, &files, &count);
    if (status)
        return status;
    for (size_t i = 0; i < count && !status; i++)
        status = read_feature_file(dataset, folder, files[i], suffix);
    diffmm__file_list_end(dataset->context, files, count);
    return status;
}

/* Every FOLDER/NAME_feat.npy, or with the ending of another format that holds features. */
static diffmm_status read_features(diffmm_dataset *dataset, const char *folder)
{
    size_t count;
    const struct diffmm__format *formats = diffmm__formats_list(&count);
    diffmm_status status = DIFFMM_OK;
    for (size_t f = 0; f < count && !status; f++) {
        char suffix[most_name];
        snprintf(suffix, sizeof suffix, "_feat%s", formats[f].ending);
        if (formats[f].features)
            status = read_feature_files(dataset, folder, suffix);
    }
    return status;
}

/* The file of a split, of which there is one at most. */
struct split_file {
    const char *folder;
    char name[most_name]; /* of the one that is there; "" if none is */
    char *path;           /* NULL if none is */
    char tried[4 * most_name];
};

static diffmm_status try_file(const diffmm_context *context, const char *stem, const char *ending,
                              struct split_file *file)
{
    char name[most_name];
    snprintf(name, sizeof name, "%s%s", stem, ending);
    size_t used = strlen(file->tried);
    snprintf(file->tried + used, sizeof file->tried - used, "%s%s", used ? ", " : "", name);
    char *path = diffmm__path_join(context, file->folder, name);
    if (!path)
        return DIFFMM_ERROR_NO_MEMORY;
    enum diffmm__file_kind kind;
    diffmm_status status = diffmm__file_examine(path, &kind);
    bool found = !status && kind == DIFFMM__FILE_REGULAR;
    if (found && !file->path) {
        memcpy(file->name, name, sizeof name);
        file->path = path;
        return DIFFMM_OK;
    }
    diffmm__release(context, path);
    if (found)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s holds both %s and %s; only one of them may be there", file->folder,
                            file->name, name);
    return status;
}

static diffmm_status find_split(const diffmm_context *context, const char *stem,
                                struct split_file *file)
{
    size_t count;
    const struct diffmm__format *formats = diffmm__formats_list(&count);
    diffmm_status status = DIFFMM_OK;
    for (size_t f = 0; f < count && !status; f++)
        if (formats[f].split_files)
            status = try_file(context, stem, formats[f].ending, file);
    return status;
}

static diffmm_status read_split(diffmm_dataset *dataset, diffmm_split split, const char *folder)
{
    static const char *const stems[DIFFMM__SPLITS] = {"trnMat", "valMat", "tstMat"};
    struct split_file file = {.folder = folder};
    diffmm_status status = find_split(dataset->context, stems[split], &file);
    if (!status && file.path)
        status = diffmm_dataset_read_interactions(dataset, split, file.path);
    else if (!status && split == DIFFMM_TRAIN)
        status = diffmm__fail(DIFFMM_ERROR_IO, "%s holds none of %s", folder, file.tried);
    diffmm__release(dataset->context, file.path);
    return status;
}

static diffmm_status read_folder(diffmm_dataset *dataset, const char *folder)
{
    diffmm_status status = DIFFMM_OK;
    for (int s = DIFFMM_TRAIN; s <= DIFFMM_TEST && !status; s++)
        status = read_split(dataset, (diffmm_split)s, folder);
    return status ? status : read_features(dataset, folder);
}

static diffmm_status declare_lines(diffmm_dataset *dataset, const char *path,
                                   const struct diffmm__mapping *mapping)
{
    struct diffmm__lines lines;
    size_t wrong;
    diffmm_status status = diffmm__lines_parse(dataset->context, (const char *)mapping->data,
                                               mapping->size, path, &lines);
    if (status)
        return status;
    if (lines.count == 0)
        status = diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: it lists no id", path);
    else
        status = diffmm__declare_items(dataset, lines.count, lines.list, &wrong);
    if (status == DIFFMM_ERROR_INVALID_ARGUMENT)
        status = diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:%zu: %s", path, wrong + 1,
                              diffmm_error_message());
    diffmm__lines_end(dataset->context, &lines);
    return status;
}

static diffmm_status declare_from_file(diffmm_dataset *dataset, const char *folder)
{
    char *path = diffmm__path_join(dataset->context, folder, "item_ids.txt");
    if (!path)
        return DIFFMM_ERROR_NO_MEMORY;
    enum diffmm__file_kind kind;
    struct diffmm__mapping mapping;
    diffmm_status status = diffmm__file_examine(path, &kind);
    if (!status && kind == DIFFMM__FILE_REGULAR) {
        status = diffmm__file_map(path, &mapping);
        if (!status) {
            status = declare_lines(dataset, path, &mapping);
            diffmm__file_unmap(&mapping);
        }
    }
    diffmm__release(dataset->context, path);
    return status;
}

/* A file of interactions by its ending, or, with `format`, a table. */
static diffmm_status read_file(diffmm_dataset *dataset, const char *path,
                               const diffmm_table_format *format)
{
    char *folder = diffmm__path_folder(dataset->context, path);
    if (!folder)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = declare_from_file(dataset, folder);
    if (!status)
        status = format ? diffmm_dataset_read_table(dataset, DIFFMM_TRAIN, path, format)
                        : diffmm_dataset_read_interactions(dataset, DIFFMM_TRAIN, path);
    if (!status)
        status = read_features(dataset, folder);
    diffmm__release(dataset->context, folder);
    return status;
}

static diffmm_status read_path(diffmm_dataset *dataset, const char *path,
                               const diffmm_table_format *format)
{
    enum diffmm__file_kind kind;
    diffmm_status status = diffmm__file_examine(path, &kind);
    if (status)
        return status;
    if (kind == DIFFMM__FILE_FOLDER && !format)
        return read_folder(dataset, path);
    /* A file that is not there is told before its ending is looked at. */
    struct diffmm__mapping mapping;
    status = diffmm__file_map(path, &mapping);
    if (status)
        return status;
    diffmm__file_unmap(&mapping);
    return read_file(dataset, path, format);
}

static diffmm_status open_path(diffmm_context *context, const char *path,
                               const diffmm_table_format *format, diffmm_dataset **out)
{
    if (!context)
        return diffmm__null("context");
    if (!path || !out)
        return diffmm__null(path ? "out" : "path");
    diffmm_dataset *dataset;
    diffmm_status status = diffmm_dataset_create(context, &dataset);
    if (status)
        return status;
    status = read_path(dataset, path, format);
    if (status) {
        diffmm_dataset_destroy(dataset);
        return status;
    }
    *out = dataset;
    return DIFFMM_OK;
}

diffmm_status diffmm_dataset_open(diffmm_context *context, const char *path, diffmm_dataset **out)
{
    DIFFMM__CALL call = diffmm__call_reads(context);
    return open_path(context, path, NULL, out);
}

diffmm_status diffmm_dataset_open_table(diffmm_context *context, const char *path,
                                        const diffmm_table_format *format, diffmm_dataset **out)
{
    static const diffmm_table_format usual = {.struct_size = sizeof usual};
    DIFFMM__CALL call = diffmm__call_reads(context);
    return open_path(context, path, format ? format : &usual, out);
}

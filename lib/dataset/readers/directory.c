/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening a whole data set: the released layout of a folder, or a file and what lies beside it. */
#include <string.h>

#include "base/file.h"
#include "base/handle.h"
#include "base/memory.h"
#include "base/status.h"
#include "dataset/declare.h"
#include "dataset/readers/lines.h"

static const char feature_suffix[] = "_feat.npy";

/* Add FOLDER/NAME_feat.npy as modality NAME. */
static diffmm_status read_feature_file(diffmm_dataset *dataset, const char *folder,
                                       const char *file)
{
    diffmm_status status = DIFFMM_ERROR_NO_MEMORY;
    char *path = diffmm__path_join(dataset->context, folder, file);
    char *name = path ? diffmm__copy_text(dataset->context, file) : NULL;
    if (name) {
        name[strlen(name) - strlen(feature_suffix)] = 0;
        status = diffmm_dataset_read_modality(dataset, name, path);
    }
    if (status == DIFFMM_ERROR_INVALID_ARGUMENT) /* the name: say of which file */
        status =
            diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "%s: %s", path, diffmm_error_message());
    diffmm__release(dataset->context, name);
    diffmm__release(dataset->context, path);
    return status;
}

static diffmm_status read_features(diffmm_dataset *dataset, const char *folder)
{
    char **files;
    size_t count;
    diffmm_status status =
        diffmm__file_list(dataset->context, folder, feature_suffix, &files, &count);
    if (status)
        return status;
    for (size_t i = 0; i < count && !status; i++)
        status = read_feature_file(dataset, folder, files[i]);
    diffmm__file_list_end(dataset->context, files, count);
    return status;
}

/* Of FOLDER/STEM.pkl and FOLDER/STEM.npz the one that is there; *path stays NULL if neither is. */
static diffmm_status find_matrix(const diffmm_dataset *dataset, const char *folder,
                                 const char *const names[2], char **path)
{
    for (int i = 0; i < 2; i++) {
        char *candidate = diffmm__path_join(dataset->context, folder, names[i]);
        if (!candidate)
            return DIFFMM_ERROR_NO_MEMORY;
        enum diffmm__file_kind kind;
        diffmm_status status = diffmm__file_examine(candidate, &kind);
        bool found = !status && kind == DIFFMM__FILE_REGULAR;
        if (found && *path)
            status = diffmm__fail(DIFFMM_ERROR_FORMAT, "%s holds both %s and %s: which is meant?",
                                  folder, names[0], names[1]);
        else if (found)
            *path = candidate;
        if (*path != candidate)
            diffmm__release(dataset->context, candidate);
        if (status)
            return status;
    }
    return DIFFMM_OK;
}

static diffmm_status read_split(diffmm_dataset *dataset, diffmm_split split, const char *folder,
                                const char *const names[2])
{
    char *path = NULL;
    diffmm_status status = find_matrix(dataset, folder, names, &path);
    if (!status && path)
        status = diffmm_dataset_read_interactions(dataset, split, path);
    else if (!status && split == DIFFMM_TRAIN)
        status =
            diffmm__fail(DIFFMM_ERROR_IO, "%s holds neither %s nor %s", folder, names[0], names[1]);
    diffmm__release(dataset->context, path);
    return status;
}

static diffmm_status read_folder(diffmm_dataset *dataset, const char *folder)
{
    static const char *const names[3][2] = {
        {"trnMat.pkl", "trnMat.npz"}, {"valMat.pkl", "valMat.npz"}, {"tstMat.pkl", "tstMat.npz"}};
    diffmm_status status = DIFFMM_OK;
    for (int s = DIFFMM_TRAIN; s <= DIFFMM_TEST && !status; s++)
        status = read_split(dataset, (diffmm_split)s, folder, names[s]);
    return status ? status : read_features(dataset, folder);
}

static diffmm_status declare_lines(diffmm_dataset *dataset, const char *path,
                                   const struct diffmm__mapping *mapping)
{
    struct diffmm__id_list list;
    size_t wrong;
    diffmm_status status = diffmm__id_list_parse(dataset->context, (const char *)mapping->data,
                                                 mapping->size, path, &list);
    if (status)
        return status;
    if (list.count == 0)
        status = diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: it lists no id", path);
    else
        status = diffmm__declare_items(dataset, list.count, list.ids, &wrong);
    if (status == DIFFMM_ERROR_INVALID_ARGUMENT)
        status = diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:%zu: %s", path, wrong + 1,
                              diffmm_error_message());
    diffmm__id_list_end(dataset->context, &list);
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

static diffmm_status read_file(diffmm_dataset *dataset, const char *path)
{
    char *folder = diffmm__path_folder(dataset->context, path);
    if (!folder)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = declare_from_file(dataset, folder);
    if (!status)
        status = diffmm_dataset_read_interactions(dataset, DIFFMM_TRAIN, path);
    if (!status)
        status = read_features(dataset, folder);
    diffmm__release(dataset->context, folder);
    return status;
}

static diffmm_status read_path(diffmm_dataset *dataset, const char *path)
{
    enum diffmm__file_kind kind;
    diffmm_status status = diffmm__file_examine(path, &kind);
    if (status)
        return status;
    if (kind == DIFFMM__FILE_FOLDER)
        return read_folder(dataset, path);
    /* Before its ending is judged, whether it is there at all. */
    struct diffmm__mapping mapping;
    status = diffmm__file_map(path, &mapping);
    if (status)
        return status;
    diffmm__file_unmap(&mapping);
    return read_file(dataset, path);
}

diffmm_status diffmm_dataset_open(diffmm_context *context, const char *path, diffmm_dataset **out)
{
    DIFFMM__CALL call = diffmm__call_reads(context);
    if (!context)
        return diffmm__null("context");
    if (!path || !out)
        return diffmm__null(path ? "out" : "path");
    diffmm_dataset *dataset;
    diffmm_status status = diffmm_dataset_create(context, &dataset);
    if (status)
        return status;
    status = read_path(dataset, path);
    if (status) {
        diffmm_dataset_destroy(dataset);
        return status;
    }
    *out = dataset;
    return DIFFMM_OK;
}

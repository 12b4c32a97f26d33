/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/id_list.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/readers/features_safetensors.h"
#include "dataset/readers/lines.h"

/* The path of the list; NULL without memory. */
static char *list_path(const diffmm_context *context, const char *features_path)
{
    static const char ending[] = ".ids.txt";
    const char *slash = strrchr(features_path, '/'), *name = slash ? slash + 1 : features_path;
    const char *dot = strrchr(name, '.');
    size_t length = dot && dot > name ? (size_t)(dot - features_path) : strlen(features_path);
    const char *tensor = diffmm__features_safetensors_tensor(features_path);
    if (tensor)
        length = (size_t)(tensor - features_path) - strlen(".safetensors");
    char *path = diffmm__allocate(context, length + sizeof ending, 1);
    if (path) {
        memcpy(path, features_path, length);
        memcpy(path + length, ending, sizeof ending);
    }
    return path;
}

static diffmm_status add_lines(const diffmm_context *context, const struct diffmm__lines *lines,
                               const char *path, struct diffmm__ids *ids)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; i < lines->count && !status; i++) {
        const char *id = lines->list[i];
        int32_t number;
        status = diffmm__ids_add(context, ids, id, strlen(id), &number);
        if (!status && (size_t)number != i)
            status = diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:%zu: '%.*s' is in line %d already", path,
                                  i + 1, (int)diffmm__text_cut(id, strlen(id), 200), id,
                                  (int)number + 1);
    }
    return status;
}

static diffmm_status read_lines(const diffmm_context *context, const char *path,
                                const struct diffmm__mapping *mapping, const char *features_path,
                                struct diffmm__feature_rows *features)
{
    struct diffmm__lines lines;
    struct diffmm__ids ids = {0};
    diffmm_status status =
        diffmm__lines_parse(context, (const char *)mapping->data, mapping->size, path, &lines);
    if (status)
        return status;
    if (lines.count != features->rows)
        status = diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: it lists %zu ids, but %s has %zu rows",
                              path, lines.count, features_path, features->rows);
    else
        status = add_lines(context, &lines, path, &ids);
    diffmm__lines_end(context, &lines);
    if (status)
        diffmm__ids_end(context, &ids);
    else
        features->ids = ids;
    return status;
}

static diffmm_status read_list(const diffmm_context *context, const char *path,
                               const char *features_path, struct diffmm__feature_rows *features)
{
    enum diffmm__file_kind kind;
    struct diffmm__mapping mapping;
    diffmm_status status = diffmm__file_examine(path, &kind);
    if (status || kind != DIFFMM__FILE_REGULAR)
        return status;
    if (features->ids.count > 0)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: %s holds the ids of its rows itself; only one of both may be "
                            "there",
                            path, features_path);
    status = diffmm__file_map(path, &mapping);
    if (status)
        return status;
    status = read_lines(context, path, &mapping, features_path, features);
    diffmm__file_unmap(&mapping);
    return status;
}

diffmm_status diffmm__id_list_read(const diffmm_context *context, const char *features_path,
                                   struct diffmm__feature_rows *features)
{
    char *path = list_path(context, features_path);
    if (!path)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = read_list(context, path, features_path, features);
    diffmm__release(context, path);
    return status;
}

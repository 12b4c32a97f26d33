/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/features_safetensors.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/safetensors_header.h"
#include "base/status.h"
#include "dataset/readers/features_npy.h"
#include "dataset/readers/npy_texts.h"
#include "dataset/readers/npy_values.h"

/* An open file: everything but the tensors' values has been checked. */
struct file {
    const diffmm_context *context;
    const char *path;
    struct diffmm__mapping mapping;
    const unsigned char *data; /* where offsets count from */
    struct diffmm__json header;
    struct diffmm__entry *entries;
    size_t count;
    bool stays_mapped; /* features are not copied */
};

const char *diffmm__features_safetensors_tensor(const char *path)
{
    static const char ending[] = ".safetensors:";
    const char *found = strstr(path, ending);
    return found ? found + sizeof ending - 2 : NULL;
}

static diffmm_status parse_header(struct file *file)
{
    size_t begin;
    diffmm_status status = diffmm__safetensors_header_parse(file->context, file->path,
                                                            &file->mapping, &file->header, &begin);
    if (status)
        return status;
    file->data = file->mapping.data + begin;
    return diffmm__safetensors_header_read(file->context, file->path, file->header.values,
                                           file->mapping.size - begin, &file->entries,
                                           &file->count);
}

static void close_file(struct file *file)
{
    diffmm__release(file->context, file->entries);
    diffmm__json_end(&file->header);
    if (file->mapping.data)
        diffmm__file_unmap(&file->mapping);
}

static diffmm_status open_file(const diffmm_context *context, const char *path, struct file *file)
{
    *file = (struct file){.context = context, .path = path};
    diffmm_status status = diffmm__file_map(path, &file->mapping);
    if (status)
        return status;
    status = parse_header(file);
    if (status)
        close_file(file);
    return status;
}

/* The kind and size that an array in NumPy's format would have. */
static bool find_type(const char *type, struct diffmm__npy *array)
{
    static const struct {
        const char *name;
        char kind;
        size_t size;
    } types[] = {{"F32", 'f', 4}, {"F16", 'f', 2}, {"BF16", 'B', 2}, {"F64", 'f', 8},
                 {"I8", 'i', 1},  {"U8", 'u', 1},  {"I16", 'i', 2},  {"U16", 'u', 2},
                 {"I32", 'i', 4}, {"U32", 'u', 4}, {"I64", 'i', 8},  {"U64", 'u', 8},
                 {"BOOL", 'b', 1}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(type, types[i].name) == 0) {
            array->kind = types[i].kind;
            array->item_size = types[i].size;
            return true;
        }
    return false;
}

/* A tensor as such an array; its name, for messages, is "FILE:NAME". */
static diffmm_status view(const struct file *file, const struct diffmm__entry *entry,
                          const char *name, struct diffmm__npy *out)
{
    struct diffmm__npy array = {.dimensions = entry->dimensions};
    if (!find_type(entry->type, &array))
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: elements of type '%s' are not read", name,
                            entry->type);
    if (entry->dimensions > 2)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: features have 2 dimensions (items x features), not %zu", name,
                            entry->dimensions);
    memcpy(array.shape, entry->shape, sizeof entry->shape);
    diffmm_status status = diffmm__npy_bound(name, entry->end - entry->begin, &array);
    if (status)
        return status;
    if (array.count * array.item_size != entry->end - entry->begin)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: it has %zu bytes, which do not fit its shape",
                            name, entry->end - entry->begin);
    array.data = file->data + entry->begin;
    *out = array;
    return DIFFMM_OK;
}

/* The tensor of that name; or, without a name, the only matrix. */
static diffmm_status find_tensor(const struct file *file, const char *name,
                                 const struct diffmm__entry **out)
{
    const struct diffmm__entry *found = NULL;
    size_t matches = 0;
    for (size_t i = 0; i < file->count; i++) {
        const struct diffmm__entry *entry = &file->entries[i];
        if (name ? strcmp(entry->name, name) != 0 : entry->dimensions != 2)
            continue;
        found = entry;
        matches++;
    }
    *out = found;
    if (matches == 1)
        return DIFFMM_OK;
    if (name)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: there is no tensor '%s'", file->path, name);
    if (matches == 0)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: none of its %zu tensors is a matrix",
                            file->path, file->count);
    return diffmm__fail(DIFFMM_ERROR_FORMAT,
                        "%s: which of its %zu matrices are features? add a name to the path, as "
                        "in %s:%s",
                        file->path, matches, file->path, found->name);
}

static diffmm_status read_features(const struct file *file, const struct diffmm__entry *entry,
                                   const char *name, struct diffmm__feature_rows *out)
{
    struct diffmm__npy array;
    diffmm_status status = view(file, entry, name, &array);
    if (!status)
        status = diffmm__features_npy_check(&array, name);
    if (status)
        return status;
    out->rows = array.shape[0];
    out->dimensions = array.shape[1];
    if (file->stays_mapped)
        return diffmm__features_npy_store(&array, name, &out->stored);
    out->values = diffmm__allocate(file->context, array.count, sizeof *out->values);
    if (!out->values)
        return DIFFMM_ERROR_NO_MEMORY;
    return diffmm__npy_values_as_float(&array, name, out->values);
}

static diffmm_status read_ids(const struct file *file, const char *name,
                              struct diffmm__feature_rows *out)
{
    const struct diffmm__entry *entry = NULL;
    struct diffmm__npy array;
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->entries[i].name, "ids") == 0 && file->entries[i].dimensions == 1)
            entry = &file->entries[i];
    if (!entry)
        return DIFFMM_OK;
    diffmm_status status = view(file, entry, name, &array);
    if (!status)
        status = diffmm__npy_texts_check(&array, out->rows, name);
    return status ? status : diffmm__npy_texts_add(file->context, &array, name, &out->ids);
}

/* "FILE:NAME" in the context's memory; NULL without. */
static char *join(const diffmm_context *context, const char *path, const char *name)
{
    size_t length = strlen(path), more = strlen(name);
    char *text = diffmm__allocate(context, length + more + 2, 1);
    if (text) {
        memcpy(text, path, length);
        text[length] = ':';
        memcpy(text + length + 1, name, more + 1);
    }
    return text;
}

/* Messages call the features FILE:TENSOR, and the ids FILE:ids. */
static diffmm_status read_named(const struct file *file, const char *tensor,
                                struct diffmm__feature_rows *out)
{
    const struct diffmm__entry *entry;
    diffmm_status status = find_tensor(file, tensor, &entry);
    if (status)
        return status;
    char *name = join(file->context, file->path, entry->name);
    char *ids = name ? join(file->context, file->path, "ids") : NULL;
    status = ids ? read_features(file, entry, name, out) : DIFFMM_ERROR_NO_MEMORY;
    if (!status)
        status = read_ids(file, ids, out);
    diffmm__release(file->context, name);
    diffmm__release(file->context, ids);
    return status;
}

static diffmm_status read_file(const diffmm_context *context, const char *path, bool map,
                               struct diffmm__feature_rows *out)
{
    struct diffmm__feature_rows features = {0};
    struct file file;
    const char *tensor = diffmm__features_safetensors_tensor(path);
    char *place = diffmm__copy_text(context, path);
    if (!place)
        return DIFFMM_ERROR_NO_MEMORY;
    if (tensor)
        place[tensor - path] = 0;
    diffmm_status status = open_file(context, place, &file);
    if (!status) {
        file.stays_mapped = map;
        status = read_named(&file, tensor ? tensor + 1 : NULL, &features);
        if (map) {
            features.mapping = file.mapping;
            file.mapping = (struct diffmm__mapping){0};
        }
        close_file(&file);
    }
    diffmm__release(context, place);
    if (status) {
        diffmm__feature_rows_end(context, &features);
        return status;
    }
    *out = features;
    return DIFFMM_OK;
}

diffmm_status diffmm__features_safetensors_read(const diffmm_context *context, const char *path,
                                                struct diffmm__feature_rows *out)
{
    return read_file(context, path, false, out);
}

diffmm_status diffmm__features_safetensors_map(const diffmm_context *context, const char *path,
                                               struct diffmm__feature_rows *out)
{
    return read_file(context, path, true, out);
}

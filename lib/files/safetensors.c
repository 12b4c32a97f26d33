/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything in the header is checked before anything is used. */
#include "files/safetensors.h"

#include <string.h>

#include "base/context.h"
#include "base/file.h"
#include "base/index.h"
#include "base/memory.h"
#include "base/safetensors_header.h"
#include "base/status.h"

struct diffmm__safetensors {
    diffmm_context *context;
    char *path; /* for messages */
    bool header_only;
    struct diffmm__mapping mapping; /* of the file; or the memory it is in */
    const unsigned char *data;      /* where offsets count from */
    size_t data_size;
    struct diffmm__json header; /* owns the names */
    size_t count;
    struct diffmm__entry *entries;
    struct diffmm__index index;  /* of the entries, by name */
    struct diffmm__arena copies; /* of misaligned tensors */
};

/* A tensor's data, aligned for its type where it will be read. */
static diffmm_status find_data(struct diffmm__safetensors *file, struct diffmm__entry *entry)
{
    const unsigned char *data = file->data + entry->begin;
    size_t size = entry->end - entry->begin;
    entry->data = data;
    if (file->header_only || (uintptr_t)data % diffmm__dtype_size(entry->dtype) == 0)
        return DIFFMM_OK;
    void *copy = diffmm__arena_take(&file->copies, size, 1);
    if (!copy)
        return DIFFMM_ERROR_NO_MEMORY;
    memcpy(copy, data, size);
    entry->data = copy;
    return DIFFMM_OK;
}

static diffmm_status read_entries(struct diffmm__safetensors *file)
{
    diffmm_status status =
        diffmm__safetensors_header_read(file->context, file->path, file->header.values,
                                        file->data_size, &file->entries, &file->count);
    for (size_t i = 0; i < file->count && !status; i++) {
        status = diffmm__index_add(&file->index, file->entries[i].name, i);
        if (!status && file->entries[i].dtype)
            status = find_data(file, &file->entries[i]);
    }
    return status;
}

static diffmm_status read_header(struct diffmm__safetensors *file)
{
    size_t begin;
    diffmm_status status = diffmm__safetensors_header_parse(file->context, file->path,
                                                            &file->mapping, &file->header, &begin);
    if (status)
        return status;
    file->data = file->mapping.data + begin;
    file->data_size = file->mapping.size - begin;
    return read_entries(file);
}

static diffmm_status find_bytes(const struct diffmm__source *source, struct diffmm__mapping *out)
{
    if (source->path)
        return diffmm__file_map(source->path, out);
    *out = (struct diffmm__mapping){.data = source->data, .size = source->size};
    return DIFFMM_OK;
}

diffmm_status diffmm__safetensors_open_source(diffmm_context *context,
                                              const struct diffmm__source *source,
                                              struct diffmm__safetensors **out)
{
    struct diffmm__safetensors *file = diffmm__allocate_zero(context, 1, sizeof *file);
    if (!file)
        return DIFFMM_ERROR_NO_MEMORY;
    file->context = diffmm__context_retain(context);
    file->copies = diffmm__arena_on(context);
    file->index.context = context;
    file->header_only = source->header_only;
    file->path = diffmm__copy_text(context, source->path ? source->path : "data");
    diffmm_status status = file->path ? find_bytes(source, &file->mapping) : DIFFMM_ERROR_NO_MEMORY;
    if (!status)
        status = read_header(file);
    if (status) {
        diffmm__safetensors_close(file);
        return status;
    }
    *out = file;
    return DIFFMM_OK;
}

diffmm_status diffmm__safetensors_open(diffmm_context *context, const char *path,
                                       struct diffmm__safetensors **out)
{
    return diffmm__safetensors_open_source(context, &(struct diffmm__source){.path = path}, out);
}

void diffmm__safetensors_close(struct diffmm__safetensors *file)
{
    if (!file)
        return;
    diffmm_context *context = file->context;
    if (file->mapping.data)
        diffmm__file_unmap(&file->mapping);
    diffmm__arena_end(&file->copies);
    diffmm__index_end(&file->index);
    diffmm__release(context, file->entries);
    diffmm__json_end(&file->header);
    diffmm__release(context, file->path);
    diffmm__release(context, file);
    diffmm__context_release(context);
}

diffmm_context *diffmm__safetensors_context(const struct diffmm__safetensors *file)
{
    return file->context;
}

const char *diffmm__safetensors_path(const struct diffmm__safetensors *file)
{
    return file->path;
}

size_t diffmm__safetensors_size(const struct diffmm__safetensors *file)
{
    return file->data_size;
}

const char *diffmm__safetensors_metadata(const struct diffmm__safetensors *file, const char *key)
{
    return diffmm__json_string(
        diffmm__json_get(diffmm__json_get(file->header.values, "__metadata__"), key));
}

size_t diffmm__safetensors_count(const struct diffmm__safetensors *file)
{
    return file->count;
}

/* A matrix without columns would read as a vector. */
static bool is_ours(const struct diffmm__entry *entry)
{
    return entry->dtype &&
           (entry->dimensions < 2 || (entry->dimensions == 2 && entry->shape[1] > 0));
}

/* A scalar is a vector of one. */
void diffmm__safetensors_at(const struct diffmm__safetensors *file, size_t index,
                            struct diffmm__tensor *out)
{
    const struct diffmm__entry *entry = &file->entries[index];
    *out = (struct diffmm__tensor){.name = entry->name};
    if (!is_ours(entry))
        return;
    out->dtype = entry->dtype;
    out->rows = entry->dimensions > 0 ? entry->shape[0] : 1;
    out->columns = entry->dimensions > 1 ? entry->shape[1] : 0;
    out->data = entry->data;
}

bool diffmm__safetensors_has(const struct diffmm__safetensors *file, const char *name)
{
    size_t index;
    return diffmm__index_find(&file->index, name, &index);
}

diffmm_status diffmm__safetensors_find(const struct diffmm__safetensors *file, const char *name,
                                       enum diffmm__dtype dtype, struct diffmm__tensor *out)
{
    size_t index;
    if (!diffmm__index_find(&file->index, name, &index))
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: there is no tensor '%s'", file->path, name);
    const struct diffmm__entry *entry = &file->entries[index];
    if (entry->dtype != dtype)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: tensor '%s' has dtype %s, not %s", file->path,
                            name, entry->type, diffmm__dtype_name(dtype));
    if (!is_ours(entry))
        return diffmm__fail(
            DIFFMM_ERROR_FORMAT,
            "%s: tensor '%s' has %zu dimensions; it must be a vector, or a matrix of "
            "at least one column",
            file->path, name, entry->dimensions);
    diffmm__safetensors_at(file, index, out);
    return DIFFMM_OK;
}

diffmm_status diffmm__safetensors_blame(const struct diffmm__safetensors *file,
                                        diffmm_status status)
{
    return status && status != DIFFMM_ERROR_NO_MEMORY
               ? diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: %s", file->path, diffmm_error_message())
               : status;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening a safetensors file: everything is checked before anything is used. */
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/status.h"
#include "checkpoint/safetensors.h"

enum { length_size = 8, max_header = 100 * 1000 * 1000 };

struct diffmm__safetensors {
    diffmm_context *context;
    char *path; /* for messages */
    bool header_only;
    struct diffmm__mapping mapping; /* of the file; or the memory it is in */
    const unsigned char *data;      /* where offsets count from */
    size_t data_size;
    json_t *header; /* owns the names */
    size_t count;
    struct diffmm__tensor *tensors;
    struct diffmm__arena copies; /* of misaligned tensors */
};

/* Where a tensor lies. */
struct span {
    size_t begin, end;
    const char *name;
};

static diffmm_status read_dtype(const char *path, const char *name, const json_t *entry,
                                enum diffmm__dtype *out)
{
    const char *word = json_string_value(json_object_get(entry, "dtype"));
    for (int dtype = DIFFMM__F32; word && dtype <= DIFFMM__U8; dtype++)
        if (strcmp(word, diffmm__dtype_name((enum diffmm__dtype)dtype)) == 0) {
            *out = (enum diffmm__dtype)dtype;
            return DIFFMM_OK;
        }
    return diffmm__fail(DIFFMM_ERROR_FORMAT,
                        "%s: tensor '%s' has dtype %s, not one of F32, F64, "
                        "I32, I64, U8",
                        path, name, word ? word : "that is not text");
}

/* Element `index` of an array, if it is an integer from 0 on. */
static bool read_count(const json_t *array, size_t index, size_t *out)
{
    const json_t *value = json_array_get(array, index);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *out = (size_t)json_integer_value(value);
    return true;
}

static diffmm_status read_shape(const char *path, const char *name, const json_t *entry,
                                struct diffmm__tensor *out)
{
    const json_t *shape = json_object_get(entry, "shape");
    size_t dimensions = json_array_size(shape);
    if (!json_is_array(shape) || dimensions > 2)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: tensor '%s' has no shape of at most two dimensions", path, name);
    out->rows = 1; /* a scalar is a vector of one */
    out->columns = 0;
    bool fine = dimensions < 1 || read_count(shape, 0, &out->rows);
    /* No columns would read as a vector. */
    fine = fine && (dimensions < 2 || (read_count(shape, 1, &out->columns) && out->columns > 0));
    if (!fine)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: tensor '%s' has a dimension that is no count",
                            path, name);
    return DIFFMM_OK;
}

static diffmm_status read_span(const struct diffmm__safetensors *file, const char *name,
                               const json_t *entry, const struct diffmm__tensor *tensor,
                               struct span *out)
{
    const json_t *offsets = json_object_get(entry, "data_offsets");
    struct span span = {.name = name};
    if (json_array_size(offsets) != 2 || !read_count(offsets, 0, &span.begin) ||
        !read_count(offsets, 1, &span.end) || span.begin > span.end || span.end > file->data_size)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: tensor '%s' has no data_offsets within the file's %zu data bytes",
                            file->path, name, file->data_size);
    size_t columns = tensor->columns ? tensor->columns : 1, count, bytes;
    if (__builtin_mul_overflow(tensor->rows, columns, &count) ||
        __builtin_mul_overflow(count, diffmm__dtype_size(tensor->dtype), &bytes) ||
        bytes != span.end - span.begin)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: tensor '%s' has %zu bytes, which do not fit its shape", file->path,
                            name, span.end - span.begin);
    *out = span;
    return DIFFMM_OK;
}

/* A tensor's data, aligned for its type where it will be read. */
static const void *aligned_data(struct diffmm__safetensors *file, const struct span *span,
                                size_t width)
{
    const unsigned char *data = file->data + span->begin;
    if ((uintptr_t)data % width == 0 || file->header_only)
        return data;
    void *copy = diffmm__arena_take(&file->copies, span->end - span->begin, 1);
    if (copy)
        memcpy(copy, data, span->end - span->begin);
    return copy;
}

static int compare_spans(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

/* The spans, in order, must cover the data from its start to its end. */
static diffmm_status check_cover(const struct diffmm__safetensors *file, struct span *spans)
{
    size_t reached = 0;
    qsort(spans, file->count, sizeof *spans, compare_spans);
    for (size_t i = 0; i < file->count; i++) {
        if (spans[i].begin != reached)
            return diffmm__fail(
                DIFFMM_ERROR_FORMAT,
                "%s: tensor '%s' starts at data byte %zu, but the one before it ends "
                "at %zu",
                file->path, spans[i].name, spans[i].begin, reached);
        reached = spans[i].end;
    }
    if (reached != file->data_size)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: the tensors end at data byte %zu, but the file has %zu",
                            file->path, reached, file->data_size);
    return DIFFMM_OK;
}

static diffmm_status read_metadata(const struct diffmm__safetensors *file, json_t *metadata)
{
    const char *key;
    json_t *value;
    if (!json_is_object(metadata))
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: __metadata__ is not an object", file->path);
    json_object_foreach(metadata, key, value)
    {
        if (!json_is_string(value))
            return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: metadata '%s' is not text", file->path,
                                key);
    }
    return DIFFMM_OK;
}

static diffmm_status read_entry(struct diffmm__safetensors *file, const char *name,
                                const json_t *entry, struct span *span)
{
    struct diffmm__tensor tensor = {.name = name};
    diffmm_status status = read_dtype(file->path, name, entry, &tensor.dtype);
    if (!status)
        status = read_shape(file->path, name, entry, &tensor);
    if (!status)
        status = read_span(file, name, entry, &tensor, span);
    if (status)
        return status;
    tensor.data = aligned_data(file, span, diffmm__dtype_size(tensor.dtype));
    if (!tensor.data)
        return DIFFMM_ERROR_NO_MEMORY;
    file->tensors[file->count++] = tensor;
    return DIFFMM_OK;
}

static diffmm_status read_entries(struct diffmm__safetensors *file, struct span *spans)
{
    const char *name;
    json_t *entry;
    json_object_foreach(file->header, name, entry)
    {
        diffmm_status status = strcmp(name, "__metadata__") == 0
                                   ? read_metadata(file, entry)
                                   : read_entry(file, name, entry, &spans[file->count]);
        if (status)
            return status;
    }
    return check_cover(file, spans);
}

static diffmm_status read_header(struct diffmm__safetensors *file)
{
    uint64_t length;
    size_t size = file->mapping.size;
    if (size < length_size)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: %zu bytes are too few for a safetensors file",
                            file->path, size);
    memcpy(&length, file->mapping.data, sizeof length);
    if (length > size - length_size || length > max_header)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: the header's length is given as %llu bytes, but the file has %zu",
                            file->path, (unsigned long long)length, size);
    diffmm_status status = diffmm__json_parse((const char *)file->mapping.data + length_size,
                                              (size_t)length, file->path, &file->header);
    if (status)
        return status;
    if (!json_is_object(file->header))
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: the header is not a JSON object", file->path);
    file->data = file->mapping.data + length_size + length;
    file->data_size = size - length_size - (size_t)length;
    size_t most = json_object_size(file->header);
    file->tensors = diffmm__allocate(file->context, most, sizeof *file->tensors);
    struct span *spans = diffmm__allocate(file->context, most, sizeof *spans);
    status = file->tensors && spans ? read_entries(file, spans) : DIFFMM_ERROR_NO_MEMORY;
    diffmm__release(file->context, spans);
    return status;
}

static diffmm_status find_bytes(const struct diffmm__source *source, struct diffmm__mapping *out)
{
    if (source->path)
        return diffmm__file_map(source->path, out);
    *out = (struct diffmm__mapping){.data = source->data, .size = source->size};
    return DIFFMM_OK;
}

diffmm_status diffmm__source_path(const void *handle, const char *handle_name, const char *path,
                                  const void *out, struct diffmm__source *source)
{
    if (!handle || !path || !out)
        return diffmm__null(!handle ? handle_name : !path ? "path" : "out");
    *source = (struct diffmm__source){.path = path};
    return DIFFMM_OK;
}

diffmm_status diffmm__source_memory(const void *handle, const char *handle_name, const void *data,
                                    size_t size, const void *out, struct diffmm__source *source)
{
    if (!handle || !data || !out)
        return diffmm__null(!handle ? handle_name : !data ? "data" : "out");
    *source = (struct diffmm__source){.data = data, .size = size};
    return DIFFMM_OK;
}

diffmm_status diffmm__safetensors_get(diffmm_context *context, const struct diffmm__source *source,
                                      struct diffmm__safetensors **out)
{
    struct diffmm__safetensors *file = diffmm__allocate_zero(context, 1, sizeof *file);
    if (!file)
        return DIFFMM_ERROR_NO_MEMORY;
    file->context = diffmm__context_retain(context);
    file->copies = diffmm__arena_on(context);
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
    return diffmm__safetensors_get(context, &(struct diffmm__source){.path = path}, out);
}

void diffmm__safetensors_close(struct diffmm__safetensors *file)
{
    if (!file)
        return;
    diffmm_context *context = file->context;
    json_decref(file->header);
    if (file->mapping.data)
        diffmm__file_unmap(&file->mapping);
    diffmm__arena_end(&file->copies);
    diffmm__release(context, file->tensors);
    diffmm__release(context, file->path);
    diffmm__release(context, file);
    diffmm__context_release(context);
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
    return json_string_value(json_object_get(json_object_get(file->header, "__metadata__"), key));
}

size_t diffmm__safetensors_count(const struct diffmm__safetensors *file)
{
    return file->count;
}

void diffmm__safetensors_at(const struct diffmm__safetensors *file, size_t index,
                            struct diffmm__tensor *out)
{
    *out = file->tensors[index];
}

bool diffmm__safetensors_has(const struct diffmm__safetensors *file, const char *name)
{
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->tensors[i].name, name) == 0)
            return true;
    return false;
}

diffmm_status diffmm__safetensors_find(const struct diffmm__safetensors *file, const char *name,
                                       enum diffmm__dtype dtype, struct diffmm__tensor *out)
{
    for (size_t i = 0; i < file->count; i++) {
        if (strcmp(file->tensors[i].name, name) != 0)
            continue;
        if (file->tensors[i].dtype != dtype)
            return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: tensor '%s' has dtype %s, not %s",
                                file->path, name, diffmm__dtype_name(file->tensors[i].dtype),
                                diffmm__dtype_name(dtype));
        *out = file->tensors[i];
        return DIFFMM_OK;
    }
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: there is no tensor '%s'", file->path, name);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "files/safetensors_write.h"

#include <string.h>

#include "base/file.h"
#include "base/file_replace.h"
#include "base/json_write.h"
#include "base/memory.h"
#include "base/sizes.h"
#include "base/status.h"

enum { start_alignment = 64, length_size = 8 };

static diffmm_status no_memory(const char *path)
{
    return diffmm__fail(DIFFMM_ERROR_NO_MEMORY, "%s: no memory for the header", path);
}

static diffmm_status tensor_bytes(const char *path, const struct diffmm__tensor *tensor,
                                  size_t *out)
{
    size_t columns = tensor->columns ? tensor->columns : 1, count;
    if (__builtin_mul_overflow(tensor->rows, columns, &count) ||
        __builtin_mul_overflow(count, diffmm__dtype_size(tensor->dtype), out) || *out > INT64_MAX)
        return diffmm__fail(DIFFMM_ERROR_NO_MEMORY, "%s: tensor '%s' exceeds the address space",
                            path, tensor->name);
    return DIFFMM_OK;
}

static diffmm_status add_metadata(json_t *header, const char *path,
                                  const struct diffmm__metadata *metadata, size_t count)
{
    json_t *object = json_object();
    if (json_object_set_new(header, "__metadata__", object))
        return no_memory(path);
    diffmm__malloc_watch();
    for (size_t i = 0; i < count; i++)
        if (json_object_set_new(object, metadata[i].key, json_string(metadata[i].value)))
            return diffmm__malloc_failed()
                       ? no_memory(path)
                       : diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                      "%s: metadata '%s' is not UTF-8", path, metadata[i].key);
    return DIFFMM_OK;
}

static diffmm_status add_tensor(json_t *header, const char *path,
                                const struct diffmm__tensor *tensor, size_t begin, size_t end)
{
    if (json_object_get(header, tensor->name))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "%s: two tensors are called '%s'", path,
                            tensor->name);
    json_t *shape = tensor->columns
                        ? json_pack("[I,I]", (json_int_t)tensor->rows, (json_int_t)tensor->columns)
                        : json_pack("[I]", (json_int_t)tensor->rows);
    json_t *entry = json_pack("{s:s, s:o, s:[I,I]}", "dtype", diffmm__dtype_name(tensor->dtype),
                              "shape", shape, "data_offsets", (json_int_t)begin, (json_int_t)end);
    return json_object_set_new(header, tensor->name, entry) ? no_memory(path) : DIFFMM_OK;
}

/* The header as text, padded with blanks so that the data starts aligned. */
static diffmm_status header_text(const diffmm_context *context, const char *path,
                                 const json_t *header, char **text, size_t *size)
{
    char *compact = diffmm__json_write(context, header);
    if (!compact)
        return DIFFMM_ERROR_NO_MEMORY;
    size_t used = strlen(compact);
    size_t padded = (used + length_size + start_alignment - 1) / start_alignment * start_alignment;
    *size = padded - length_size;
    *text = diffmm__allocate(context, *size, 1);
    if (*text) {
        memcpy(*text, compact, used);
        memset(*text + used, ' ', *size - used);
    }
    diffmm__release(context, compact);
    return *text ? DIFFMM_OK : no_memory(path);
}

/* Describe every tensor in the header, and list its data as a part to write. */
static diffmm_status add_tensors(json_t *header, const char *path,
                                 const struct diffmm__tensor *tensors, size_t count,
                                 struct diffmm__file_part *pieces)
{
    static const size_t widths[] = {8, 4, 1};
    size_t begin = 0, piece = 0;
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
        for (size_t i = 0; i < count; i++) {
            size_t bytes = 0, end;
            if (diffmm__dtype_size(tensors[i].dtype) != widths[w])
                continue;
            diffmm_status status = tensor_bytes(path, &tensors[i], &bytes);
            if (status)
                return status;
            if (__builtin_add_overflow(begin, bytes, &end) || end > INT64_MAX)
                return diffmm__fail(DIFFMM_ERROR_NO_MEMORY, "%s: exceeds the address space", path);
            status = add_tensor(header, path, &tensors[i], begin, end);
            if (status)
                return status;
            pieces[piece++] = (struct diffmm__file_part){
                .data = tensors[i].data, .size = bytes, .source = tensors[i].source};
            begin = end;
        }
    }
    return DIFFMM_OK;
}

static diffmm_status copy(const struct diffmm__file_part *piece, unsigned char *place)
{
    diffmm_status status = DIFFMM_OK;
    if (!piece->source && piece->size > 0)
        memcpy(place, piece->data, piece->size);
    for (size_t done = 0, some; piece->source && done < piece->size && !status; done += some) {
        some = diffmm__size_lesser(piece->size - done, diffmm__byte_block);
        status = piece->source->read(piece->source->state, some, place + done);
    }
    return status;
}

/* Copy the parts into the caller's memory. */
static diffmm_status fill_memory(const struct diffmm__target *target,
                                 const struct diffmm__file_part *pieces, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        if (__builtin_add_overflow(size, pieces[i].size, &size))
            return diffmm__fail(DIFFMM_ERROR_NO_MEMORY, "data: exceeds the address space");
    if (target->data && target->capacity < size)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "data: capacity is %zu bytes, but the file has %zu", target->capacity,
                            size);
    unsigned char *place = target->data;
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; place && i < count && !status; i++) {
        status = copy(&pieces[i], place);
        place += pieces[i].size;
    }
    *target->size = size;
    return status;
}

diffmm_status
diffmm__safetensors_write_target(const diffmm_context *context, const struct diffmm__target *target,
                                 const struct diffmm__metadata *metadata, size_t metadata_count,
                                 const struct diffmm__tensor *tensors, size_t tensor_count)
{
    const char *path = target->path ? target->path : "data";
    char *text = NULL;
    size_t size = 0;
    json_t *header = json_object();
    struct diffmm__file_part *pieces = diffmm__allocate(context, tensor_count + 2, sizeof *pieces);
    diffmm_status status = header && pieces ? DIFFMM_OK : no_memory(path);
    if (!status)
        status = add_metadata(header, path, metadata, metadata_count);
    if (!status)
        status = add_tensors(header, path, tensors, tensor_count, pieces + 2);
    if (!status)
        status = header_text(context, path, header, &text, &size);
    if (!status) {
        uint64_t length = size;
        pieces[0] = (struct diffmm__file_part){.data = &length, .size = sizeof length};
        pieces[1] = (struct diffmm__file_part){.data = text, .size = size};
        status = target->path ? diffmm__file_replace(context, path, pieces, tensor_count + 2)
                              : fill_memory(target, pieces, tensor_count + 2);
    }
    diffmm__release(context, text);
    diffmm__release(context, pieces);
    json_decref(header);
    return status;
}

diffmm_status diffmm__safetensors_write(const diffmm_context *context, const char *path,
                                        const struct diffmm__metadata *metadata,
                                        size_t metadata_count, const struct diffmm__tensor *tensors,
                                        size_t tensor_count)
{
    return diffmm__safetensors_write_target(context, &(struct diffmm__target){.path = path},
                                            metadata, metadata_count, tensors, tensor_count);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/safetensors_header.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_parse.h"
#include "base/memory.h"
#include "base/status.h"

enum { length_size = 8, max_header = 100 * 1000 * 1000 };

diffmm_status diffmm__safetensors_header_parse(const diffmm_context *context, const char *path,
                                               const struct diffmm__mapping *file,
                                               struct diffmm__json *header, size_t *data_begin)
{
    uint64_t length;
    if (file->size < length_size)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: %zu bytes are too few for a safetensors file",
                            path, file->size);
    memcpy(&length, file->data, sizeof length);
    if (length > file->size - length_size || length > max_header)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: the header's length is given as %llu bytes, but the file has %zu",
                            path, (unsigned long long)length, file->size);
    diffmm_status status = diffmm__json_parse(context, (const char *)file->data + length_size,
                                              (size_t)length, path, header);
    if (status)
        return status;
    if (!diffmm__json_is(header->values, DIFFMM__JSON_OBJECT))
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: the header is not a JSON object", path);
    *data_begin = length_size + (size_t)length;
    return DIFFMM_OK;
}

static enum diffmm__dtype known_dtype(const char *type)
{
    for (int dtype = DIFFMM__F32; dtype <= DIFFMM__U8; dtype++)
        if (strcmp(type, diffmm__dtype_name((enum diffmm__dtype)dtype)) == 0)
            return (enum diffmm__dtype)dtype;
    return (enum diffmm__dtype)0;
}

/* The dimensions, and the product of all of them, which may be too large. */
static diffmm_status read_shape(const char *path, const struct diffmm__json_value *shape,
                                struct diffmm__entry *out, size_t *elements, bool *too_large)
{
    if (!diffmm__json_is(shape, DIFFMM__JSON_ARRAY))
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: tensor '%s' has no shape", path, out->name);
    *elements = 1;
    for (const struct diffmm__json_value *at = diffmm__json_first(shape); at;
         at = diffmm__json_next(at)) {
        size_t size;
        if (!diffmm__json_size(at, &size))
            return diffmm__fail(DIFFMM_ERROR_FORMAT,
                                "%s: tensor '%s' has a dimension that is not a count", path,
                                out->name);
        if (out->dimensions < 2)
            out->shape[out->dimensions] = size;
        out->dimensions++;
        *too_large |= __builtin_mul_overflow(*elements, size, elements);
    }
    return DIFFMM_OK;
}

static diffmm_status read_offsets(const char *path, const struct diffmm__json_value *offsets,
                                  size_t data_size, struct diffmm__entry *out)
{
    const struct diffmm__json_value *begin = diffmm__json_first(offsets);
    bool fine = diffmm__json_is(offsets, DIFFMM__JSON_ARRAY) && diffmm__json_count(offsets) == 2 &&
                diffmm__json_size(begin, &out->begin) &&
                diffmm__json_size(diffmm__json_next(begin), &out->end);
    if (!fine || out->begin > out->end || out->end > data_size)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: tensor '%s' has no data_offsets within the file's %zu data bytes",
                            path, out->name, data_size);
    return DIFFMM_OK;
}

/* The size of an element is known only for the types of enum diffmm__dtype; of a tensor of another
 * type, only its place is checked. */
static diffmm_status read_entry(const char *path, const struct diffmm__json_value *value,
                                size_t data_size, struct diffmm__entry *out)
{
    size_t elements = 0, bytes;
    bool too_large = false;
    *out = (struct diffmm__entry){.name = value->key,
                                  .type = diffmm__json_string(diffmm__json_get(value, "dtype"))};
    if (!out->type)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: tensor '%s' has no dtype, or one that is not text", path,
                            out->name);
    out->dtype = known_dtype(out->type);
    diffmm_status status =
        read_shape(path, diffmm__json_get(value, "shape"), out, &elements, &too_large);
    if (!status)
        status = read_offsets(path, diffmm__json_get(value, "data_offsets"), data_size, out);
    if (status || !out->dtype)
        return status;
    too_large |= __builtin_mul_overflow(elements, diffmm__dtype_size(out->dtype), &bytes);
    if (too_large || bytes != out->end - out->begin)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: tensor '%s' has %zu bytes, which do not fit its shape", path,
                            out->name, out->end - out->begin);
    return DIFFMM_OK;
}

static diffmm_status check_metadata(const char *path, const struct diffmm__json_value *metadata)
{
    if (!diffmm__json_is(metadata, DIFFMM__JSON_OBJECT))
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: __metadata__ is not an object", path);
    for (const struct diffmm__json_value *at = diffmm__json_first(metadata); at;
         at = diffmm__json_next(at))
        if (!diffmm__json_string(at))
            return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: metadata '%s' is not text", path,
                                at->key);
    return DIFFMM_OK;
}

static int compare_places(const void *a, const void *b)
{
    const struct diffmm__entry *x = *(const struct diffmm__entry *const *)a;
    const struct diffmm__entry *y = *(const struct diffmm__entry *const *)b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

/* In order, the tensors must cover the data from its start to its end. */
static diffmm_status check_cover(const diffmm_context *context, const char *path,
                                 const struct diffmm__entry *entries, size_t count,
                                 size_t data_size)
{
    size_t reached = 0;
    diffmm_status status = DIFFMM_OK;
    const struct diffmm__entry **order =
        diffmm__allocate(context, count, sizeof(struct diffmm__entry *));
    if (!order)
        return DIFFMM_ERROR_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        order[i] = &entries[i];
    qsort(order, count, sizeof(struct diffmm__entry *), compare_places);
    for (size_t i = 0; i < count && !status; i++) {
        if (order[i]->begin != reached)
            status = diffmm__fail(
                DIFFMM_ERROR_FORMAT,
                "%s: tensor '%s' starts at data byte %zu, but the one before it ends at %zu", path,
                order[i]->name, order[i]->begin, reached);
        reached = order[i]->end;
    }
    if (!status && reached != data_size)
        status = diffmm__fail(DIFFMM_ERROR_FORMAT,
                              "%s: the tensors end at data byte %zu, but the file has %zu", path,
                              reached, data_size);
    diffmm__release(context, order);
    return status;
}

diffmm_status diffmm__safetensors_header_read(const diffmm_context *context, const char *path,
                                              const struct diffmm__json_value *header,
                                              size_t data_size, struct diffmm__entry **entries,
                                              size_t *count)
{
    size_t made = 0;
    diffmm_status status = DIFFMM_OK;
    struct diffmm__entry *list =
        diffmm__allocate(context, diffmm__json_count(header), sizeof *list);
    if (!list)
        return DIFFMM_ERROR_NO_MEMORY;
    for (const struct diffmm__json_value *at = diffmm__json_first(header); at && !status;
         at = diffmm__json_next(at))
        status = strcmp(at->key, "__metadata__") == 0
                     ? check_metadata(path, at)
                     : read_entry(path, at, data_size, &list[made++]);
    if (!status)
        status = check_cover(context, path, list, made, data_size);
    if (status) {
        diffmm__release(context, list);
        return status;
    }
    *entries = list;
    *count = made;
    return DIFFMM_OK;
}

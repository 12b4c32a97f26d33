/* SPDX-License-Identifier: BSD-2-Clause */
/* Sparse matrices as scipy.sparse.save_npz writes them: members format ("coo", "csr"), shape, data,
 * and row and col, or indptr and indices. */
#include "dataset/readers/sparse_npz.h"

#include <string.h>

#include "base/status.h"
#include "dataset/readers/npy_values.h"
#include "dataset/readers/npz.h"

/* The first characters of an array that holds one text, as bytes or as UCS-4; '?' for those that
 * are not ASCII. */
static void decode(const struct diffmm__npy *array, const unsigned char *bytes, size_t length,
                   char *text)
{
    size_t width = array->kind == 'U' ? 4 : 1, low = array->big_endian ? width - 1 : 0;
    for (size_t i = 0; i < length; i++, bytes += width) {
        unsigned char others = 0;
        for (size_t k = 0; k < width; k++)
            others |= k == low ? 0 : bytes[k];
        text[i] = (char)(bytes[low] < 0x80 && others == 0 ? bytes[low] : '?');
    }
}

/* A text of more than 7 characters is cut: no format that is read is as long. */
static diffmm_status read_text(struct diffmm__npz_member *member, const struct diffmm__npy *array,
                               char text[8])
{
    unsigned char bytes[7 * 4];
    if (array->count != 1 || (array->kind != 'S' && array->kind != 'U'))
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: it is not a text",
                            diffmm__npz_member_name(member));
    size_t width = array->kind == 'U' ? 4 : 1, length = array->item_size / width;
    length = length < 7 ? length : 7;
    diffmm_status status = diffmm__npz_member_read(member, bytes, length * width);
    if (!status)
        status = diffmm__npz_member_finish(member);
    if (!status)
        decode(array, bytes, length, text);
    return status;
}

static diffmm_status read_format(struct diffmm__npz *archive, char text[8])
{
    struct diffmm__npz_member *member;
    struct diffmm__npy array;
    memset(text, 0, 8);
    diffmm_status status = diffmm__npz_member_open(archive, "format", &member, &array);
    if (status)
        return status;
    status = read_text(member, &array, text);
    diffmm__npz_member_destroy(member);
    return status;
}

static diffmm_status read_shape(struct diffmm__npz *archive, struct diffmm__sparse_parts *parts)
{
    struct diffmm__npz_member *member;
    struct diffmm__npy array;
    unsigned char bytes[2 * 8];
    int64_t shape[2] = {0};
    diffmm_status status = diffmm__npz_member_open(archive, "shape", &member, &array);
    if (status)
        return status;
    const char *name = diffmm__npz_member_name(member);
    if (array.count != 2)
        status = diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: a matrix has 2 dimensions, not %zu", name,
                              array.count);
    else if (array.item_size > 8)
        status = diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: it holds text, not numbers", name);
    if (!status)
        status = diffmm__npz_member_read(member, bytes, 2 * array.item_size);
    array.data = bytes;
    if (!status)
        status = diffmm__npz_member_finish(member);
    if (!status)
        status = diffmm__npy_values_as_int64(&array, name, shape);
    diffmm__npz_member_destroy(member);
    parts->rows = shape[0];
    parts->columns = shape[1];
    return status;
}

enum { buffer_size = 16384 };

/* A member as an array that is read once. */
struct source {
    struct diffmm__npz_member *member;
    unsigned char *buffer; /* shared: its content is used before the next part is read */
};

static diffmm_status next(void *source, size_t size, const unsigned char **bytes)
{
    struct source *from = source;
    *bytes = from->buffer;
    return diffmm__npz_member_read(from->member, from->buffer, size);
}

static diffmm_status finish(void *source)
{
    return diffmm__npz_member_finish(((struct source *)source)->member);
}

static diffmm_status open_array(struct diffmm__npz *archive, const char *name,
                                struct source *source, struct diffmm__sparse_array *out)
{
    diffmm_status status = diffmm__npz_member_open(archive, name, &source->member, &out->array);
    if (status)
        return status;
    out->name = diffmm__npz_member_name(source->member);
    out->next = next;
    out->finish = finish;
    out->source = source;
    return DIFFMM_OK;
}

static diffmm_status read_parts(struct diffmm__npz *archive, const char *path,
                                struct source sources[3], struct diffmm__sparse_parts *parts)
{
    char format[8];
    diffmm_status status = read_format(archive, format);
    if (status)
        return status;
    parts->csr = strcmp(format, "csr") == 0;
    if (!parts->csr && strcmp(format, "coo") != 0)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: format '%s' is neither 'coo' nor 'csr'", path,
                            format);
    status = read_shape(archive, parts);
    if (!status)
        status = open_array(archive, parts->csr ? "indptr" : "row", &sources[0], &parts->row);
    if (!status)
        status = open_array(archive, parts->csr ? "indices" : "col", &sources[1], &parts->column);
    if (!status)
        status = open_array(archive, "data", &sources[2], &parts->data);
    return status;
}

diffmm_status diffmm__sparse_npz_read(const diffmm_context *context, const char *path,
                                      struct diffmm__sparse *out)
{
    struct diffmm__npz *archive;
    unsigned char buffer[buffer_size] = {0};
    struct source sources[3] = {{NULL, buffer}, {NULL, buffer}, {NULL, buffer}};
    struct diffmm__sparse_parts parts;
    diffmm_status status = diffmm__npz_open(context, path, &archive);
    if (status)
        return status;
    status = read_parts(archive, path, sources, &parts);
    if (!status)
        status = diffmm__sparse_build(context, &parts, diffmm__npz_file_size(archive), path, out);
    for (size_t i = 0; i < 3; i++)
        diffmm__npz_member_destroy(sources[i].member);
    diffmm__npz_destroy(archive);
    return status;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Sparse matrices as scipy.sparse.save_npz writes them: members format ("coo", "csr"), shape, data,
 * and row and col, or indptr and indices. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/status.h"
#include "dataset/npz.h"
#include "dataset/sparse.h"

/* The first characters of a member that holds one text, as bytes or as UCS-4. */
static diffmm_status read_format(struct diffmm__npz *archive, const char *path, char text[8])
{
    struct diffmm__npy array;
    diffmm_status status = diffmm__npz_array(archive, "format", &array);
    if (status)
        return status;
    if (array.count != 1 || (array.kind != 'S' && array.kind != 'U'))
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: member 'format' is not a text", path);
    size_t width = array.kind == 'U' ? 4 : 1, length = array.item_size / width;
    size_t low = array.kind == 'U' && array.big_endian ? 3 : 0;
    memset(text, 0, 8);
    for (size_t i = 0; i < length && i < 7; i++) {
        unsigned char character = array.data[i * width + low];
        text[i] = (char)(character < 0x80 ? character : '?');
    }
    return DIFFMM_OK;
}

static diffmm_status read_shape(struct diffmm__npz *archive, const char *path,
                                struct diffmm__sparse_parts *parts)
{
    struct diffmm__npy array;
    int64_t shape[2];
    diffmm_status status = diffmm__npz_array(archive, "shape", &array);
    if (status)
        return status;
    if (array.count != 2)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: a matrix has 2 dimensions, not %zu", path,
                            array.count);
    char name[300];
    snprintf(name, sizeof name, "%s:shape", path);
    status = diffmm__npy_to_int64(&array, name, shape);
    if (status)
        return status;
    parts->rows = shape[0];
    parts->columns = shape[1];
    return DIFFMM_OK;
}

static diffmm_status read_parts(struct diffmm__npz *archive, const char *path,
                                struct diffmm__sparse_parts *parts)
{
    char format[8];
    diffmm_status status = read_format(archive, path, format);
    if (status)
        return status;
    parts->csr = strcmp(format, "csr") == 0;
    if (!parts->csr && strcmp(format, "coo") != 0)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: format '%s' is neither 'coo' nor 'csr'", path,
                            format);
    status = read_shape(archive, path, parts);
    if (!status)
        status = diffmm__npz_array(archive, parts->csr ? "indptr" : "row", &parts->row);
    if (!status)
        status = diffmm__npz_array(archive, parts->csr ? "indices" : "col", &parts->column);
    if (!status)
        status = diffmm__npz_array(archive, "data", &parts->data);
    return status;
}

diffmm_status diffmm__sparse_read_npz(const diffmm_context *context, const char *path,
                                      struct diffmm__sparse *out)
{
    struct diffmm__npz *archive;
    struct diffmm__sparse_parts parts;
    diffmm_status status = diffmm__npz_open(context, path, &archive);
    if (status)
        return status;
    status = read_parts(archive, path, &parts);
    if (!status)
        status = diffmm__sparse_build(context, &parts, diffmm__npz_file_size(archive), path, out);
    diffmm__npz_close(archive);
    return status;
}

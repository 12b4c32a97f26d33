/* SPDX-License-Identifier: BSD-2-Clause */
#include "files/matrix.h"

#include <string.h>

#include "base/numbers.h"
#include "base/status.h"

diffmm_status diffmm__matrix_find(const struct diffmm__safetensors *file, const char *name,
                                  size_t rows, size_t columns, const float **out)
{
    struct diffmm__tensor tensor;
    diffmm_status status = diffmm__safetensors_find(file, name, DIFFMM__F32, &tensor);
    if (status)
        return status;
    size_t found = tensor.columns ? tensor.columns : 1;
    if (tensor.rows != rows || found != columns)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: tensor '%s' is %zu x %zu, not %zu x %zu",
                            diffmm__safetensors_path(file), name, tensor.rows, found, rows,
                            columns);
    if (out)
        *out = tensor.data;
    return DIFFMM_OK;
}

static diffmm_status check_finite(const struct diffmm__safetensors *file, const char *name,
                                  size_t count, const float *values)
{
    return diffmm__all_finite(count, values)
               ? DIFFMM_OK
               : diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: tensor '%s' holds NaN or infinity",
                              diffmm__safetensors_path(file), name);
}

diffmm_status diffmm__matrix_find_finite(const struct diffmm__safetensors *file, const char *name,
                                         size_t rows, size_t columns, const float **out)
{
    diffmm_status status = diffmm__matrix_find(file, name, rows, columns, out);
    return status ? status : check_finite(file, name, rows * columns, *out);
}

diffmm_status diffmm__matrix_read_rows(const struct diffmm__safetensors *file, const char *name,
                                       size_t rows, size_t columns, bool squares, size_t first,
                                       size_t end, float *out)
{
    const float *data = NULL;
    size_t skip = first * columns, count = end * columns - skip;
    diffmm_status status = diffmm__matrix_find(file, name, rows, columns, &data);
    if (status)
        return status;
    if (count > 0)
        memcpy(out + skip, data + skip, count * sizeof *out);
    status = check_finite(file, name, count, out + skip);
    for (size_t i = skip; squares && !status && i < skip + count; i++)
        if (out[i] < 0.0f)
            status = diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: tensor '%s' is negative at %zu",
                                  diffmm__safetensors_path(file), name, i);
    return status;
}

diffmm_status diffmm__matrix_read(const struct diffmm__safetensors *file, const char *name,
                                  size_t rows, size_t columns, float *out)
{
    return diffmm__matrix_read_rows(file, name, rows, columns, false, 0, rows, out);
}

diffmm_status diffmm__matrix_read_squares(const struct diffmm__safetensors *file, const char *name,
                                          size_t rows, size_t columns, float *out)
{
    return diffmm__matrix_read_rows(file, name, rows, columns, true, 0, rows, out);
}

diffmm_status diffmm__matrix_check_sizes(const struct diffmm__safetensors *file, double parameters,
                                         double others)
{
    double bytes = (3.0 * parameters + others) * sizeof(float);
    if (bytes > (double)diffmm__safetensors_size(file))
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: the settings ask for %.0f bytes of parameters and moments, but "
                            "the file has %zu",
                            diffmm__safetensors_path(file), bytes, diffmm__safetensors_size(file));
    return DIFFMM_OK;
}

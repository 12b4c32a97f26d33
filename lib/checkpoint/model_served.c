/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading a model file: format, counts, seen items, ids, final embeddings. */
#include <string.h>

#include "base/memory.h"
#include "base/numbers.h"
#include "base/status.h"
#include "checkpoint/description.h"
#include "checkpoint/model_file.h"

static diffmm_status find_vector(const struct diffmm__safetensors *file, const char *path,
                                 const char *name, enum diffmm__dtype dtype,
                                 struct diffmm__tensor *out)
{
    diffmm_status status = diffmm__safetensors_find(file, name, dtype, out);
    if (!status && out->columns)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: tensor '%s' is not a vector", path, name);
    return status;
}

static diffmm_status wrong_length(const char *path, const struct diffmm__tensor *tensor,
                                  size_t wanted)
{
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: tensor '%s' has %zu elements, not %zu", path,
                        tensor->name, tensor->rows, wanted);
}

static diffmm_status copy_tensor(diffmm_context *context, const struct diffmm__tensor *tensor,
                                 void *pointer_to_out)
{
    size_t bytes =
        tensor->rows * (tensor->columns ? tensor->columns : 1) * diffmm__dtype_size(tensor->dtype);
    void *copy = diffmm__allocate(context, bytes, 1);
    if (!copy)
        return DIFFMM_ERROR_NO_MEMORY;
    if (bytes)
        memcpy(copy, tensor->data, bytes);
    memcpy(pointer_to_out, &copy, sizeof copy);
    return DIFFMM_OK;
}

/* In the catalog's own copy: the file may change. */
static diffmm_status check_rows(const char *path, const struct diffmm__catalog *catalog,
                                size_t count)
{
    const int64_t *pointers = catalog->seen.pointers;
    const int32_t *items = catalog->seen.items;
    size_t users = catalog->users;
    if (pointers[0] != 0 || pointers[users] < 0 || (size_t)pointers[users] != count)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: tensor 'seen.pointers' does not run from 0 to the %zu seen items",
                            path, count);
    for (size_t u = 0; u < users; u++)
        if (pointers[u + 1] < pointers[u])
            return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: tensor 'seen.pointers' falls at user %zu",
                                path, u);
    for (size_t u = 0; u < users; u++) {
        int64_t last = -1;
        for (int64_t i = pointers[u]; i < pointers[u + 1]; last = items[i++])
            if (items[i] <= last || (size_t)items[i] >= catalog->items)
                return diffmm__fail(DIFFMM_ERROR_FORMAT,
                                    "%s: tensor 'seen.items': item %d of user %zu is out of order, "
                                    "repeated or not below %zu",
                                    path, items[i], u, catalog->items);
    }
    return DIFFMM_OK;
}

static diffmm_status read_seen(diffmm_context *context, const struct diffmm__safetensors *file,
                               const char *path, struct diffmm__catalog *catalog)
{
    struct diffmm__tensor pointers, items;
    diffmm_status status = find_vector(file, path, "seen.pointers", DIFFMM__I64, &pointers);
    if (!status)
        status = find_vector(file, path, "seen.items", DIFFMM__I32, &items);
    if (!status && pointers.rows != catalog->users + 1)
        status = wrong_length(path, &pointers, catalog->users + 1);
    if (!status)
        status = copy_tensor(context, &pointers, &catalog->seen.pointers);
    if (!status)
        status = copy_tensor(context, &items, &catalog->seen.items);
    return status ? status : check_rows(path, catalog, items.rows);
}

/* Copies of the names and of where they start; the catalog takes them over. */
static diffmm_status copy_names(diffmm_context *context, const char *path, const char *what,
                                const struct diffmm__tensor *text,
                                const struct diffmm__tensor *offsets, struct diffmm__ids *out)
{
    char *text_copy = NULL;
    int64_t *offsets_copy = NULL;
    size_t count = offsets->rows - 1;
    diffmm_status status = copy_tensor(context, text, &text_copy);
    if (!status)
        status = copy_tensor(context, offsets, &offsets_copy);
    if (!status && (offsets_copy[count] < 0 || (size_t)offsets_copy[count] != text->rows))
        status = diffmm__fail(
            DIFFMM_ERROR_FORMAT, "%s: tensor '%s' ends at %lld, but '%s' has %zu bytes", path,
            offsets->name, (long long)offsets_copy[count], text->name, text->rows);
    if (status) {
        diffmm__release(context, text_copy);
        diffmm__release(context, offsets_copy);
        return status;
    }
    status = diffmm__ids_begin_text(context, count, text_copy, offsets_copy, what, out);
    return status && status != DIFFMM_ERROR_NO_MEMORY
               ? diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: %s", path, diffmm_error_message())
               : status;
}

/* Where no names are stored, the ids are the numbers. */
static diffmm_status read_names(diffmm_context *context, const struct diffmm__safetensors *file,
                                const char *path, const char *what, const char *text_name,
                                const char *offsets_name, size_t count, struct diffmm__ids *out)
{
    struct diffmm__tensor text, offsets;
    if (!diffmm__safetensors_has(file, text_name) && !diffmm__safetensors_has(file, offsets_name))
        return diffmm__ids_begin_numeric(context, count, out);
    diffmm_status status = find_vector(file, path, text_name, DIFFMM__U8, &text);
    if (!status)
        status = find_vector(file, path, offsets_name, DIFFMM__I64, &offsets);
    if (!status && offsets.rows != count + 1)
        status = wrong_length(path, &offsets, count + 1);
    return status ? status : copy_names(context, path, what, &text, &offsets, out);
}

static diffmm_status read_catalog(diffmm_context *context, const struct diffmm__safetensors *file,
                                  const char *path, struct diffmm__catalog *catalog)
{
    diffmm_status status = read_seen(context, file, path, catalog);
    if (!status)
        status = read_names(context, file, path, "user", "ids.user.text", "ids.user.offsets",
                            catalog->users, &catalog->user_ids);
    if (!status)
        status = read_names(context, file, path, "item", "ids.item.text", "ids.item.offsets",
                            catalog->items, &catalog->item_ids);
    return status;
}

static diffmm_status find_matrix(const struct diffmm__safetensors *file, const char *path,
                                 const char *name, size_t rows, size_t columns,
                                 struct diffmm__tensor *out)
{
    diffmm_status status = diffmm__safetensors_find(file, name, DIFFMM__F32, out);
    if (status)
        return status;
    size_t found = out->columns ? out->columns : 1;
    return out->rows == rows && found == columns
               ? DIFFMM_OK
               : diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: tensor '%s' is %zu x %zu, not %zu x %zu",
                              path, name, out->rows, found, rows, columns);
}

static diffmm_status check_finite(const char *path, const char *name, size_t count,
                                  const float *values)
{
    return diffmm__all_finite(count, values)
               ? DIFFMM_OK
               : diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: tensor '%s' holds NaN or infinity", path,
                              name);
}

diffmm_status diffmm__model_file_shape(const struct diffmm__safetensors *file, const char *path,
                                       const char *name, size_t rows, size_t columns)
{
    struct diffmm__tensor tensor;
    return find_matrix(file, path, name, rows, columns, &tensor);
}

diffmm_status diffmm__model_file_matrix(const struct diffmm__safetensors *file, const char *path,
                                        const char *name, size_t rows, size_t columns, float *out)
{
    struct diffmm__tensor tensor;
    diffmm_status status = find_matrix(file, path, name, rows, columns, &tensor);
    if (status)
        return status;
    if (rows * columns > 0)
        memcpy(out, tensor.data, rows * columns * sizeof *out);
    return check_finite(path, name, rows * columns, out);
}

/* Embeddings that are read in place, in the file's memory. */
static diffmm_status find_final(const struct diffmm__safetensors *file, const char *path,
                                const char *name, size_t rows, size_t d, const float **out)
{
    struct diffmm__tensor tensor;
    diffmm_status status = find_matrix(file, path, name, rows, d, &tensor);
    if (status)
        return status;
    *out = tensor.data;
    return check_finite(path, name, rows * d, *out);
}

/* What the metadata claims is held against the embeddings before memory is asked for so many. */
static diffmm_status read_final(const struct diffmm__safetensors *file, const char *path,
                                struct diffmm__served *served)
{
    struct diffmm__catalog *catalog = served->catalog;
    diffmm_status status = diffmm__read_count(file, "users", &catalog->users);
    if (!status)
        status = diffmm__read_count(file, "items", &catalog->items);
    if (!status)
        status = diffmm__read_count(file, "d", &served->d);
    if (!status)
        status = find_final(file, path, "final.user", catalog->users, served->d, &served->users);
    return status ? status
                  : find_final(file, path, "final.item", catalog->items, served->d, &served->items);
}

diffmm_status diffmm__model_file_served(diffmm_context *context,
                                        const struct diffmm__safetensors *file, const char *path,
                                        struct diffmm__served *out)
{
    diffmm_status status = diffmm__read_format(file, DIFFMM__MODEL_FORMAT, DIFFMM__MODEL_KIND);
    if (status)
        return status;
    struct diffmm__served served = {.catalog = diffmm__catalog_create(context)};
    if (!served.catalog)
        return DIFFMM_ERROR_NO_MEMORY;
    status = read_final(file, path, &served);
    if (!status)
        status = read_catalog(context, file, path, served.catalog);
    if (status) {
        diffmm__catalog_release(served.catalog);
        return status;
    }
    *out = served;
    return DIFFMM_OK;
}

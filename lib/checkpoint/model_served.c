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

static diffmm_status check_rows(const char *path, size_t users, size_t items,
                                const int64_t *pointers, const int32_t *row_items, size_t count)
{
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
        for (int64_t i = pointers[u]; i < pointers[u + 1]; last = row_items[i++])
            if (row_items[i] <= last || (size_t)row_items[i] >= items)
                return diffmm__fail(DIFFMM_ERROR_FORMAT,
                                    "%s: tensor 'seen.items': item %d of user %zu is out of order, "
                                    "repeated or not below %zu",
                                    path, row_items[i], u, items);
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
        status =
            check_rows(path, catalog->users, catalog->items, pointers.data, items.data, items.rows);
    if (!status)
        status = copy_tensor(context, &pointers, &catalog->seen.pointers);
    if (!status)
        status = copy_tensor(context, &items, &catalog->seen.items);
    return status;
}

/* Where no names are stored, the ids are the numbers. */
static diffmm_status read_names(diffmm_context *context, const struct diffmm__safetensors *file,
                                const char *path, const char *what, const char *text_name,
                                const char *offsets_name, size_t count, struct diffmm__names *out)
{
    struct diffmm__tensor text, offsets;
    char *text_copy = NULL;
    int64_t *offsets_copy = NULL;
    if (!diffmm__safetensors_has(file, text_name) && !diffmm__safetensors_has(file, offsets_name))
        return diffmm__names_numeric(context, count, out);
    diffmm_status status = find_vector(file, path, text_name, DIFFMM__U8, &text);
    if (!status)
        status = find_vector(file, path, offsets_name, DIFFMM__I64, &offsets);
    if (!status && offsets.rows != count + 1)
        status = wrong_length(path, &offsets, count + 1);
    if (status)
        return status;
    const int64_t *ends = offsets.data;
    if (ends[count] < 0 || (size_t)ends[count] != text.rows)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: tensor '%s' ends at %lld, but '%s' has %zu bytes", path,
                            offsets_name, (long long)ends[count], text_name, text.rows);
    status = copy_tensor(context, &text, &text_copy);
    if (!status)
        status = copy_tensor(context, &offsets, &offsets_copy);
    if (status) {
        diffmm__release(context, text_copy);
        return status;
    }
    status = diffmm__names_index(context, count, text_copy, offsets_copy, what, out);
    if (status && status != DIFFMM_ERROR_NO_MEMORY)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: %s", path, diffmm_error_message());
    return status;
}

static diffmm_status read_catalog(diffmm_context *context, const struct diffmm__safetensors *file,
                                  const char *path, struct diffmm__catalog *catalog)
{
    diffmm_status status = diffmm__read_count(file, "users", &catalog->users);
    if (!status)
        status = diffmm__read_count(file, "items", &catalog->items);
    if (!status)
        status = read_seen(context, file, path, catalog);
    if (!status)
        status = read_names(context, file, path, "user", "ids.user.text", "ids.user.offsets",
                            catalog->users, &catalog->user_names);
    if (!status)
        status = read_names(context, file, path, "item", "ids.item.text", "ids.item.offsets",
                            catalog->items, &catalog->item_names);
    return status;
}

/* Find a tensor of that shape with finite values. */
static diffmm_status find_matrix(const struct diffmm__safetensors *file, const char *path,
                                 const char *name, size_t rows, size_t columns,
                                 struct diffmm__tensor *out)
{
    diffmm_status status = diffmm__safetensors_find(file, name, DIFFMM__F32, out);
    if (status)
        return status;
    size_t found = out->columns ? out->columns : 1;
    if (out->rows != rows || found != columns)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: tensor '%s' is %zu x %zu, not %zu x %zu",
                            path, name, out->rows, found, rows, columns);
    if (!diffmm__all_finite(rows * columns, out->data))
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: tensor '%s' holds NaN or infinity", path,
                            name);
    return DIFFMM_OK;
}

diffmm_status diffmm__model_file_matrix(const struct diffmm__safetensors *file, const char *path,
                                        const char *name, size_t rows, size_t columns, float *out)
{
    struct diffmm__tensor tensor;
    diffmm_status status = find_matrix(file, path, name, rows, columns, &tensor);
    if (!status && out)
        memcpy(out, tensor.data, rows * columns * sizeof *out);
    return status;
}

static diffmm_status read_final(const struct diffmm__safetensors *file, const char *path,
                                struct diffmm__served *served)
{
    struct diffmm__tensor user, item;
    size_t users = served->catalog->users, items = served->catalog->items, d = 0;
    diffmm_status status = diffmm__read_count(file, "d", &d);
    if (!status)
        status = find_matrix(file, path, "final.user", users, d, &user);
    if (!status)
        status = find_matrix(file, path, "final.item", items, d, &item);
    if (status)
        return status;
    served->d = d;
    served->users = user.data;
    served->items = item.data;
    return DIFFMM_OK;
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
    status = read_catalog(context, file, path, served.catalog);
    if (!status)
        status = read_final(file, path, &served);
    if (status) {
        diffmm__catalog_release(served.catalog);
        return status;
    }
    *out = served;
    return DIFFMM_OK;
}

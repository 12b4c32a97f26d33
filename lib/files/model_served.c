/* SPDX-License-Identifier: BSD-2-Clause */
/* Format, counts, seen items, ids, final embeddings. */
#include "files/model_served.h"

#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "files/matrix.h"
#include "files/metadata.h"

static diffmm_status find_vector(const struct diffmm__safetensors *file, const char *name,
                                 enum diffmm__dtype dtype, struct diffmm__tensor *out)
{
    diffmm_status status = diffmm__safetensors_find(file, name, dtype, out);
    if (!status && out->columns)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: tensor '%s' is not a vector",
                            diffmm__safetensors_path(file), name);
    return status;
}

static diffmm_status check_length(const struct diffmm__safetensors *file,
                                  const struct diffmm__tensor *tensor, size_t wanted)
{
    return tensor->rows == wanted
               ? DIFFMM_OK
               : diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: tensor '%s' has %zu elements, not %zu",
                              diffmm__safetensors_path(file), tensor->name, tensor->rows, wanted);
}

static diffmm_status copy_vector(const struct diffmm__safetensors *file,
                                 const struct diffmm__tensor *tensor, void *pointer_to_out)
{
    size_t bytes = tensor->rows * diffmm__dtype_size(tensor->dtype);
    void *copy = diffmm__allocate(diffmm__safetensors_context(file), bytes, 1);
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

static diffmm_status read_seen(const struct diffmm__safetensors *file,
                               struct diffmm__catalog *catalog)
{
    struct diffmm__tensor pointers, items;
    diffmm_status status = find_vector(file, "seen.pointers", DIFFMM__I64, &pointers);
    if (!status)
        status = find_vector(file, "seen.items", DIFFMM__I32, &items);
    if (!status)
        status = check_length(file, &pointers, catalog->users + 1);
    if (!status)
        status = copy_vector(file, &pointers, &catalog->seen.pointers);
    if (!status)
        status = copy_vector(file, &items, &catalog->seen.items);
    return status ? status : check_rows(diffmm__safetensors_path(file), catalog, items.rows);
}

/* Copies of the ids and of where they start; the catalog takes them over. */
static diffmm_status copy_ids(const struct diffmm__safetensors *file, const char *what,
                              const struct diffmm__tensor *text,
                              const struct diffmm__tensor *offsets, struct diffmm__ids *out)
{
    const diffmm_context *context = diffmm__safetensors_context(file);
    char *text_copy = NULL;
    int64_t *offsets_copy = NULL;
    size_t count = offsets->rows - 1;
    diffmm_status status = copy_vector(file, text, &text_copy);
    if (!status)
        status = copy_vector(file, offsets, &offsets_copy);
    if (!status && (offsets_copy[count] < 0 || (size_t)offsets_copy[count] != text->rows))
        status = diffmm__fail(DIFFMM_ERROR_FORMAT,
                              "%s: tensor '%s' ends at %lld, but '%s' has %zu bytes",
                              diffmm__safetensors_path(file), offsets->name,
                              (long long)offsets_copy[count], text->name, text->rows);
    if (status) {
        diffmm__release(context, text_copy);
        diffmm__release(context, offsets_copy);
        return status;
    }
    return diffmm__safetensors_blame(
        file, diffmm__ids_begin_text(context, count, text_copy, offsets_copy, what, out));
}

/* Where no ids are stored, they are the numbers. */
static diffmm_status read_ids(const struct diffmm__safetensors *file, const char *what,
                              const char *text_name, const char *offsets_name, size_t count,
                              struct diffmm__ids *out)
{
    struct diffmm__tensor text, offsets;
    if (!diffmm__safetensors_has(file, text_name) && !diffmm__safetensors_has(file, offsets_name))
        return diffmm__ids_begin_numeric(diffmm__safetensors_context(file), count, out);
    diffmm_status status = find_vector(file, text_name, DIFFMM__U8, &text);
    if (!status)
        status = find_vector(file, offsets_name, DIFFMM__I64, &offsets);
    if (!status)
        status = check_length(file, &offsets, count + 1);
    return status ? status : copy_ids(file, what, &text, &offsets, out);
}

static diffmm_status read_catalog(const struct diffmm__safetensors *file,
                                  struct diffmm__catalog *catalog)
{
    diffmm_status status = read_seen(file, catalog);
    if (!status)
        status = read_ids(file, "user", "ids.user.text", "ids.user.offsets", catalog->users,
                          &catalog->user_ids);
    if (!status)
        status = read_ids(file, "item", "ids.item.text", "ids.item.offsets", catalog->items,
                          &catalog->item_ids);
    return status;
}

/* What the metadata claims is compared with the embeddings before memory is asked for so many. */
static diffmm_status read_final(const struct diffmm__safetensors *file,
                                struct diffmm__served *served)
{
    struct diffmm__catalog *catalog = served->catalog;
    diffmm_status status;
    if ((status = diffmm__metadata_count(file, "users", &catalog->users)) ||
        (status = diffmm__metadata_count(file, "items", &catalog->items)) ||
        (status = diffmm__metadata_count(file, "d", &served->d)) ||
        (status = diffmm__matrix_find_finite(file, "final.user", catalog->users, served->d,
                                             &served->users)))
        return status;
    return diffmm__matrix_find_finite(file, "final.item", catalog->items, served->d,
                                      &served->items);
}

diffmm_status diffmm__model_served_read(const struct diffmm__safetensors *file,
                                        struct diffmm__served *out)
{
    diffmm_status status =
        diffmm__metadata_check_format(file, DIFFMM__MODEL_FORMAT, DIFFMM__MODEL_KIND);
    if (status)
        return status;
    struct diffmm__served served = {.catalog =
                                        diffmm__catalog_create(diffmm__safetensors_context(file))};
    if (!served.catalog)
        return DIFFMM_ERROR_NO_MEMORY;
    status = read_final(file, &served);
    if (!status)
        status = read_catalog(file, served.catalog);
    if (status) {
        diffmm__catalog_release(served.catalog);
        return status;
    }
    *out = served;
    return DIFFMM_OK;
}

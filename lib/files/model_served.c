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
static diffmm_status check_seen(const char *path, const struct diffmm__csr *seen, size_t count)
{
    const struct diffmm__csr_expected expected = {.prefix = path,
                                                  .pointers = "tensor 'seen.pointers'",
                                                  .indices = "tensor 'seen.items'",
                                                  .columns = "items",
                                                  .ascending = true,
                                                  .status = DIFFMM_ERROR_FORMAT};
    int64_t end = seen->pointers[seen->rows];
    if (seen->pointers[0] != 0 || end < 0 || (size_t)end != count)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: tensor 'seen.pointers' does not run from 0 to the %zu seen items",
                            path, count);
    return diffmm__csr_check(seen, &expected);
}

static diffmm_status read_seen(const struct diffmm__safetensors *file,
                               const struct diffmm__catalog *catalog, struct diffmm__csr *seen)
{
    struct diffmm__tensor pointers, items;
    diffmm_status status = find_vector(file, "seen.pointers", DIFFMM__I64, &pointers);
    if (!status)
        status = find_vector(file, "seen.items", DIFFMM__I32, &items);
    if (!status)
        status = check_length(file, &pointers, catalog->users + 1);
    if (!status)
        status = diffmm__csr_begin(diffmm__safetensors_context(file), catalog->users,
                                   catalog->items, items.rows, false, seen);
    if (status)
        return status;
    memcpy(seen->pointers, pointers.data, pointers.rows * sizeof *seen->pointers);
    if (items.rows)
        memcpy(seen->indices, items.data, items.rows * sizeof *seen->indices);
    return check_seen(diffmm__safetensors_path(file), seen, items.rows);
}

/* The entries of `seen` that are marked with 1; those with 0 were held out. Each mark is read once:
 * the file may change. */
static diffmm_status take_marked(const char *path, const unsigned char *marks,
                                 const struct diffmm__csr *seen, struct diffmm__csr *train)
{
    int64_t kept = 0;
    train->pointers[0] = 0;
    for (size_t u = 0; u < seen->rows; u++) {
        for (int64_t e = seen->pointers[u]; e < seen->pointers[u + 1]; e++) {
            unsigned char mark = marks[e];
            if (mark > 1)
                return diffmm__fail(DIFFMM_ERROR_FORMAT,
                                    "%s: tensor 'seen.train' has %d at %lld, neither 0 nor 1", path,
                                    mark, (long long)e);
            if (mark)
                train->indices[kept++] = seen->indices[e];
        }
        train->pointers[u + 1] = kept;
    }
    return DIFFMM_OK;
}

/* Without marks, all that was seen was trained on. */
static diffmm_status read_rows(const struct diffmm__safetensors *file,
                               struct diffmm__served *served)
{
    struct diffmm__catalog *catalog = served->catalog;
    struct diffmm__tensor marks;
    if (!diffmm__safetensors_has(file, "seen.train"))
        return read_seen(file, catalog, &catalog->train);
    diffmm_status status = read_seen(file, catalog, &served->seen);
    if (!status)
        status = find_vector(file, "seen.train", DIFFMM__U8, &marks);
    if (!status)
        status = check_length(file, &marks, diffmm__csr_entries(&served->seen));
    if (!status)
        status =
            diffmm__csr_begin(diffmm__safetensors_context(file), catalog->users, catalog->items,
                              diffmm__csr_entries(&served->seen), false, &catalog->train);
    return status ? status
                  : take_marked(diffmm__safetensors_path(file), marks.data, &served->seen,
                                &catalog->train);
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

/* How many of the last items were placed; absent where none was. */
static diffmm_status read_placed(const struct diffmm__safetensors *file,
                                 struct diffmm__catalog *catalog)
{
    if (!diffmm__safetensors_metadata(file, "placed"))
        return DIFFMM_OK;
    diffmm_status status = diffmm__metadata_count(file, "placed", &catalog->placed);
    if (!status && catalog->placed >= catalog->items)
        status = diffmm__fail(DIFFMM_ERROR_FORMAT,
                              "%s: %zu of its %zu items are placed; some must be trained",
                              diffmm__safetensors_path(file), catalog->placed, catalog->items);
    return status;
}

static diffmm_status read_catalog(const struct diffmm__safetensors *file,
                                  struct diffmm__served *served)
{
    struct diffmm__catalog *catalog = served->catalog;
    diffmm_status status = read_rows(file, served);
    if (!status)
        status = read_ids(file, "user", "ids.user.text", "ids.user.offsets", catalog->users,
                          &catalog->user_ids);
    if (!status)
        status = read_ids(file, "item", "ids.item.text", "ids.item.offsets", catalog->items,
                          &catalog->item_ids);
    return status ? status : read_placed(file, catalog);
}

/* d, and the width, which is there only where it is not d. */
static diffmm_status read_width(const struct diffmm__safetensors *file,
                                struct diffmm__served *served)
{
    diffmm_status status = diffmm__metadata_count(file, "d", &served->d);
    served->width = served->d;
    if (status || !diffmm__safetensors_metadata(file, "width"))
        return status;
    status = diffmm__metadata_count(file, "width", &served->width);
    if (!status && served->width <= served->d)
        status =
            diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: the metadata's width is %zu, not above d, %zu",
                         diffmm__safetensors_path(file), served->width, served->d);
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
        (status = read_width(file, served)) ||
        (status = diffmm__matrix_find_finite(file, "final.user", catalog->users, served->width,
                                             &served->users)))
        return status;
    return diffmm__matrix_find_finite(file, "final.item", catalog->items, served->width,
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
        status = read_catalog(file, &served);
    if (status) {
        diffmm__csr_end(diffmm__safetensors_context(file), &served.seen);
        diffmm__catalog_release(served.catalog);
        return status;
    }
    *out = served;
    return DIFFMM_OK;
}

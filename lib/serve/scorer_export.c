/* SPDX-License-Identifier: BSD-2-Clause */
/* Final embeddings and ids as files for vector indexes. Tensors have the names that they have in a
 * model file, so that a reader of one reads the other. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/file_replace.h"
#include "base/handle.h"
#include "base/memory.h"
#include "base/status.h"
#include "dataset/readers/npy.h"
#include "files/description.h"
#include "serve/index_rows.h"

/* What is written. */
struct vectors {
    const diffmm_context *context;
    const char *what, *plural; /* "user" or "item" */
    size_t d;
    const float *rows;
    float *owned; /* these rows where they are not the scorer's own, else NULL */
    const struct diffmm__ids *names;
    const char *index; /* for which kind of index, or NULL */
};

/* Must be ended in any case. */
static diffmm_status begin_vectors(const diffmm_scorer *scorer, diffmm_side side,
                                   diffmm_index index, struct vectors *out)
{
    bool users = side == DIFFMM_USERS;
    struct diffmm__index_rows rows;
    *out = (struct vectors){.context = scorer->context};
    diffmm_status status = diffmm__index_rows_begin(scorer, side, index, &rows);
    if (status)
        return status;
    out->what = users ? "user" : "item";
    out->plural = users ? "users" : "items";
    out->d = rows.columns;
    out->rows = rows.rows;
    out->names = rows.ids;
    if (index == DIFFMM_INDEX_INNER_PRODUCT)
        return DIFFMM_OK;
    out->index = "l2";
    out->owned =
        diffmm__allocate(scorer->context, rows.ids->count, rows.columns * sizeof *out->owned);
    if (!out->owned)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm__index_rows_copy(&rows, 0, rows.ids->count, out->owned);
    out->rows = out->owned;
    return DIFFMM_OK;
}

static void end_vectors(struct vectors *vectors)
{
    diffmm__release(vectors->context, vectors->owned);
}

/* The path of the ids: items.ids.txt for items.npy. NULL without memory. */
static char *ids_path(const diffmm_context *context, const char *path)
{
    static const char old_ending[] = ".npy", new_ending[] = ".ids.txt";
    size_t length = strlen(path), old_size = sizeof old_ending - 1;
    if (length >= old_size && strcmp(path + length - old_size, old_ending) == 0)
        length -= old_size;
    char *result = diffmm__allocate(context, length + sizeof new_ending, 1);
    if (result) {
        memcpy(result, path, length);
        memcpy(result + length, new_ending, sizeof new_ending);
    }
    return result;
}

/* One id per line. */
static diffmm_status write_ids(const struct vectors *vectors, const char *path)
{
    const struct diffmm__ids *names = vectors->names;
    size_t size = (size_t)names->offsets[names->count];
    for (size_t i = 0; i < names->count; i++)
        if (strpbrk(names->text + names->offsets[i], "\r\n"))
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                "%s: the id of %s %zu holds a line break, but the text has one id "
                                "per line; the safetensors format takes any id",
                                path, vectors->what, i);
    char *lines = diffmm__allocate(vectors->context, size, 1);
    if (!lines)
        return DIFFMM_ERROR_NO_MEMORY;
    memcpy(lines, names->text, size);
    for (size_t i = 0; i < names->count; i++)
        lines[names->offsets[i + 1] - 1] = '\n';
    const struct diffmm__file_part piece = {lines, size, NULL};
    diffmm_status status = diffmm__file_replace(vectors->context, path, &piece, 1);
    diffmm__release(vectors->context, lines);
    return status;
}

static diffmm_status write_npy(const struct vectors *vectors, const char *path)
{
    unsigned char header[DIFFMM__NPY_HEADER];
    diffmm__npy_write_header(vectors->names->count, vectors->d, header);
    const struct diffmm__file_part pieces[] = {
        {header, sizeof header, NULL},
        {vectors->rows, vectors->names->count * vectors->d * sizeof *vectors->rows, NULL}};
    enum diffmm__file_kind kind;
    diffmm_status status = diffmm__file_examine(path, &kind);
    if (!status && (kind == DIFFMM__FILE_FOLDER || kind == DIFFMM__FILE_OTHER))
        status =
            diffmm__fail(DIFFMM_ERROR_IO,
                         "cannot write %s: the ids go to a second file beside it, so it must be "
                         "a regular file; the safetensors format has them in the same file",
                         path);
    char *ids = status ? NULL : ids_path(vectors->context, path);
    if (!ids)
        return status ? status : DIFFMM_ERROR_NO_MEMORY;
    status = write_ids(vectors, ids);
    if (!status)
        status = diffmm__file_replace(vectors->context, path, pieces, 2);
    diffmm__release(vectors->context, ids);
    return status;
}

static diffmm_status describe(const struct vectors *vectors, struct diffmm__description *d)
{
    diffmm_status status;
    if ((status = diffmm__description_begin(vectors->context, DIFFMM__VECTORS_FORMAT, d)) ||
        (status = diffmm__description_add_count(d, vectors->plural, vectors->names->count)))
        return status;
    status = diffmm__description_add_count(d, "d", vectors->d);
    return !status && vectors->index ? diffmm__description_add_text(d, "index", vectors->index)
                                     : status;
}

static diffmm_status write_safetensors(const struct vectors *vectors, const char *path)
{
    const struct diffmm__ids *names = vectors->names;
    struct diffmm__description description;
    char final[16], text[24], offsets[24];
    snprintf(final, sizeof final, "final.%s", vectors->what);
    snprintf(text, sizeof text, "ids.%s.text", vectors->what);
    snprintf(offsets, sizeof offsets, "ids.%s.offsets", vectors->what);
    const struct diffmm__tensor tensors[] = {
        {final, DIFFMM__F32, names->count, vectors->d, vectors->rows, NULL},
        {text, DIFFMM__U8, (size_t)names->offsets[names->count], 0, names->text, NULL},
        {offsets, DIFFMM__I64, names->count + 1, 0, names->offsets, NULL}};
    diffmm_status status = describe(vectors, &description);
    if (!status)
        status = diffmm__safetensors_write(vectors->context, path, description.list,
                                           description.count, tensors, names->numeric ? 1 : 3);
    diffmm__description_end(&description);
    return status;
}

static diffmm_status write(const struct vectors *vectors, diffmm_vectors_format format,
                           const char *path)
{
    switch (format) {
    case DIFFMM_VECTORS_NPY: return write_npy(vectors, path);
    case DIFFMM_VECTORS_SAFETENSORS: return write_safetensors(vectors, path);
    }
    return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                        "format is %d, not DIFFMM_VECTORS_NPY or DIFFMM_VECTORS_SAFETENSORS",
                        (int)format);
}

diffmm_status diffmm_scorer_export_for(const diffmm_scorer *scorer, diffmm_side side,
                                       diffmm_index index, diffmm_vectors_format format,
                                       const char *path)
{
    DIFFMM__CALL call = diffmm__call_reads(scorer);
    if (!scorer)
        return diffmm__null("scorer");
    if (!path)
        return diffmm__null("path");
    if (!*path)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "path is empty");
    struct vectors vectors;
    diffmm_status status = begin_vectors(scorer, side, index, &vectors);
    if (!status)
        status = write(&vectors, format, path);
    end_vectors(&vectors);
    return status;
}

diffmm_status diffmm_scorer_export(const diffmm_scorer *scorer, diffmm_side side,
                                   diffmm_vectors_format format, const char *path)
{
    return diffmm_scorer_export_for(scorer, side, DIFFMM_INDEX_INNER_PRODUCT, format, path);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads files that are named on standard input, a line "KIND PATH" each, and answers each with its
 * size in 4 bytes and what the library's reader made of it: '-' and the message, or '+' and
 *     npy        kind, item size, dimensions, shape; then, of numbers, all as doubles in C order
 *     npz, pkl   rows, columns, count, zeros, negatives; then row and column numbers
 *     ids        count; then each, ended by NUL
 *     tsv, csv   for each split its count, then user, item, each ended by NUL
 * Numbers are 64-bit (row and column numbers 32-bit), in this machine's byte order. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "dataset/readers/interactions_table.h"
#include "dataset/readers/lines.h"
#include "dataset/readers/npy_values.h"
#include "dataset/readers/sparse_npz.h"
#include "dataset/readers/sparse_pickle.h"

static struct {
    unsigned char *bytes;
    size_t size, capacity;
} answer;

static void put(const void *data, size_t size)
{
    if (answer.size + size > answer.capacity) {
        answer.capacity = 2 * (answer.size + size);
        answer.bytes = realloc(answer.bytes, answer.capacity);
        if (!answer.bytes)
            abort();
    }
    if (size)
        memcpy(answer.bytes + answer.size, data, size);
    answer.size += size;
}

static void put_number(size_t number)
{
    uint64_t value = number;
    put(&value, sizeof value);
}

static diffmm_status read_npy(const char *path)
{
    struct diffmm__mapping mapping;
    struct diffmm__npy array;
    diffmm_status status = diffmm__file_map(path, &mapping);
    if (status)
        return status;
    status = diffmm__npy_parse(mapping.data, mapping.size, "file", &array);
    double *values = status ? NULL : malloc((array.count + 1) * sizeof *values);
    bool numbers = !status && array.kind != 'S' && array.kind != 'U';
    if (numbers)
        status = diffmm__npy_values_as_double(&array, "file", values);
    for (size_t i = 0; numbers && !status && i < array.count; i++)
        if (isnan(values[i]))
            values[i] = NAN; /* one of many */
    if (!status) {
        put("+", 1);
        put_number((size_t)array.kind);
        put_number(array.item_size);
        put_number(array.dimensions);
        for (size_t i = 0; i < array.dimensions; i++)
            put_number(array.shape[i]);
        put(values, numbers ? array.count * sizeof *values : 0);
    }
    free(values);
    diffmm__file_unmap(&mapping);
    return status;
}

static diffmm_status read_matrix(const char *path, bool archive)
{
    struct diffmm__sparse sparse;
    diffmm_status status = archive ? diffmm__sparse_npz_read(NULL, path, &sparse)
                                   : diffmm__sparse_pickle_read(NULL, path, &sparse);
    if (status)
        return status;
    put("+", 1);
    put_number(sparse.rows);
    put_number(sparse.columns);
    put_number(sparse.entries.count);
    put_number(sparse.zeros);
    put_number(sparse.negatives);
    put(sparse.entries.row, sparse.entries.count * sizeof *sparse.entries.row);
    put(sparse.entries.column, sparse.entries.count * sizeof *sparse.entries.column);
    diffmm__sparse_end(NULL, &sparse);
    return DIFFMM_OK;
}

static void put_id(const struct diffmm__ids *ids, int32_t number)
{
    put(diffmm__ids_text(ids, number), diffmm__ids_length(ids, (size_t)number) + 1);
}

static diffmm_status read_table(const char *path, bool commas)
{
    struct diffmm__draft *draft = diffmm__draft_create(NULL);
    if (!draft)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status =
        commas ? diffmm__interactions_table_read_csv(NULL, path, DIFFMM_TRAIN, draft)
               : diffmm__interactions_table_read_tsv(NULL, path, DIFFMM_TRAIN, draft);
    if (!status)
        put("+", 1);
    for (int split = 0; split < DIFFMM__SPLITS && !status; split++) {
        const struct diffmm__coo *pairs = &draft->pairs[split];
        put_number(pairs->count);
        for (size_t i = 0; i < pairs->count; i++) {
            put_id(&draft->user_ids, pairs->row[i]);
            put_id(&draft->item_ids, pairs->column[i]);
        }
    }
    diffmm__draft_destroy(NULL, draft);
    return status;
}

static diffmm_status read_ids(const char *path)
{
    struct diffmm__mapping mapping;
    struct diffmm__lines lines;
    diffmm_status status = diffmm__file_map(path, &mapping);
    if (status)
        return status;
    status = diffmm__lines_parse(NULL, (const char *)mapping.data, mapping.size, path, &lines);
    diffmm__file_unmap(&mapping);
    if (status)
        return status;
    put("+", 1);
    put_number(lines.count);
    for (size_t i = 0; i < lines.count; i++)
        put(lines.list[i], strlen(lines.list[i]) + 1);
    diffmm__lines_end(NULL, &lines);
    return DIFFMM_OK;
}

static diffmm_status read_file(const char *kind, const char *path)
{
    if (strcmp(kind, "npy") == 0)
        return read_npy(path);
    if (strcmp(kind, "npz") == 0 || strcmp(kind, "pkl") == 0)
        return read_matrix(path, kind[2] == 'z');
    if (strcmp(kind, "tsv") == 0 || strcmp(kind, "csv") == 0)
        return read_table(path, kind[0] == 'c');
    if (strcmp(kind, "ids") == 0)
        return read_ids(path);
    fprintf(stderr, "there is no kind '%s'\n", kind);
    exit(1);
}

int main(void)
{
    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        char *path = strchr(line, ' ');
        if (!path)
            return 1;
        *path++ = 0;
        path[strcspn(path, "\n")] = 0;
        answer.size = 0;
        if (read_file(line, path)) {
            const char *message = diffmm_error_message();
            answer.size = 0;
            put("-", 1);
            put(message, strlen(message));
        }
        uint32_t size = (uint32_t)answer.size;
        fwrite(&size, sizeof size, 1, stdout);
        fwrite(answer.bytes, 1, answer.size, stdout);
        fflush(stdout);
    }
    free(answer.bytes);
    return 0;
}

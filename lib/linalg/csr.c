/* SPDX-License-Identifier: BSD-2-Clause */
#include "linalg/csr.h"

#include <math.h>
#include <string.h>

#include "base/ascending.h"
#include "base/pool.h"
#include "base/sizes.h"
#include "base/status.h"

/* The offsets of the arrays in the block of a matrix; each array begins on a cache line of its
 * own. */
struct layout {
    size_t indices, values, size;
};

static size_t round_up(size_t bytes)
{
    return diffmm__size_sum(bytes, 63) / 64 * 64;
}

static struct layout lay_out(size_t rows, size_t entries, bool valued)
{
    const struct diffmm__csr *csr;
    struct layout l;
    size_t pointers = diffmm__size_product(diffmm__size_sum(rows, 1), sizeof *csr->pointers);
    l.indices = round_up(pointers);
    l.values =
        round_up(diffmm__size_sum(l.indices, diffmm__size_product(entries, sizeof *csr->indices)));
    l.size =
        diffmm__size_sum(l.values, valued ? diffmm__size_product(entries, sizeof *csr->values) : 0);
    return l;
}

static struct diffmm__csr in_block(char *block, struct layout l, size_t rows, size_t columns,
                                   bool valued)
{
    if (!block)
        return (struct diffmm__csr){0};
    return (struct diffmm__csr){.rows = rows,
                                .columns = columns,
                                .pointers = (int64_t *)(void *)block,
                                .indices = (int32_t *)(void *)(block + l.indices),
                                .values = valued ? (float *)(void *)(block + l.values) : NULL};
}

diffmm_status diffmm__csr_begin(const diffmm_context *context, size_t rows, size_t columns,
                                size_t entries, bool valued, struct diffmm__csr *out)
{
    struct layout l = lay_out(rows, entries, valued);
    *out = in_block(diffmm__allocate(context, l.size, 1), l, rows, columns, valued);
    return out->pointers ? DIFFMM_OK : DIFFMM_ERROR_NO_MEMORY;
}

void diffmm__csr_take(struct diffmm__arena *arena, size_t rows, size_t columns, size_t entries,
                      bool valued, struct diffmm__csr *out)
{
    struct layout l = lay_out(rows, entries, valued);
    *out = in_block(diffmm__arena_take(arena, l.size, 1), l, rows, columns, valued);
}

void diffmm__csr_end(const diffmm_context *context, struct diffmm__csr *csr)
{
    diffmm__release(context, csr->pointers); /* where the block begins */
    *csr = (struct diffmm__csr){0};
}

size_t diffmm__csr_bytes(size_t rows, size_t entries, bool valued)
{
    return diffmm__allocation_bytes(lay_out(rows, entries, valued).size, 1);
}

struct diffmm__csr diffmm__csr_view(size_t rows, size_t columns, const int64_t *pointers,
                                    const int32_t *indices, const float *values)
{
    return (struct diffmm__csr){.rows = rows,
                                .columns = columns,
                                .pointers = (int64_t *)(uintptr_t)pointers,
                                .indices = (int32_t *)(uintptr_t)indices,
                                .values = (float *)(uintptr_t)values};
}

int64_t diffmm__csr_lower_bound(const struct diffmm__csr *csr, size_t row, int32_t column)
{
    int64_t first = csr->pointers[row];
    size_t entries = diffmm__csr_row_entries(csr, row);
    if (entries == 0)
        return first; /* a matrix without entries may have no array of them */
    return first + (int64_t)diffmm__ascending_lower_bound(entries, csr->indices + first, column);
}

bool diffmm__csr_has(const struct diffmm__csr *csr, size_t row, int32_t column)
{
    int64_t entry = diffmm__csr_lower_bound(csr, row, column);
    return entry < csr->pointers[row + 1] && csr->indices[entry] == column;
}

void diffmm__csr_row_starts(size_t rows, int64_t *pointers)
{
    pointers[0] = 0;
    for (size_t r = 0; r < rows; r++)
        pointers[r + 1] += pointers[r];
}

/* After all entries of a counting sort have been placed, the pointer of each row stands at the
 * row's end: shift them back by one row. */
static void restore_starts(size_t rows, int64_t *pointers)
{
    memmove(pointers + 1, pointers, rows * sizeof *pointers);
    pointers[0] = 0;
}

/* The number of entries of each key, and from these where each key's entries begin. */
static void count_keys(size_t keys, size_t count, const int32_t *key, int64_t *pointers)
{
    memset(pointers, 0, (keys + 1) * sizeof *pointers);
    for (size_t i = 0; i < count; i++)
        pointers[key[i] + 1]++;
    diffmm__csr_row_starts(keys, pointers);
}

/* The columns of pairs, those of one row together; pointers[r] ends where row r does. */
static void place_pairs(size_t count, const int32_t *row, const int32_t *column,
                        struct diffmm__csr *csr)
{
    count_keys(csr->rows, count, row, csr->pointers);
    for (size_t i = 0; i < count; i++)
        csr->indices[csr->pointers[row[i]]++] = column[i];
    restore_starts(csr->rows, csr->pointers);
}

static size_t longest_row(const struct diffmm__csr *csr)
{
    size_t longest = 0;
    for (size_t r = 0; r < csr->rows; r++) {
        size_t length = diffmm__csr_row_entries(csr, r);
        longest = length > longest ? length : longest;
    }
    return longest;
}

static diffmm_status sort_rows(const diffmm_context *context, struct diffmm__csr *csr)
{
    size_t longest = longest_row(csr);
    int32_t *room = diffmm__allocate(context, longest, sizeof *room);
    if (!room)
        return DIFFMM_ERROR_NO_MEMORY;
    for (size_t r = 0; r < csr->rows; r++)
        diffmm__ascending_sort_in(diffmm__csr_row_entries(csr, r), csr->indices + csr->pointers[r],
                                  room);
    diffmm__release(context, room);
    return DIFFMM_OK;
}

/* Of sorted rows, keep one entry of each column. */
static void remove_repeats(struct diffmm__csr *csr)
{
    int64_t kept = 0, begin = 0;
    for (size_t r = 0; r < csr->rows; r++) {
        int64_t first = kept, end = csr->pointers[r + 1];
        for (int64_t e = begin; e < end; e++)
            if (kept == first || csr->indices[kept - 1] != csr->indices[e])
                csr->indices[kept++] = csr->indices[e];
        begin = end;
        csr->pointers[r + 1] = kept;
    }
}

/* A counting sort by row, then each row by itself: beside the pairs only the result is in memory. */
diffmm_status diffmm__csr_from_pairs(const diffmm_context *context, size_t rows, size_t columns,
                                     size_t count, const int32_t *row, const int32_t *column,
                                     struct diffmm__csr *out)
{
    struct diffmm__csr csr;
    diffmm_status status = diffmm__csr_begin(context, rows, columns, count, false, &csr);
    if (status)
        return status;
    place_pairs(count, row, column, &csr);
    status = sort_rows(context, &csr);
    if (status) {
        diffmm__csr_end(context, &csr);
        return status;
    }
    remove_repeats(&csr);
    *out = csr;
    return DIFFMM_OK;
}

diffmm_status diffmm__csr_fit(const diffmm_context *context, size_t room, struct diffmm__csr *csr)
{
    size_t entries = diffmm__csr_entries(csr);
    struct diffmm__csr fitting;
    if (room == entries)
        return DIFFMM_OK;
    diffmm_status status =
        diffmm__csr_begin(context, csr->rows, csr->columns, entries, false, &fitting);
    if (status)
        return status;
    memcpy(fitting.pointers, csr->pointers, (csr->rows + 1) * sizeof *csr->pointers);
    memcpy(fitting.indices, csr->indices, entries * sizeof *csr->indices);
    diffmm__csr_end(context, csr);
    *csr = fitting;
    return DIFFMM_OK;
}

/* Several matrices, walked row by row; `at` is the next entry of each. */
struct union_walk {
    size_t count;
    const struct diffmm__csr *const *parts;
    int64_t at[3];
};

/* The lowest column that is left in the row, of whichever parts have it. */
static bool next_column(struct union_walk *walk, size_t row, int32_t *column)
{
    bool found = false;
    for (size_t p = 0; p < walk->count; p++) {
        const struct diffmm__csr *part = walk->parts[p];
        if (walk->at[p] < part->pointers[row + 1] &&
            (!found || part->indices[walk->at[p]] < *column)) {
            *column = part->indices[walk->at[p]];
            found = true;
        }
    }
    for (size_t p = 0; p < walk->count && found; p++) {
        const struct diffmm__csr *part = walk->parts[p];
        if (walk->at[p] < part->pointers[row + 1] && part->indices[walk->at[p]] == *column)
            walk->at[p]++;
    }
    return found;
}

/* Walk all rows; where `out` is not NULL, write them there. Returns the number of entries. */
static size_t unite(size_t count, const struct diffmm__csr *const *parts, struct diffmm__csr *out)
{
    struct union_walk walk = {.count = count, .parts = parts};
    size_t entries = 0, rows = parts[0]->rows;
    for (size_t p = 0; p < count; p++)
        walk.at[p] = parts[p]->pointers[0];
    if (out)
        out->pointers[0] = 0;
    for (size_t r = 0; r < rows; r++) {
        for (int32_t column = 0; next_column(&walk, r, &column); entries++)
            if (out)
                out->indices[entries] = column;
        if (out)
            out->pointers[r + 1] = (int64_t)entries;
    }
    return entries;
}

diffmm_status diffmm__csr_unite(const diffmm_context *context, size_t count,
                                const struct diffmm__csr *const *parts, struct diffmm__csr *out)
{
    struct diffmm__csr csr;
    diffmm_status status = diffmm__csr_begin(context, parts[0]->rows, parts[0]->columns,
                                             unite(count, parts, NULL), false, &csr);
    if (status)
        return status;
    unite(count, parts, &csr);
    *out = csr;
    return DIFFMM_OK;
}

struct transpose {
    const struct diffmm__csr *from;
    size_t rows;
    const int32_t *row_of;
    struct diffmm__csr *to;
};

/* A counting sort by column, each task for a range of columns. Here: entries first .. after - 1. */
static void count_entries(const struct transpose *t, int64_t first, int64_t after, size_t begin,
                          size_t end)
{
    const int32_t *columns = t->from->indices;
    int64_t *sizes = t->to->pointers + 1;
    for (int64_t e = first; e < after; e++) {
        size_t column = (size_t)columns[e];
        if (column >= begin && column < end)
            sizes[column]++;
    }
}

static void count_columns(void *argument, size_t begin, size_t end)
{
    const struct transpose *t = argument;
    const int64_t *pointers = t->from->pointers;
    memset(t->to->pointers + 1 + begin, 0, (end - begin) * sizeof *pointers);
    if (!t->row_of)
        count_entries(t, pointers[0], pointers[t->rows], begin, end);
    else
        for (size_t b = 0; b < t->rows; b++)
            count_entries(t, pointers[t->row_of[b]], pointers[t->row_of[b] + 1], begin, end);
}

/* Rows are visited in order, so that each transposed row ascends. */
static void place_columns(void *argument, size_t begin, size_t end)
{
    const struct transpose *t = argument;
    const struct diffmm__csr *from = t->from, *to = t->to;
    const float *values = from->values;
    for (size_t b = 0; b < t->rows; b++) {
        size_t row = t->row_of ? (size_t)t->row_of[b] : b;
        for (int64_t e = from->pointers[row]; e < from->pointers[row + 1]; e++) {
            size_t column = (size_t)from->indices[e];
            if (column < begin || column >= end)
                continue;
            int64_t place = to->pointers[column]++;
            to->indices[place] = (int32_t)b;
            if (to->values)
                to->values[place] = values ? values[e] : 1.0f;
        }
    }
}

void diffmm__csr_transpose(const diffmm_context *context, const struct diffmm__csr *from,
                           size_t rows, const int32_t *row_of, struct diffmm__csr *to)
{
    struct transpose t = {.from = from, .rows = rows, .row_of = row_of, .to = to};
    diffmm__parallel_shares(context, to->rows, count_columns, &t);
    diffmm__csr_row_starts(to->rows, to->pointers);
    diffmm__parallel_shares(context, to->rows, place_columns, &t);
    restore_starts(to->rows, to->pointers);
}

/* The three parts of "PREFIX: NAME", with which messages begin. */
#define NAMED(expected, name)                                                                      \
    (expected)->prefix ? (expected)->prefix : "", (expected)->prefix ? ": " : "", (expected)->name

static diffmm_status check_pointers(const struct diffmm__csr *csr, size_t row,
                                    const struct diffmm__csr_expected *expected)
{
    int64_t begin = csr->pointers[row], end = csr->pointers[row + 1];
    if (begin >= 0 && end >= begin)
        return DIFFMM_OK;
    return diffmm__fail(expected->status, "%s%s%s[%zu] is %lld, and the next is %lld",
                        NAMED(expected, pointers), row, (long long)begin, (long long)end);
}

static diffmm_status check_entries(const struct diffmm__csr *csr, size_t row,
                                   const struct diffmm__csr_expected *expected)
{
    int64_t end = csr->pointers[row + 1], last = -1;
    if (diffmm__csr_row_entries(csr, row) > 0 && !csr->indices)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "%s%s%s is NULL",
                            NAMED(expected, indices));
    for (int64_t e = csr->pointers[row]; e < end; last = csr->indices[e++]) {
        int32_t column = csr->indices[e];
        if (column < 0 || (size_t)column >= csr->columns)
            return diffmm__fail(expected->status, "%s%s%s[%lld] is %d, but there are %zu %s",
                                NAMED(expected, indices), (long long)e, column, csr->columns,
                                expected->columns);
        if (expected->ascending && column <= last)
            return diffmm__fail(expected->status,
                                "%s%s%s[%lld] is %d, not above the one before it in row %zu, %lld",
                                NAMED(expected, indices), (long long)e, column, row,
                                (long long)last);
        if (csr->values && !isfinite(csr->values[e]))
            return diffmm__fail(DIFFMM_ERROR_NUMERIC, "%s%s%s[%lld] is not finite",
                                NAMED(expected, values), (long long)e);
    }
    return DIFFMM_OK;
}

diffmm_status diffmm__csr_check_row(const struct diffmm__csr *csr, size_t row,
                                    const struct diffmm__csr_expected *expected)
{
    diffmm_status status = check_pointers(csr, row, expected);
    return status ? status : check_entries(csr, row, expected);
}

diffmm_status diffmm__csr_check(const struct diffmm__csr *csr,
                                const struct diffmm__csr_expected *expected)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t r = 0; r < csr->rows && !status; r++)
        status = check_pointers(csr, r, expected);
    for (size_t r = 0; r < csr->rows && !status; r++)
        status = check_entries(csr, r, expected);
    return status;
}

bool diffmm__csr_ascends(const struct diffmm__csr *csr)
{
    for (size_t r = 0; r < csr->rows; r++)
        for (int64_t e = csr->pointers[r] + 1; e < csr->pointers[r + 1]; e++)
            if (csr->indices[e] < csr->indices[e - 1])
                return false;
    return true;
}

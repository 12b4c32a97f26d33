/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/coo.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

diffmm_status diffmm__coo_begin(const diffmm_context *context, size_t capacity,
                                struct diffmm__coo *out)
{
    struct diffmm__coo coo = {.row_capacity = capacity, .column_capacity = capacity};
    coo.row = diffmm__allocate(context, capacity, sizeof *coo.row);
    coo.column = coo.row ? diffmm__allocate(context, capacity, sizeof *coo.column) : NULL;
    if (!coo.column) {
        diffmm__coo_end(context, &coo);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    *out = coo;
    return DIFFMM_OK;
}

void diffmm__coo_end(const diffmm_context *context, struct diffmm__coo *coo)
{
    diffmm__release(context, coo->row);
    diffmm__release(context, coo->column);
    diffmm__release(context, coo->rating);
    diffmm__release(context, coo->time);
    *coo = (struct diffmm__coo){0};
}

void diffmm__coo_clear(const diffmm_context *context, struct diffmm__coo *coo)
{
    diffmm__release(context, coo->rating);
    diffmm__release(context, coo->time);
    coo->rating = NULL;
    coo->time = NULL;
    coo->count = coo->rating_capacity = coo->time_capacity = 0;
}

static bool has_room(const struct diffmm__coo *coo, size_t needed)
{
    return needed <= coo->row_capacity && needed <= coo->column_capacity &&
           (!coo->rating || needed <= coo->rating_capacity) &&
           (!coo->time || needed <= coo->time_capacity);
}

static diffmm_status make_room(const diffmm_context *context, struct diffmm__coo *coo, size_t more)
{
    size_t needed = coo->count + more;
    if (has_room(coo, needed))
        return DIFFMM_OK;
    diffmm_status status =
        diffmm__grow(context, &coo->row, &coo->row_capacity, coo->count, needed, sizeof *coo->row);
    if (!status)
        status = diffmm__grow(context, &coo->column, &coo->column_capacity, coo->count, needed,
                              sizeof *coo->column);
    if (!status && coo->rating)
        status = diffmm__grow(context, &coo->rating, &coo->rating_capacity, coo->count, needed,
                              sizeof *coo->rating);
    if (!status && coo->time)
        status = diffmm__grow(context, &coo->time, &coo->time_capacity, coo->count, needed,
                              sizeof *coo->time);
    return status;
}

diffmm_status diffmm__coo_begin_ratings(const diffmm_context *context, struct diffmm__coo *coo,
                                        double before)
{
    coo->rating_capacity = coo->row_capacity;
    coo->rating = diffmm__allocate(context, coo->rating_capacity, sizeof *coo->rating);
    if (!coo->rating)
        return DIFFMM_ERROR_NO_MEMORY;
    for (size_t i = 0; i < coo->count; i++)
        coo->rating[i] = before;
    return DIFFMM_OK;
}

/* From now on entries have times; those so far have none. */
static diffmm_status begin_times(const diffmm_context *context, struct diffmm__coo *coo)
{
    coo->time_capacity = coo->row_capacity;
    coo->time = diffmm__allocate(context, coo->time_capacity, sizeof *coo->time);
    if (!coo->time)
        return DIFFMM_ERROR_NO_MEMORY;
    for (size_t i = 0; i < coo->count; i++)
        coo->time[i] = DIFFMM__NO_TIME;
    return DIFFMM_OK;
}

diffmm_status diffmm__coo_add(const diffmm_context *context, struct diffmm__coo *coo, int32_t row,
                              int32_t column)
{
    const struct diffmm__coo_entry entry = {row, column, NAN, DIFFMM__NO_TIME};
    return diffmm__coo_add_entry(context, coo, &entry);
}

diffmm_status diffmm__coo_add_entry(const diffmm_context *context, struct diffmm__coo *coo,
                                    const struct diffmm__coo_entry *entry)
{
    diffmm_status status = make_room(context, coo, 1);
    if (!status && !coo->rating && !isnan(entry->rating))
        status = diffmm__coo_begin_ratings(context, coo, NAN);
    if (!status && !coo->time && entry->time != DIFFMM__NO_TIME)
        status = begin_times(context, coo);
    if (status)
        return status;
    size_t i = coo->count++;
    coo->row[i] = entry->row;
    coo->column[i] = entry->column;
    if (coo->rating)
        coo->rating[i] = entry->rating;
    if (coo->time)
        coo->time[i] = entry->time;
    return DIFFMM_OK;
}

struct diffmm__coo_entry diffmm__coo_entry_at(const struct diffmm__coo *coo, size_t i)
{
    return (struct diffmm__coo_entry){coo->row[i], coo->column[i],
                                      coo->rating ? coo->rating[i] : NAN,
                                      coo->time ? coo->time[i] : DIFFMM__NO_TIME};
}

diffmm_status diffmm__coo_take(const diffmm_context *context, struct diffmm__coo *coo,
                               struct diffmm__coo *from)
{
    if (coo->count == 0) {
        struct diffmm__coo empty = *coo;
        *coo = *from;
        *from = empty;
        return DIFFMM_OK;
    }
    diffmm_status status = make_room(context, coo, from->count);
    for (size_t i = 0; i < from->count && !status; i++) {
        const struct diffmm__coo_entry entry = diffmm__coo_entry_at(from, i);
        status = diffmm__coo_add_entry(context, coo, &entry);
    }
    return status;
}

/* Write an entry over one before it. */
static void move(struct diffmm__coo *coo, size_t from, size_t to)
{
    coo->row[to] = coo->row[from];
    coo->column[to] = coo->column[from];
    if (coo->rating)
        coo->rating[to] = coo->rating[from];
    if (coo->time)
        coo->time[to] = coo->time[from];
}

void diffmm__coo_renumber(struct diffmm__coo *coo, const int32_t *rows, const int32_t *columns)
{
    size_t kept = 0;
    for (size_t i = 0; i < coo->count; i++) {
        int32_t row = rows ? rows[coo->row[i]] : coo->row[i];
        int32_t column = columns ? columns[coo->column[i]] : coo->column[i];
        if (row < 0 || column < 0)
            continue;
        move(coo, i, kept);
        coo->row[kept] = row;
        coo->column[kept++] = column;
    }
    coo->count = kept;
}

void diffmm__coo_drop(struct diffmm__coo *coo, const bool *dropped)
{
    size_t kept = 0;
    for (size_t i = 0; i < coo->count; i++)
        if (!dropped[i])
            move(coo, i, kept++);
    coo->count = kept;
}

void diffmm__coo_keep(struct diffmm__coo *coo, const unsigned char *marks, unsigned char kept)
{
    size_t count = 0;
    for (size_t i = 0; i < coo->count; i++)
        if (marks[i] == kept)
            move(coo, i, count++);
    coo->count = count;
}

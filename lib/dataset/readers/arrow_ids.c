/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/arrow_ids.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "base/utf8.h"

/* Integers below `few`, and below so many times the rows before, are remembered by value: so the memory
 * for it is in proportion to the input. */
enum { few = 1 << 12, times_rows = 4, most = 1 << 24 };

/* The text of an id, borrowed from the table or in `digits`. */
struct id_text {
    const char *text;
    size_t length;
    char digits[DIFFMM__ARROW_DIGITS];
};

diffmm_status diffmm__arrow_ids_begin(struct diffmm__arrow_ids *ids,
                                      const struct diffmm__arrow_input *input, size_t place)
{
    ids->last = -1;
    diffmm_status status = diffmm__arrow_column_begin(&ids->column, input, place);
    if (status)
        return status;
    struct diffmm__arrow_type type = ids->column.values.type;
    return diffmm__arrow_type_is_text(type) || diffmm__arrow_type_is_integer(type) ||
                   type.kind == DIFFMM__ARROW_NOTHING
               ? DIFFMM_OK
               : diffmm__arrow_column_refuse(&ids->column, "strings or integers, since it has ids");
}

void diffmm__arrow_ids_end(struct diffmm__arrow_ids *ids)
{
    diffmm__release(ids->context, ids->codes);
    diffmm__release(ids->context, ids->integers);
    ids->codes = NULL;
    ids->integers = NULL;
}

diffmm_status diffmm__arrow_ids_enter(struct diffmm__arrow_ids *ids)
{
    diffmm_status status = diffmm__arrow_column_enter(&ids->column);
    if (status || !ids->column.has_dictionary)
        return status;
    size_t count = (size_t)ids->column.values.length;
    if (count <= ids->code_count)
        return DIFFMM_OK;
    status = diffmm__grow(ids->context, &ids->codes, &ids->code_capacity, ids->code_count, count,
                          sizeof *ids->codes);
    if (!status) {
        memset(ids->codes + ids->code_count, 0, (count - ids->code_count) * sizeof *ids->codes);
        ids->code_count = count;
    }
    return status;
}

static diffmm_status read_text(const struct diffmm__arrow_ids *ids, int64_t row, int64_t at,
                               struct id_text *out)
{
    if (diffmm__arrow_type_is_text(ids->column.values.type))
        return diffmm__arrow_column_text(&ids->column, row, at, &out->text, &out->length);
    out->text = out->digits;
    out->length = diffmm__arrow_column_digits(&ids->column, at, out->digits);
    return DIFFMM_OK;
}

static bool is_id(const struct diffmm__arrow_ids *ids, int32_t number, const struct id_text *id)
{
    return number >= 0 && diffmm__ids_length(ids->ids, (size_t)number) == id->length &&
           memcmp(diffmm__ids_text(ids->ids, number), id->text, id->length) == 0;
}

static diffmm_status add(struct diffmm__arrow_ids *ids, int64_t row, const struct id_text *id,
                         int32_t *number)
{
    if (id->length == 0)
        return diffmm__arrow_column_fail(&ids->column, DIFFMM_ERROR_FORMAT, row, "is empty");
    if (!diffmm__is_utf8(id->text, id->length))
        return diffmm__arrow_column_fail(&ids->column, DIFFMM_ERROR_FORMAT, row,
                                         "is not UTF-8 text");
    diffmm_status status = ids->add(ids->context, ids->target, id->text, id->length, number);
    if (status != DIFFMM_ERROR_INVALID_ARGUMENT)
        return status;
    char why[512];
    snprintf(why, sizeof why, "is refused: %s", diffmm_error_message());
    return diffmm__arrow_column_fail(&ids->column, DIFFMM_ERROR_FORMAT, row, why);
}

/* The number of an id that has probably the number `guess` (-1: no guess). */
static diffmm_status find_text(struct diffmm__arrow_ids *ids, int64_t row, int64_t at,
                               int32_t guess, int32_t *number)
{
    struct id_text id;
    diffmm_status status = read_text(ids, row, at, &id);
    if (status)
        return status;
    *number = is_id(ids, guess, &id) ? guess : diffmm__ids_number(ids->ids, id.text, id.length);
    return *number >= 0 ? DIFFMM_OK : add(ids, row, &id, number);
}

static diffmm_status find_code(struct diffmm__arrow_ids *ids, int64_t row, int64_t at,
                               int32_t *number)
{
    struct diffmm__arrow_code *code = &ids->codes[at];
    uint32_t table = (uint32_t)ids->column.input->position;
    if (code->table != table) {
        diffmm_status status = find_text(ids, row, at, code->table ? code->number : -1, number);
        if (status)
            return status;
        *code = (struct diffmm__arrow_code){table, *number};
    }
    *number = code->number;
    return DIFFMM_OK;
}

/* The codes of a dictionary that are not known in this table yet, but were in an earlier one: their
 * text, and that of the ids which they were. */
static void fetch_codes(const struct diffmm__arrow_ids *ids, size_t count, const int64_t *at)
{
    uint32_t table = (uint32_t)ids->column.input->position;
    struct id_text id;
    for (size_t i = 0; i < count; i++)
        if (at[i] >= 0)
            __builtin_prefetch(&ids->codes[at[i]]);
    for (size_t i = 0; i < count; i++)
        if (at[i] >= 0 && ids->codes[at[i]].table && ids->codes[at[i]].table != table)
            __builtin_prefetch(&ids->ids->offsets[ids->codes[at[i]].number]);
    for (size_t i = 0; i < count; i++)
        if (at[i] >= 0 && ids->codes[at[i]].table && ids->codes[at[i]].table != table &&
            read_text(ids, 0, at[i], &id) == DIFFMM_OK) {
            __builtin_prefetch(id.text);
            __builtin_prefetch(diffmm__ids_text(ids->ids, ids->codes[at[i]].number));
        }
}

static void fetch_texts(const struct diffmm__arrow_ids *ids, size_t count, const int64_t *at)
{
    struct diffmm__id_text texts[DIFFMM__IDS_AT_ONCE];
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        struct id_text id;
        if (at[i] >= 0 && read_text(ids, 0, at[i], &id) == DIFFMM_OK)
            texts[found++] = (struct diffmm__id_text){.text = id.text, .length = id.length};
    }
    diffmm__ids_fetch(ids->ids, found, texts);
}

void diffmm__arrow_ids_fetch(const struct diffmm__arrow_ids *ids, int64_t first, size_t count)
{
    int64_t at[DIFFMM__IDS_AT_ONCE];
    for (size_t i = 0; i < count; i++)
        if (diffmm__arrow_column_locate(&ids->column, first + (int64_t)i, &at[i]))
            at[i] = -1; /* what is wrong with it is said when it is to be found */
    if (ids->column.has_dictionary)
        fetch_codes(ids, count, at);
    else if (diffmm__arrow_type_is_text(ids->column.values.type))
        fetch_texts(ids, count, at);
}

/* Remember up to an integer. */
static diffmm_status cover_integer(struct diffmm__arrow_ids *ids, size_t integer)
{
    size_t count = ids->integer_count;
    if (integer < count)
        return DIFFMM_OK;
    diffmm_status status = diffmm__grow(ids->context, &ids->integers, &ids->integer_capacity, count,
                                        integer + 1, sizeof *ids->integers);
    if (status)
        return status;
    memset(ids->integers + count, 0xff, (integer + 1 - count) * sizeof *ids->integers);
    ids->integer_count = integer + 1;
    return DIFFMM_OK;
}

static diffmm_status find_integer(struct diffmm__arrow_ids *ids, int64_t row, int64_t at,
                                  int32_t *number)
{
    int64_t integer = -1, rows = ids->column.input->first + row;
    if (diffmm__arrow_column_integer(&ids->column, row, at, &integer) || integer < 0 ||
        integer >= (rows < most / times_rows ? few + times_rows * rows : most))
        return find_text(ids, row, at, -1, number);
    diffmm_status status = cover_integer(ids, (size_t)integer);
    if (!status && ids->integers[integer] < 0)
        status = find_text(ids, row, at, -1, &ids->integers[integer]);
    if (!status)
        *number = ids->integers[integer];
    return status;
}

diffmm_status diffmm__arrow_ids_find(struct diffmm__arrow_ids *ids, int64_t row, int32_t *number)
{
    int64_t at;
    diffmm_status status = diffmm__arrow_column_locate(&ids->column, row, &at);
    if (status)
        return status;
    if (at < 0)
        return diffmm__arrow_column_fail(&ids->column, DIFFMM_ERROR_FORMAT, row,
                                         "is null, but must be an id");
    if (ids->column.has_dictionary)
        return find_code(ids, row, at, number);
    if (diffmm__arrow_type_is_integer(ids->column.values.type))
        return find_integer(ids, row, at, number);
    status = find_text(ids, row, at, ids->last, number);
    if (!status)
        ids->last = *number;
    return status;
}

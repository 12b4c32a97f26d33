/* SPDX-License-Identifier: BSD-2-Clause */
/* The file is read in place: it may be many times as large as its numbers. Since it may change
 * meanwhile, each field is copied before it is looked at. */
#include "dataset/readers/features_text.h"

#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/numbers.h"
#include "base/status.h"
#include "base/text.h"
#include "base/utf8.h"
#include "dataset/readers/lines.h"

/* A longer field is no number. */
enum { longest_number = 64, shown = 40 };

struct text {
    const char *path;
    const char *at, *end;
    size_t line; /* of what comes next, from 1 */
};

struct field {
    const char *begin;
    size_t length;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The next field of a line, which ends at `end`; false if there is none. */
static bool next_field(const char **at, const char *end, struct field *field)
{
    while (*at < end && is_blank(**at))
        ++*at;
    field->begin = *at;
    while (*at < end && !is_blank(**at))
        ++*at;
    field->length = (size_t)(*at - field->begin);
    return field->length > 0;
}

/* Where the line ends, and where the next one begins. */
static const char *line_end(const struct text *text, const char **next)
{
    const char *end = memchr(text->at, '\n', (size_t)(text->end - text->at));
    *next = end ? end + 1 : text->end;
    end = end ? end : text->end;
    return end > text->at && end[-1] == '\r' ? end - 1 : end;
}

static size_t count_fields(const struct text *text)
{
    const char *next, *at = text->at, *end = line_end(text, &next);
    struct field field;
    size_t count = 0;
    while (next_field(&at, end, &field))
        count++;
    return count;
}

/* The lines from the present one on, without empty ones at the end. */
static size_t count_lines(const struct text *text)
{
    const char *end = text->end;
    size_t count = 0;
    while (end > text->at && (end[-1] == '\n' || end[-1] == '\r'))
        end--;
    for (const char *at = text->at; at < end; count++) {
        const char *found = memchr(at, '\n', (size_t)(end - at));
        at = found ? found + 1 : end;
    }
    return count;
}

static bool copy_number(const struct field *field, char out[longest_number])
{
    if (field->length >= longest_number)
        return false;
    memcpy(out, field->begin, field->length);
    out[field->length] = 0;
    return strlen(out) == field->length;
}

static bool read_count(const char **at, const char *end, int64_t *out)
{
    struct field field;
    char number[longest_number];
    return next_field(at, end, &field) && copy_number(&field, number) &&
           strspn(number, "0123456789") == field.length && diffmm__read_integer(number, out);
}

/* How many vectors of how many numbers there are. */
struct extent {
    int64_t rows, columns;
};

/* Steps over the first line, if it is a header: two counts, where the next line is not such a pair,
 * too, or where the counts fit what follows. Without a header, the first line tells. */
static diffmm_status read_header(struct text *text, struct extent *extent)
{
    const char *next, *at = text->at, *end = line_end(text, &next);
    struct text rest = {text->path, next, text->end, 2};
    size_t lines = count_lines(text), fields = count_fields(text);
    size_t following = lines > 1 ? count_fields(&rest) : 0;
    bool header = fields == 2 && read_count(&at, end, &extent->rows) &&
                  read_count(&at, end, &extent->columns);
    if (header && following == 2)
        header = extent->columns == 1 && (uint64_t)extent->rows == lines - 1;
    if (!header) {
        *extent = (struct extent){(int64_t)lines, (int64_t)fields - 1};
        if (lines > 0 && fields < 2)
            return diffmm__fail(DIFFMM_ERROR_FORMAT,
                                "%s:1: the line is not an id with numbers after it", text->path);
    } else {
        *text = rest;
        if ((uint64_t)extent->rows != lines - 1)
            return diffmm__fail(DIFFMM_ERROR_FORMAT,
                                "%s:1: the header says that there are %lld vectors, but %zu lines "
                                "follow",
                                text->path, (long long)extent->rows, lines - 1);
    }
    if (extent->rows == 0 || extent->columns == 0)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: it holds no feature", text->path);
    if (extent->rows > INT32_MAX || extent->columns > INT32_MAX)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: %lld x %lld features are too many",
                            text->path, (long long)extent->rows, (long long)extent->columns);
    return DIFFMM_OK;
}

static diffmm_status add_id(const diffmm_context *context, const struct text *text, size_t row,
                            const struct field *field, struct diffmm__ids *ids)
{
    int32_t number;
    diffmm_status status = diffmm__ids_add(context, ids, field->begin, field->length, &number);
    if (status)
        return status;
    const char *id = diffmm__ids_text(ids, number);
    size_t length = diffmm__ids_length(ids, (size_t)number);
    if (memchr(id, 0, length) || !diffmm__is_utf8(id, length))
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:%zu: the id %s", text->path, text->line,
                            memchr(id, 0, length) ? "has a NUL" : "is not UTF-8");
    if ((size_t)number != row)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:%zu: '%.*s' is in line %zu already",
                            text->path, text->line, (int)diffmm__text_cut(id, length, shown), id,
                            text->line - row + (size_t)number);
    return DIFFMM_OK;
}

static diffmm_status read_number(const struct text *text, size_t column, const struct field *field,
                                 float *out)
{
    char copy[longest_number];
    double value = 0;
    if (!copy_number(field, copy) || !diffmm__read_real(copy, &value))
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:%zu: column %zu is '%.*s', not a number",
                            text->path, text->line, column,
                            (int)diffmm__text_cut(field->begin, field->length, shown),
                            field->begin);
    *out = diffmm__narrow(value);
    if (isinf(*out))
        return diffmm__fail(DIFFMM_ERROR_NUMERIC,
                            "%s:%zu: column %zu is '%s', beyond the range of float32", text->path,
                            text->line, column, copy);
    return DIFFMM_OK;
}

static diffmm_status fail_count(const struct text *text, size_t count, size_t columns)
{
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:%zu: the line has %zu numbers, not %zu",
                        text->path, text->line, count, columns);
}

/* Reads a line, and goes on to the next one. */
static diffmm_status read_line(const diffmm_context *context, struct text *text, size_t row,
                               size_t columns, float *values, struct diffmm__ids *ids)
{
    const char *next, *at = text->at, *end = line_end(text, &next);
    struct field field;
    if (!next_field(&at, end, &field))
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:%zu: the line is empty", text->path,
                            text->line);
    diffmm_status status = add_id(context, text, row, &field, ids);
    size_t count = 0;
    for (; !status && next_field(&at, end, &field); count++)
        if (count < columns)
            status = read_number(text, count + 2, &field, &values[count]);
    if (!status && count != columns)
        status = fail_count(text, count, columns);
    text->at = next;
    text->line++;
    return status;
}

static diffmm_status read_lines(const diffmm_context *context, struct text *text,
                                const struct extent *extent, struct diffmm__feature_rows *out)
{
    size_t rows = (size_t)extent->rows, columns = (size_t)extent->columns;
    /* A number takes two bytes at least, so that no more lines than these can be whole. */
    size_t size = (size_t)(text->end - text->at), most = size / (2 * columns + 1) + 1;
    most = rows < most ? rows : most;
    if (size < 2 * columns + 1) {
        size_t fields = count_fields(text);
        return fail_count(text, fields > 0 ? fields - 1 : 0, columns);
    }
    out->rows = rows;
    out->dimensions = columns;
    out->values = diffmm__allocate(context, most, columns * sizeof *out->values);
    if (!out->values)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = DIFFMM_OK;
    size_t done = 0;
    for (; done < most && text->at < text->end && !status; done++)
        status = read_line(context, text, done, columns, out->values + done * columns, &out->ids);
    if (!status && done != rows)
        status = diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:%zu: the line has not %zu numbers",
                              text->path, text->line, columns);
    return status;
}

diffmm_status diffmm__features_text_read(const diffmm_context *context, const char *path,
                                         struct diffmm__feature_rows *out)
{
    struct diffmm__feature_rows features = {0};
    struct diffmm__mapping mapping;
    struct extent extent = {0, 0};
    diffmm_status status = diffmm__file_map(path, &mapping);
    if (status)
        return status;
    struct text text = {path, (const char *)mapping.data, (const char *)mapping.data + mapping.size,
                        1};
    status = diffmm__lines_skip_mark(&text.at, text.end, path);
    if (!status)
        status = read_header(&text, &extent);
    if (!status)
        status = read_lines(context, &text, &extent, &features);
    diffmm__file_unmap(&mapping);
    if (status) {
        diffmm__feature_rows_end(context, &features);
        return status;
    }
    *out = features;
    return DIFFMM_OK;
}

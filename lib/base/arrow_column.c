/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/arrow_column.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/numbers.h"
#include "base/status.h"
#include "base/text.h"

/* A type has a bounded name in messages. */
static int shown(const char *text, size_t most)
{
    return (int)diffmm__text_cut(text, strlen(text), most);
}

static const struct ArrowSchema *schema_of(const struct diffmm__arrow_column *column)
{
    return column->input->schema.children[column->place];
}

diffmm_status diffmm__arrow_column_refuse(const struct diffmm__arrow_column *column,
                                          const char *wanted)
{
    const struct ArrowSchema *schema = schema_of(column);
    const char *format = schema->dictionary && schema->dictionary->format
                             ? schema->dictionary->format
                             : schema->format;
    return diffmm__fail(DIFFMM_ERROR_UNSUPPORTED,
                        "Arrow stream: column '%.*s' has the type '%.*s'%s; it must be %s",
                        shown(column->title, 80), column->title, shown(format, 40), format,
                        strcmp(format, "+r") == 0 ? " (run-end encoded)" : "", wanted);
}

diffmm_status diffmm__arrow_column_fail(const struct diffmm__arrow_column *column,
                                        diffmm_status status, int64_t row, const char *what)
{
    long long place = column->input->first + row;
    return diffmm__fail(status, "Arrow stream: row %lld: column '%.*s' %s", place,
                        shown(column->title, 80), column->title, what);
}

/* The elements of lists; a type that is not read stays DIFFMM__ARROW_OTHER. */
static void read_elements(struct diffmm__arrow_column *column, const struct ArrowSchema *schema)
{
    bool one = schema->n_children == 1 && schema->children && schema->children[0] &&
               schema->children[0]->format && !schema->children[0]->dictionary;
    if (one)
        column->elements.type = diffmm__arrow_type_read(schema->children[0]->format);
}

diffmm_status diffmm__arrow_column_begin(struct diffmm__arrow_column *column,
                                         const struct diffmm__arrow_input *input, size_t place)
{
    const struct ArrowSchema *schema = input->schema.children[place];
    *column = (struct diffmm__arrow_column){
        .input = input, .place = place, .title = diffmm__arrow_input_title(input, place)};
    struct diffmm__arrow_type type = diffmm__arrow_type_read(schema->format);
    column->has_dictionary = schema->dictionary;
    if (!schema->dictionary) {
        column->values.type = type;
        read_elements(column, schema);
        return DIFFMM_OK;
    }
    column->codes.type = type;
    if (!diffmm__arrow_type_is_integer(type) || !schema->dictionary->format)
        return diffmm__fail(
            DIFFMM_ERROR_FORMAT,
            "Arrow stream: column '%.*s' has a dictionary, and codes of type '%.*s'",
            shown(column->title, 80), column->title, shown(schema->format, 40), schema->format);
    if (!schema->dictionary->dictionary)
        column->values.type = diffmm__arrow_type_read(schema->dictionary->format);
    return DIFFMM_OK;
}

/* An array of a column is not laid out as it must be. */
static diffmm_status fail_layout(const struct diffmm__arrow_column *column, const char *what)
{
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "Arrow stream: column '%.*s' of table %zu: %s",
                        shown(column->title, 80), column->title, column->input->position, what);
}

static int64_t load_offset(const struct diffmm__arrow_values *values, int64_t index)
{
    const unsigned char *offsets = values->offsets;
    if (values->type.width == sizeof(int32_t)) {
        int32_t offset;
        memcpy(&offset, offsets + (size_t)index * sizeof offset, sizeof offset);
        return offset;
    }
    int64_t offset;
    memcpy(&offset, offsets + (size_t)index * sizeof offset, sizeof offset);
    return offset;
}

static diffmm_status enter_views(const struct diffmm__arrow_column *column,
                                 struct diffmm__arrow_values *values,
                                 const struct ArrowArray *array)
{
    values->data = array->buffers[1];
    values->more = array->buffers + 2;
    values->more_count = array->n_buffers - 3;
    values->more_sizes = array->buffers[array->n_buffers - 1];
    return values->more_count > 0 && !values->more_sizes
               ? fail_layout(column, "the sizes of its buffers are missing")
               : DIFFMM_OK;
}

/* Take the buffers from an array that has as many as its type needs. */
static diffmm_status enter_buffers(const struct diffmm__arrow_column *column,
                                   struct diffmm__arrow_values *values,
                                   const struct ArrowArray *array)
{
    switch (values->type.kind) {
    case DIFFMM__ARROW_NOTHING:
    case DIFFMM__ARROW_FIXED_LIST: return DIFFMM_OK;
    case DIFFMM__ARROW_TEXT:
        values->offsets = array->buffers[1];
        values->data = array->buffers[2];
        break;
    case DIFFMM__ARROW_LIST: values->offsets = array->buffers[1]; break;
    case DIFFMM__ARROW_TEXT_VIEW: return enter_views(column, values, array);
    default: values->data = array->buffers[1]; break;
    }
    return values->length > 0 && !array->buffers[1] ? fail_layout(column, "a buffer is missing")
                                                    : DIFFMM_OK;
}

static diffmm_status enter(const struct diffmm__arrow_column *column,
                           struct diffmm__arrow_values *values, const struct ArrowArray *array)
{
    struct diffmm__arrow_type type = values->type;
    *values = (struct diffmm__arrow_values){.type = type};
    if (!array)
        return fail_layout(column, "an array is missing");
    const int64_t most = INT64_MAX / 64; /* of values whose bytes can be counted */
    if (array->length < 0 || array->offset < 0 || array->length > most - 1 ||
        array->offset > most - 1 - array->length)
        return fail_layout(column, "its length or offset is negative or too large");
    int64_t buffers = diffmm__arrow_type_buffers(type);
    if ((type.kind == DIFFMM__ARROW_TEXT_VIEW ? array->n_buffers < buffers
                                              : array->n_buffers != buffers) ||
        (buffers > 0 && !array->buffers))
        return fail_layout(column, "it has not the buffers of its type");
    values->length = array->length;
    values->offset = array->offset;
    if (type.kind != DIFFMM__ARROW_NOTHING && array->null_count != 0)
        values->validity = array->buffers[0];
    if (array->null_count < -1 ||
        (array->null_count > 0 && type.kind != DIFFMM__ARROW_NOTHING && !values->validity))
        return fail_layout(column, "it has nulls, and nothing that says where");
    return enter_buffers(column, values, array);
}

/* The values of a list's elements, as far as the lists themselves go. */
static diffmm_status enter_elements(struct diffmm__arrow_column *column,
                                    const struct ArrowArray *array)
{
    struct diffmm__arrow_type type = column->values.type;
    if (array->n_children != 1 || !array->children)
        return fail_layout(column, "its lists have no elements");
    diffmm_status status = enter(column, &column->elements, array->children[0]);
    if (status || type.kind == DIFFMM__ARROW_LIST)
        return status;
    int64_t rows = column->values.offset + column->values.length;
    return type.size > 0 && rows > column->elements.length / type.size
               ? fail_layout(column, "its lists have too few elements")
               : DIFFMM_OK;
}

diffmm_status diffmm__arrow_column_enter(struct diffmm__arrow_column *column)
{
    const struct ArrowArray *array = column->input->table.children[column->place];
    if (!column->has_dictionary) {
        diffmm_status status = enter(column, &column->values, array);
        return !status && diffmm__arrow_type_is_list(column->values.type)
                   ? enter_elements(column, array)
                   : status;
    }
    diffmm_status status = enter(column, &column->codes, array);
    return status ? status : enter(column, &column->values, array->dictionary);
}

static bool bit(const void *bits, int64_t index)
{
    return ((const unsigned char *)bits)[index / 8] >> (index % 8) & 1;
}

static bool is_null(const struct diffmm__arrow_values *values, int64_t at)
{
    return values->type.kind == DIFFMM__ARROW_NOTHING ||
           (values->validity && !bit(values->validity, values->offset + at));
}

static uint64_t load_unsigned(const struct diffmm__arrow_values *values, int64_t at)
{
    const unsigned char *data =
        (const unsigned char *)values->data + (size_t)(values->offset + at) * values->type.width;
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (values->type.width) {
    case 1: return *data;
    case 2: memcpy(&two, data, sizeof two); return two;
    case 4: memcpy(&four, data, sizeof four); return four;
    default: memcpy(&eight, data, sizeof eight); return eight;
    }
}

static int64_t load_signed(const struct diffmm__arrow_values *values, int64_t at)
{
    uint64_t value = load_unsigned(values, at);
    uint64_t sign = UINT64_C(1) << (8 * values->type.width - 1);
    value = (value ^ sign) - sign;
    int64_t result;
    memcpy(&result, &value, sizeof result);
    return result;
}

/* Whether the row itself is missing from the table. */
static bool is_row_null(const struct diffmm__arrow_column *column, int64_t row)
{
    const struct ArrowArray *table = &column->input->table;
    return table->null_count != 0 && table->n_buffers == 1 && table->buffers && table->buffers[0] &&
           !bit(table->buffers[0], table->offset + row);
}

diffmm_status diffmm__arrow_column_locate(const struct diffmm__arrow_column *column, int64_t row,
                                          int64_t *at)
{
    int64_t place = column->input->table.offset + row;
    *at = -1;
    if (is_row_null(column, row))
        return DIFFMM_OK;
    if (!column->has_dictionary) {
        *at = is_null(&column->values, place) ? -1 : place;
        return DIFFMM_OK;
    }
    if (is_null(&column->codes, place))
        return DIFFMM_OK;
    uint64_t code = column->codes.type.kind == DIFFMM__ARROW_SIGNED
                        ? (uint64_t)load_signed(&column->codes, place)
                        : load_unsigned(&column->codes, place);
    if (code >= (uint64_t)column->values.length)
        return diffmm__arrow_column_fail(column, DIFFMM_ERROR_FORMAT, row,
                                         "has a code that is not in its dictionary");
    *at = is_null(&column->values, (int64_t)code) ? -1 : (int64_t)code;
    return DIFFMM_OK;
}

/* The beginning and end of a text or list by the offsets. */
static bool find_range(const struct diffmm__arrow_values *values, int64_t at, int64_t *begin,
                       int64_t *end)
{
    *begin = load_offset(values, values->offset + at);
    *end = load_offset(values, values->offset + at + 1);
    return *begin >= 0 && *begin <= *end;
}

/* Up to 12 characters stand in the view itself; of more, the buffer and the place are there. */
static bool find_view(const struct diffmm__arrow_values *values, int64_t at, const char **text,
                      size_t *length)
{
    enum { within = 12 };
    const char *view =
        (const char *)values->data + (size_t)(values->offset + at) * values->type.width;
    int32_t part[4]; /* length, the first four characters, buffer, place */
    memcpy(part, view, sizeof part);
    if (part[0] < 0)
        return false;
    *length = (size_t)part[0];
    *text = view + sizeof *part;
    if (part[0] <= within)
        return true;
    if (part[2] < 0 || part[2] >= values->more_count || part[3] < 0)
        return false;
    int64_t size;
    memcpy(&size, values->more_sizes + part[2], sizeof size);
    if (!values->more[part[2]] || part[3] > size || part[0] > size - part[3])
        return false;
    *text = (const char *)values->more[part[2]] + part[3];
    return true;
}

static bool find_text(const struct diffmm__arrow_values *values, int64_t at, const char **text,
                      size_t *length)
{
    if (values->type.kind == DIFFMM__ARROW_TEXT_VIEW)
        return find_view(values, at, text, length);
    int64_t begin, end;
    if (!find_range(values, at, &begin, &end) ||
        end > load_offset(values, values->offset + values->length) ||
        (end > begin && !values->data))
        return false;
    *length = (size_t)(end - begin);
    *text = end > begin ? (const char *)values->data + begin : "";
    return true;
}

diffmm_status diffmm__arrow_column_text(const struct diffmm__arrow_column *column, int64_t row,
                                        int64_t at, const char **text, size_t *length)
{
    return find_text(&column->values, at, text, length)
               ? DIFFMM_OK
               : diffmm__arrow_column_fail(column, DIFFMM_ERROR_FORMAT, row,
                                           "lies outside the characters that there are");
}

static bool load_boolean(const struct diffmm__arrow_values *values, int64_t at)
{
    return bit(values->data, values->offset + at);
}

diffmm_status diffmm__arrow_column_integer(const struct diffmm__arrow_column *column, int64_t row,
                                           int64_t at, int64_t *value)
{
    const struct diffmm__arrow_values *values = &column->values;
    if (values->type.kind == DIFFMM__ARROW_BOOLEAN)
        *value = load_boolean(values, at);
    else if (values->type.kind == DIFFMM__ARROW_SIGNED)
        *value = load_signed(values, at);
    else if (load_unsigned(values, at) <= INT64_MAX)
        *value = (int64_t)load_unsigned(values, at);
    else
        return diffmm__arrow_column_fail(column, DIFFMM_ERROR_FORMAT, row,
                                         "is 9223372036854775808 or more");
    return DIFFMM_OK;
}

diffmm_status diffmm__arrow_column_time(const struct diffmm__arrow_column *column, int64_t row,
                                        int64_t at, int64_t *microseconds)
{
    struct diffmm__arrow_type type = column->values.type;
    int64_t value = load_signed(&column->values, at);
    if (value > INT64_MAX / type.times || value < -INT64_MAX / type.times)
        return diffmm__arrow_column_fail(column, DIFFMM_ERROR_FORMAT, row,
                                         "is more than 292,000 years from 1970");
    *microseconds = value * type.times / type.by;
    return DIFFMM_OK;
}

/* Digits of a whole number of up to 256 bits, the lowest 32 bits first, which becomes 0. */
static void write_digits(uint32_t limbs[], size_t count, char *text)
{
    char digits[80];
    size_t used = 0;
    uint32_t left;
    do {
        uint64_t rest = 0;
        left = 0;
        for (size_t l = count; l-- > 0;) {
            rest = rest << 32 | limbs[l];
            limbs[l] = (uint32_t)(rest / 10);
            left |= limbs[l];
            rest %= 10;
        }
        digits[used++] = (char)('0' + rest);
    } while (left);
    while (used > 0)
        *text++ = digits[--used];
    *text = 0;
}

/* Decimals are read as text is, so that 4.1 is the same number from everywhere. */
static double load_decimal(const struct diffmm__arrow_values *values, int64_t at)
{
    uint32_t limbs[8];
    char text[120] = "-";
    size_t width = values->type.width, count = width / sizeof *limbs;
    memcpy(limbs, (const char *)values->data + (size_t)(values->offset + at) * width, width);
    bool negative = limbs[count - 1] >> 31;
    uint64_t carry = 1;
    for (size_t l = 0; l < count && negative; l++) { /* two's complement */
        carry += (uint32_t)~limbs[l];
        limbs[l] = (uint32_t)carry;
        carry >>= 32;
    }
    bool small = true;
    for (size_t l = 1; l < count; l++)
        small &= limbs[l] == 0;
    double powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
    if (small && values->type.scale >= 0 &&
        (size_t)values->type.scale < sizeof powers / sizeof *powers) { /* rounded once */
        double value = (double)limbs[0] / powers[values->type.scale];
        return negative ? -value : value;
    }
    write_digits(limbs, count, text + negative);
    size_t used = strlen(text);
    snprintf(text + used, sizeof text - used, "e%d", -values->type.scale);
    double value;
    return diffmm__read_real(text, &value) ? value : INFINITY;
}

static double load_real(const struct diffmm__arrow_values *values, int64_t at)
{
    const char *data = (const char *)values->data;
    size_t place = (size_t)(values->offset + at);
    float single;
    double real;
    switch (values->type.kind) {
    case DIFFMM__ARROW_BOOLEAN: return load_boolean(values, at) ? 1 : 0;
    case DIFFMM__ARROW_SIGNED: return (double)load_signed(values, at);
    case DIFFMM__ARROW_UNSIGNED: return (double)load_unsigned(values, at);
    case DIFFMM__ARROW_DECIMAL: return load_decimal(values, at);
    default: break;
    }
    switch (values->type.width) {
    case 2: return (double)diffmm__half((uint32_t)load_unsigned(values, at));
    case 4: memcpy(&single, data + place * sizeof single, sizeof single); return (double)single;
    default: memcpy(&real, data + place * sizeof real, sizeof real); return real;
    }
}

double diffmm__arrow_column_real(const struct diffmm__arrow_column *column, int64_t at)
{
    return load_real(&column->values, at);
}

size_t diffmm__arrow_column_digits(const struct diffmm__arrow_column *column, int64_t at,
                                   char text[DIFFMM__ARROW_DIGITS])
{
    uint64_t value = load_unsigned(&column->values, at);
    bool negative = false;
    if (column->values.type.kind == DIFFMM__ARROW_SIGNED) {
        int64_t number = load_signed(&column->values, at);
        negative = number < 0;
        value = negative ? -(uint64_t)number : (uint64_t)number;
    }
    char digits[DIFFMM__ARROW_DIGITS];
    size_t used = 0, length = 0;
    do {
        digits[used++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    if (negative)
        text[length++] = '-';
    while (used > 0)
        text[length++] = digits[--used];
    text[length] = 0;
    return length;
}

diffmm_status diffmm__arrow_column_list(const struct diffmm__arrow_column *column, int64_t row,
                                        int64_t at, int64_t *begin, int64_t *count)
{
    const struct diffmm__arrow_values *values = &column->values;
    int64_t end;
    if (values->type.kind == DIFFMM__ARROW_FIXED_LIST) {
        *begin = (values->offset + at) * values->type.size;
        *count = values->type.size;
        return DIFFMM_OK;
    }
    if (!find_range(values, at, begin, &end) || end > column->elements.length)
        return diffmm__arrow_column_fail(column, DIFFMM_ERROR_FORMAT, row,
                                         "lies outside the elements that there are");
    *count = end - *begin;
    return DIFFMM_OK;
}

bool diffmm__arrow_column_has_element(const struct diffmm__arrow_column *column, int64_t element)
{
    return !is_null(&column->elements, element);
}

double diffmm__arrow_column_element(const struct diffmm__arrow_column *column, int64_t element)
{
    return load_real(&column->elements, element);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/interactions_table.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/status.h"
#include "base/text.h"
#include "base/utf8.h"

enum column { column_user, column_item, column_rating, column_time, column_split, column_count };

/* What messages call a column of a file without a header, and what the log calls each. */
static const char *const column_titles[] = {"user", "item", "rating", "timestamp", "split"};

/* What columns are called in files, in lower case and without '_', '-' and ' '. Where two columns
 * of a file fit, the name that stands first here wins. */
static const struct {
    const char *name;
    enum column column;
} column_names[] = {
    {"user", column_user},           {"userid", column_user},     {"uid", column_user},
    {"reviewerid", column_user},     {"customerid", column_user}, {"visitorid", column_user},
    {"item", column_item},           {"itemid", column_item},     {"iid", column_item},
    {"movieid", column_item},        {"asin", column_item},       {"parentasin", column_item},
    {"productid", column_item},      {"bookid", column_item},     {"isbn", column_item},
    {"songid", column_item},         {"trackid", column_item},    {"artistid", column_item},
    {"rating", column_rating},       {"ratings", column_rating},  {"score", column_rating},
    {"stars", column_rating},        {"overall", column_rating},  {"bookrating", column_rating},
    {"timestamp", column_time},      {"ts", column_time},         {"time", column_time},
    {"unixreviewtime", column_time}, {"datetime", column_time},   {"date", column_time},
    {"split", column_split},         {"xlabel", column_split},
};

enum { name_count = sizeof column_names / sizeof *column_names, longest_name = 48 };

/* A table whose columns are known. */
struct reader {
    struct diffmm__delimited table;
    char titles[column_count][longest_name]; /* what the file calls the columns */
    bool numbered_splits;                    /* x_label: 0, 1, 2 */
    size_t ratings, timestamps;              /* that were given */
};

/* What is looked at in the first line. */
struct first_line {
    struct diffmm__field fields[4];
    bool seen[name_count];
    size_t rank[column_count]; /* the name of each column that was found; name_count: none */
    bool number;               /* a field after the second is a number */
    char list[256];            /* the names, for a message */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t count_digits(const char *text, const char *end)
{
    size_t count = 0;
    while (text + count < end && is_digit(text[count]))
        count++;
    return count;
}

static bool is_integer(struct diffmm__field field)
{
    const char *text = field.text, *end = text + field.length;
    text += text < end && *text == '-';
    return text < end && text + count_digits(text, end) == end;
}

static bool is_number(struct diffmm__field field)
{
    const char *text = field.text, *end = text + field.length;
    text += text < end && (*text == '-' || *text == '+');
    size_t digits = count_digits(text, end);
    text += digits;
    if (text < end && *text == '.') {
        size_t decimals = count_digits(++text, end);
        text += decimals;
        digits += decimals;
    }
    if (digits && text < end && (*text == 'e' || *text == 'E')) {
        text++;
        text += text < end && (*text == '-' || *text == '+');
        digits = count_digits(text, end);
        text += digits;
    }
    return digits && text == end;
}

/* `count` digits, a number of at most `most`, at *text, which goes on behind them. */
static bool accept_digits(const char **text, const char *end, int count, int most)
{
    int value = 0;
    for (int i = 0; i < count; i++, (*text)++) {
        if (*text == end || !is_digit(**text))
            return false;
        value = 10 * value + **text - '0';
    }
    return value <= most;
}

static bool accept_char(const char **text, const char *end, char wanted)
{
    bool here = *text < end && **text == wanted;
    *text += here;
    return here;
}

/* ISO 8601: 2024-05-31, then a time, its seconds, their decimals and the zone as they are given. */
static bool is_date(struct diffmm__field field)
{
    const char *text = field.text, *end = text + field.length;
    if (!accept_digits(&text, end, 4, 9999) || !accept_char(&text, end, '-') ||
        !accept_digits(&text, end, 2, 12) || !accept_char(&text, end, '-') ||
        !accept_digits(&text, end, 2, 31))
        return false;
    if (text == end)
        return true;
    if (!accept_char(&text, end, 'T') && !accept_char(&text, end, ' '))
        return false;
    if (!accept_digits(&text, end, 2, 24) || !accept_char(&text, end, ':') ||
        !accept_digits(&text, end, 2, 59))
        return false;
    if (accept_char(&text, end, ':') && !accept_digits(&text, end, 2, 60))
        return false;
    if (accept_char(&text, end, '.')) {
        size_t decimals = count_digits(text, end);
        text += decimals;
        if (!decimals)
            return false;
    }
    if (accept_char(&text, end, '+') || accept_char(&text, end, '-')) {
        if (!accept_digits(&text, end, 2, 23))
            return false;
        accept_char(&text, end, ':');
        return text == end || (accept_digits(&text, end, 2, 59) && text == end);
    }
    accept_char(&text, end, 'Z');
    return text == end;
}

static diffmm_status fail_column(const struct reader *reader, enum column column, const char *what)
{
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:%zu: column '%s' %s", reader->table.path,
                        reader->table.record_line, reader->titles[column], what);
}

/* The same with the value. */
static diffmm_status fail_value(const struct reader *reader, enum column column, const char *what)
{
    struct diffmm__field field = reader->table.fields[column];
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:%zu: column '%s' %s: '%.*s'", reader->table.path,
                        reader->table.record_line, reader->titles[column], what,
                        (int)diffmm__text_cut(field.text, field.length, 80), field.text);
}

static diffmm_status check_id(const struct reader *reader, enum column column)
{
    struct diffmm__field id = reader->table.fields[column];
    if (id.length == 0)
        return fail_column(reader, column, "is empty");
    if (!diffmm__is_utf8(id.text, id.length))
        return fail_column(reader, column, "is not UTF-8 text");
    return DIFFMM_OK;
}

static bool is_text(struct diffmm__field field, const char *text)
{
    return field.length == strlen(text) && memcmp(field.text, text, field.length) == 0;
}

static diffmm_status read_split(const struct reader *reader, diffmm_split otherwise,
                                diffmm_split *split)
{
    static const char *const names[] = {"train", "valid", "test", "validation"};
    static const diffmm_split meant[] = {DIFFMM_TRAIN, DIFFMM_VALID, DIFFMM_TEST, DIFFMM_VALID};
    struct diffmm__field field = reader->table.fields[column_split];
    *split = otherwise;
    if (field.length == 0)
        return DIFFMM_OK;
    for (size_t n = 0; n < sizeof names / sizeof *names; n++)
        if (is_text(field, names[n])) {
            *split = meant[n];
            return DIFFMM_OK;
        }
    if (!reader->numbered_splits)
        return fail_value(reader, column_split, "is not one of train, valid, test");
    if (field.length != 1 || *field.text < '0' || *field.text > '2')
        return fail_value(reader, column_split, "is not one of 0, 1, 2");
    *split = (diffmm_split)(*field.text - '0');
    return DIFFMM_OK;
}

/* Ratings and timestamps are checked and counted, and not used. */
static diffmm_status check_numbers(struct reader *reader)
{
    struct diffmm__field rating = reader->table.fields[column_rating],
                         time = reader->table.fields[column_time];
    if (rating.length && !is_number(rating))
        return fail_value(reader, column_rating, "is not a number");
    if (time.length && !is_number(time) && !is_date(time))
        return fail_value(reader, column_time, "is not a number and no date of ISO 8601");
    reader->ratings += rating.length > 0;
    reader->timestamps += time.length > 0;
    return DIFFMM_OK;
}

static diffmm_status add_record(struct reader *reader, diffmm_split otherwise,
                                struct diffmm__draft *draft)
{
    const struct diffmm__delimited *table = &reader->table;
    struct diffmm__field user = table->fields[column_user], item = table->fields[column_item];
    diffmm_split split;
    diffmm_status status = check_id(reader, column_user);
    if (!status)
        status = check_id(reader, column_item);
    if (!status)
        status = read_split(reader, otherwise, &split);
    if (!status)
        status = check_numbers(reader);
    if (status)
        return status;
    status = diffmm__draft_add_named(table->context, draft, split, user.text, user.length,
                                     item.text, item.length);
    return status == DIFFMM_ERROR_INVALID_ARGUMENT /* an id that does not belong: say where */
               ? diffmm__delimited_fail(table, diffmm_error_message())
               : status;
}

/* The type that RecBole writes behind a column's name. */
static size_t suffix_length(struct diffmm__field field)
{
    static const char *const suffixes[] = {":token", ":float", ":token_seq", ":float_seq"};
    for (size_t s = 0; s < sizeof suffixes / sizeof *suffixes; s++) {
        size_t length = strlen(suffixes[s]);
        if (field.length > length &&
            memcmp(field.text + field.length - length, suffixes[s], length) == 0)
            return length;
    }
    return 0;
}

/* The place of a column's name in the table above; name_count: it is not known. */
static size_t find_name(struct diffmm__field field)
{
    char name[longest_name];
    size_t length = 0;
    if (field.length >= sizeof name)
        return name_count;
    field.length -= suffix_length(field);
    for (size_t i = 0; i < field.length; i++) {
        char c = field.text[i];
        if (c != '_' && c != '-' && c != ' ')
            name[length++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    for (size_t n = 0; n < name_count; n++)
        if (is_text((struct diffmm__field){name, length}, column_names[n].name))
            return n;
    return name_count;
}

/* Add a field to the list of a message. */
static void list_field(struct first_line *line, struct diffmm__field field)
{
    size_t used = strlen(line->list);
    const char *comma = used ? ", " : "";
    if (field.length + 8 < sizeof line->list - used)
        snprintf(line->list + used, sizeof line->list - used, "%s'%.*s'", comma, (int)field.length,
                 field.text);
    else if (used < 4 || strcmp(line->list + used - 3, "...") != 0)
        snprintf(line->list + used, sizeof line->list - used, "%s...", comma);
}

static diffmm_status look_at_field(struct reader *reader, struct first_line *line, size_t place,
                                   struct diffmm__field field)
{
    if (place < sizeof line->fields / sizeof *line->fields)
        line->fields[place] = field;
    line->number |= place > 1 && is_number(field);
    list_field(line, field);
    size_t name = find_name(field);
    if (name == name_count)
        return DIFFMM_OK;
    enum column column = column_names[name].column;
    if (line->seen[name])
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:1: column '%.*s' occurs twice",
                            reader->table.path, (int)field.length, field.text);
    line->seen[name] = true;
    if (name > line->rank[column])
        return DIFFMM_OK;
    line->rank[column] = name;
    reader->table.place[column] = place;
    memcpy(reader->titles[column], field.text, field.length);
    reader->titles[column][field.length] = 0;
    return DIFFMM_OK;
}

static diffmm_status fail_header(const struct reader *reader, const struct first_line *line,
                                 enum column column)
{
    char known[256] = "";
    for (size_t n = 0; n < name_count; n++)
        if (column_names[n].column == column) {
            size_t used = strlen(known);
            snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "",
                     column_names[n].name);
        }
    return diffmm__fail(DIFFMM_ERROR_FORMAT,
                        "%s:1: the header has no column '%s', but %s; rename one to one of %s",
                        reader->table.path, column_titles[column], line->list, known);
}

static bool is_code(struct diffmm__field field)
{
    for (size_t i = 0; i < field.length; i++)
        if (!is_digit(field.text[i]) && (field.text[i] < 'A' || field.text[i] > 'Z'))
            return false;
    return true;
}

/* Amazon's ratings of 2018 have the item first. */
static bool is_item_first(struct diffmm__field first, struct diffmm__field second)
{
    return first.length == 10 && is_code(first) && second.length >= 12 && second.length <= 21 &&
           *second.text == 'A' && is_code(second);
}

static bool is_headless(const struct reader *reader, const struct first_line *line)
{
    size_t width = reader->table.width;
    if (line->rank[column_user] < name_count || line->rank[column_item] < name_count)
        return false;
    return width == 2 ? is_integer(line->fields[0]) && is_integer(line->fields[1])
                      : (width == 3 || width == 4) && line->number;
}

static bool is_large(struct diffmm__field field)
{
    return is_integer(field) && field.length >= 9 && *field.text >= '1';
}

static void place_by_number(struct reader *reader, const struct first_line *line)
{
    size_t *place = reader->table.place, width = reader->table.width;
    bool swapped = is_item_first(line->fields[0], line->fields[1]);
    for (int c = 0; c < column_count; c++) {
        place[c] = SIZE_MAX;
        snprintf(reader->titles[c], longest_name, "%s", column_titles[c]);
    }
    place[column_user] = swapped;
    place[column_item] = !swapped;
    if (width == 3)
        place[is_large(line->fields[2]) ? column_time : column_rating] = 2;
    if (width == 4) {
        place[column_rating] = 2;
        place[column_time] = 3;
    }
    diffmm__log(reader->table.context, DIFFMM_LOG_INFO, "%s: there is no header%s",
                reader->table.path,
                swapped ? ", and by their form the items come before the users" : "");
}

static void log_columns(const struct reader *reader)
{
    for (int c = 0; c < column_count; c++)
        if (reader->table.place[c] != SIZE_MAX)
            diffmm__log(reader->table.context, DIFFMM_LOG_INFO, "%s: column %zu '%s' is the %s",
                        reader->table.path, reader->table.place[c] + 1, reader->titles[c],
                        column_titles[c]);
}

/* Read the first line, and find out what the columns are. */
static diffmm_status find_columns(struct reader *reader)
{
    struct first_line line = {0};
    for (int c = 0; c < column_count; c++)
        line.rank[c] = name_count;
    bool last = false;
    for (size_t place = 0; !last; place++) {
        struct diffmm__field field;
        diffmm_status status = diffmm__delimited_first(&reader->table, &field, &last);
        if (!status)
            status = look_at_field(reader, &line, place, field);
        if (status)
            return status;
    }
    if (is_headless(reader, &line)) {
        place_by_number(reader, &line);
        diffmm__delimited_rewind(&reader->table);
    }
    for (enum column c = column_user; c <= column_item; c++)
        if (reader->table.place[c] == SIZE_MAX)
            return fail_header(reader, &line, c);
    size_t split = line.rank[column_split];
    reader->numbered_splits = split < name_count && strcmp(column_names[split].name, "xlabel") == 0;
    log_columns(reader);
    return DIFFMM_OK;
}

diffmm_status diffmm__interactions_table_parse(const diffmm_context *context,
                                               struct diffmm__dialect dialect, const char *text,
                                               size_t size, const char *path, diffmm_split split,
                                               struct diffmm__draft *draft)
{
    struct reader reader = {0};
    diffmm_status status =
        diffmm__delimited_begin(context, dialect, text, size, path, &reader.table);
    if (status)
        return status;
    bool found = true;
    status = find_columns(&reader);
    while (!status && found) {
        status = diffmm__delimited_next(&reader.table, &found);
        if (!status && found)
            status = add_record(&reader, split, draft);
    }
    diffmm__delimited_end(&reader.table);
    if (!status && (reader.ratings || reader.timestamps))
        diffmm__log(context, DIFFMM_LOG_INFO,
                    "%s: %zu ratings and %zu timestamps are there and not used: every interaction "
                    "counts alike",
                    path, reader.ratings, reader.timestamps);
    return status;
}

static const struct diffmm__dialect tabs = {.separator = '\t'},
                                    commas = {.separator = ',', .quotes = true},
                                    semicolons = {.separator = ';', .quotes = true},
                                    colons = {.separator = ':', .twice = true},
                                    spaces = {.separator = ' ', .runs = true};

/* How a table is written, from its first line: what stands in quotes does not count. */
static struct diffmm__dialect guess_dialect(const char *text, size_t size,
                                            struct diffmm__dialect otherwise)
{
    size_t count[256] = {0}, pairs = 0;
    bool quoted = false;
    for (size_t i = 0; i < size && text[i] != '\n'; i++) {
        quoted ^= text[i] == '"';
        if (quoted)
            continue;
        count[(unsigned char)text[i]]++;
        pairs += text[i] == ':' && i + 1 < size && text[i + 1] == ':';
    }
    if (otherwise.separator == ',' && count[',']) /* the ending says so */
        return commas;
    if (count['\t'])
        return tabs;
    if (pairs)
        return colons;
    if (count[','] || count[';'])
        return count[';'] > count[','] ? semicolons : commas;
    return count[' '] ? spaces : otherwise;
}

static diffmm_status read_file(const diffmm_context *context, bool guess,
                               struct diffmm__dialect dialect, const char *path, diffmm_split split,
                               struct diffmm__draft *draft)
{
    struct diffmm__mapping mapping;
    diffmm_status status = diffmm__draft_decide(draft, DIFFMM__NAMING_TEXT);
    if (!status)
        status = diffmm__file_map(path, &mapping);
    if (status)
        return status;
    if (guess)
        dialect = guess_dialect((const char *)mapping.data, mapping.size, dialect);
    status = diffmm__interactions_table_parse(context, dialect, (const char *)mapping.data,
                                              mapping.size, path, split, draft);
    diffmm__file_unmap(&mapping);
    return status;
}

diffmm_status diffmm__interactions_table_read_tsv(const diffmm_context *context, const char *path,
                                                  diffmm_split split, struct diffmm__draft *draft)
{
    return read_file(context, false, tabs, path, split, draft);
}

diffmm_status diffmm__interactions_table_read_csv(const diffmm_context *context, const char *path,
                                                  diffmm_split split, struct diffmm__draft *draft)
{
    return read_file(context, true, commas, path, split, draft);
}

diffmm_status diffmm__interactions_table_read_any(const diffmm_context *context, const char *path,
                                                  diffmm_split split, struct diffmm__draft *draft)
{
    return read_file(context, true, tabs, path, split, draft);
}

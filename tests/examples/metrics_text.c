/* SPDX-License-Identifier: BSD-2-Clause */
#include "metrics_text.h"

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service.h"

enum { ROOM = 128 };

static const char name_characters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:";

char *metrics_now(void)
{
    struct response response = http_request(port, "GET", "/metrics", NULL);
    ck_assert_int_eq(response.status, 200);
    ck_assert(response_has(&response, "Content-Type: text/plain; version=0.0.4; charset=utf-8"));
    return response.body;
}

double metric_in(const char *text, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = text; (at = strstr(at, name)); at++)
        if ((at == text || at[-1] == '\n') && at[length] == ' ')
            return strtod(at + length, NULL);
    return -1;
}

double metric(const char *name)
{
    char *text = metrics_now();
    double value = metric_in(text, name);
    free(text);
    return value;
}

/* What has been read so far. */
struct reading {
    char helped[ROOM], typed[ROOM], type[ROOM]; /* the last metric with a HELP, and with a TYPE */
    char seen[64][ROOM];                        /* all with a TYPE */
    size_t seen_count;
    double bucket; /* the last, of the histogram under way; -1: none */
};

static void read_type(struct reading *reading, const char *line)
{
    char name[ROOM];
    ck_assert_msg(sscanf(line, "# TYPE %127s %127s", name, reading->type) == 2, "%s", line);
    ck_assert_msg(strcmp(name, reading->helped) == 0, "no HELP before %s", line);
    ck_assert_msg(strcmp(reading->type, "counter") == 0 || strcmp(reading->type, "gauge") == 0 ||
                      strcmp(reading->type, "histogram") == 0,
                  "%s", line);
    ck_assert_msg((strcmp(reading->type, "counter") == 0) ==
                      (strlen(name) > 6 && strcmp(name + strlen(name) - 6, "_total") == 0),
                  "counters, and only these, end in _total: %s", line);
    for (size_t i = 0; i < reading->seen_count; i++)
        ck_assert_msg(strcmp(reading->seen[i], name) != 0, "twice: %s", line);
    ck_assert_uint_lt(reading->seen_count, 64);
    strcpy(reading->seen[reading->seen_count++], name);
    strcpy(reading->typed, name);
}

/* {name="value",..}; where it ends. */
static const char *read_labels(const char *at, const char *line)
{
    do {
        at++; /* the brace or the comma */
        size_t name = strspn(at, name_characters);
        ck_assert_msg(name > 0 && strncmp(at + name, "=\"", 2) == 0, "%s", line);
        at += name + 2;
        at += strcspn(at, "\"\\\n");
        ck_assert_msg(*at == '"', "%s", line);
        at++;
    } while (*at == ',');
    ck_assert_msg(*at == '}', "%s", line);
    return at + 1;
}

static void read_histogram(struct reading *reading, const char *suffix, const char *line,
                           double value)
{
    if (strncmp(suffix, "_bucket{", 8) == 0) {
        ck_assert_msg(value >= reading->bucket, "%s", line);
        reading->bucket = value;
        ck_assert_ptr_nonnull(strstr(line, "le=\""));
    } else if (strncmp(suffix, "_count{", 7) == 0) {
        ck_assert_msg(value == reading->bucket, "the bucket +Inf is not the count: %s", line);
        reading->bucket = -1;
    } else {
        ck_assert_msg(strncmp(suffix, "_sum{", 5) == 0, "%s", line);
    }
}

static void read_sample(struct reading *reading, const char *line)
{
    size_t name = strspn(line, name_characters), typed = strlen(reading->typed);
    ck_assert_msg(typed > 0 && strncmp(line, reading->typed, typed) == 0, "no TYPE: %s", line);
    const char *at = line + name;
    if (*at == '{')
        at = read_labels(at, line);
    char *end;
    double value = strtod(at, &end);
    ck_assert_msg(*at == ' ' && end > at && *end == '\0' && value >= 0, "%s", line);
    if (strcmp(reading->type, "histogram") == 0)
        read_histogram(reading, line + typed, line, value);
    else
        ck_assert_msg(name == typed, "%s", line);
}

void expect_metrics_format(const char *text)
{
    struct reading reading = {.bucket = -1};
    char *copy = strdup(text), *rest = copy, *line;
    ck_assert_ptr_nonnull(copy);
    ck_assert(*text && text[strlen(text) - 1] == '\n');
    while ((line = strsep(&rest, "\n")) && rest) {
        if (strncmp(line, "# HELP ", 7) == 0)
            ck_assert_int_eq(sscanf(line, "# HELP %127s", reading.helped), 1);
        else if (*line == '#')
            read_type(&reading, line);
        else
            read_sample(&reading, line);
    }
    free(copy);
}

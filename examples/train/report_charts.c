/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report_parts.h"
#include "svg_chart.h"

/* Lines being gathered for one picture; names and values are its own. */
struct lines {
    size_t count, epochs;
    struct series *series;
    bool no_memory;
};

static void lines_end(struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++) {
        free((char *)lines->series[i].name);
        free((double *)lines->series[i].values);
    }
    free(lines->series);
    *lines = (struct lines){.epochs = lines->epochs, .no_memory = lines->no_memory};
}

/* Room for one line more, whose values are set afterwards; NULL without memory. */
static double *add_line(struct lines *lines, const char *name, size_t length, size_t colour,
                        bool dashed)
{
    struct series *more = realloc(lines->series, (lines->count + 1) * sizeof *more);
    if (more)
        lines->series = more;
    char *own = strndup(name, length);
    double *values = calloc(lines->epochs, sizeof *values);
    if (!more || !own || !values) {
        free(own);
        free(values);
        lines->no_memory = true;
        return NULL;
    }
    lines->series[lines->count++] = (struct series){own, values, colour, dashed};
    return values;
}

/* A column as a line; nothing if there is no such column. */
static void add_column(struct lines *lines, const struct epoch_table *table, const char *column,
                       const char *name, size_t length, size_t colour, bool dashed)
{
    if (!json_object_get(table->names, column))
        return;
    double *values = add_line(lines, name, length, colour, dashed);
    for (size_t row = 0; values && row < lines->epochs; row++) {
        const json_t *cell = epoch_table_cell(table, row, column);
        values[row] = cell ? json_number_value(cell) : NAN;
    }
}

static size_t first_epoch(const struct epoch_table *table)
{
    return (size_t)json_integer_value(epoch_table_cell(table, 0, "epoch"));
}

/* Write the picture, if it has lines, and end them. */
static void write_chart(FILE *out, const struct run *run, const struct epoch_table *table,
                        const char *title, bool from_zero, struct lines *lines)
{
    const struct chart chart = {
        .title = title,
        .first_epoch = first_epoch(table),
        .epochs = lines->epochs,
        .marked = (size_t)json_integer_value(json_object_get(run->result, "epoch")),
        .from_zero = from_zero,
        .series_count = lines->count,
        .series = lines->series};
    if (lines->count > 0)
        chart_write(out, &chart);
    lines_end(lines);
}

/* What follows a prefix; NULL if the text has not got it. */
static const char *after(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

static bool is_zero(const struct epoch_table *table, const char *column)
{
    for (size_t row = 0; row < json_array_size(table->rows); row++)
        if (json_number_value(epoch_table_cell(table, row, column)) != 0)
            return false;
    return true;
}

/* A picture of the columns that begin so and end so, by what stands between: phases, or modalities. */
static void write_columns(FILE *out, const struct run *run, const struct epoch_table *table,
                          const char *beginning, const char *end, const char *title, bool from_zero,
                          struct lines *lines)
{
    const char *column;
    json_t *filled;
    size_t colour = 0, length = strlen(end);
    json_object_foreach(table->names, column, filled)
    {
        const char *name = after(column, beginning);
        size_t size = name ? strlen(name) : 0;
        if (size > length && strcmp(name + size - length, end) == 0)
            add_column(lines, table, column, name, size - length, colour++, false);
    }
    write_chart(out, run, table, title, from_zero, lines);
}

/* A picture for each term of the objective, which have scales of their own, unless it is off; then
 * the denoisers' losses together. */
static void write_losses(FILE *out, const struct run *run, const struct epoch_table *table,
                         struct lines *lines)
{
    const char *column;
    json_t *filled;
    json_object_foreach(table->names, column, filled)
    {
        const char *term = after(column, "loss.");
        if (!term || after(term, "denoiser.") || is_zero(table, column))
            continue;
        add_column(lines, table, column, term, strlen(term), 0, false);
        write_chart(out, run, table, term, false, lines);
    }
    write_columns(out, run, table, "loss.denoiser.", "", "denoisers", false, lines);
}

/* A split's metric and, dashed, what popularity has there. */
static void add_split(struct lines *lines, const struct run *run, const struct epoch_table *table,
                      const char *split, const char *metric, size_t colour)
{
    char column[80], name[80];
    snprintf(column, sizeof column, "%s.%s", split, metric);
    add_column(lines, table, column, split, strlen(split), colour, false);
    const json_t *popular =
        json_object_get(json_object_get(json_object_get(run->result, "popularity"), split), metric);
    if (!json_is_number(popular))
        return;
    snprintf(name, sizeof name, "popularity, %s", split);
    double *values = add_line(lines, name, strlen(name), colour, true);
    for (size_t row = 0; values && row < lines->epochs; row++)
        values[row] = json_number_value(popular);
}

static bool is_of_validation(const struct epoch_table *table, const char *metric)
{
    char column[80];
    snprintf(column, sizeof column, "valid.%s", metric);
    return json_object_get(table->names, column) != NULL;
}

/* A picture for each metric at each cutoff, with both splits where both are held out. */
static void write_metrics(FILE *out, const struct run *run, const struct epoch_table *table,
                          struct lines *lines)
{
    const char *column;
    json_t *filled;
    json_object_foreach(table->names, column, filled)
    {
        const char *test = after(column, "test."), *metric = test ? test : after(column, "valid.");
        if (!metric || (test && is_of_validation(table, test)))
            continue;
        add_split(lines, run, table, "valid", metric, 0);
        add_split(lines, run, table, "test", metric, 1);
        write_chart(out, run, table, metric, true, lines);
    }
}

/* Recall of denoisers beside that of popularity, with the cutoff that the columns name. */
static void write_denoiser_recall(FILE *out, const struct run *run, const struct epoch_table *table,
                                  struct lines *lines)
{
    static const char beginning[] = "denoiser.", part[] = ".recall@";
    const char *column;
    json_t *filled;
    char title[80] = "";
    size_t colour = 0;
    json_object_foreach(table->names, column, filled)
    {
        const char *name = after(column, beginning), *end = name ? strrchr(name, '.') : NULL;
        if (!end)
            continue;
        if (after(end, part)) {
            snprintf(title, sizeof title, "%s of denoisers", end + 1);
            add_column(lines, table, column, name, (size_t)(end - name), colour++, false);
        } else if (after(end, ".popular_recall@") && colour == 1) /* the same for all */
            add_column(lines, table, column, "popularity", strlen("popularity"), 7, true);
    }
    write_chart(out, run, table, title, true, lines);
}

static const struct {
    const char *end, *title;
} measures[] = {
    {".distinct_items", "distinct neighbours"},
    {".top_share", "share of hubs: edges of the ten commonest items"},
    {".observed_share", "share of edges that training has"},
    {".popularity_rank", "mean rank of neighbours by popularity"},
    {".agreement", "agreement with the epoch before"},
    {".similarity_gain", "similarity to own items, beyond random ones"},
    {".hit_rate", "hit rate on held-out items"},
};

static bool has_column(const struct epoch_table *table, const char *beginning)
{
    const char *column;
    json_t *filled;
    json_object_foreach(table->names, column, filled)
    {
        if (after(column, beginning))
            return true;
    }
    return false;
}

static void begin_section(FILE *out, const char *title)
{
    fprintf(out, "<section>\n<h2>%s</h2>\n<div class=\"charts\">\n", title);
}

static void end_section(FILE *out)
{
    fputs("</div>\n</section>\n", out);
}

bool report_charts(FILE *out, const struct run *run, const struct epoch_table *table)
{
    struct lines lines = {.epochs = json_array_size(table->rows)};
    if (has_column(table, "valid.") || has_column(table, "test.")) {
        begin_section(out, "Metrics");
        write_metrics(out, run, table, &lines);
        end_section(out);
    }
    begin_section(out, "Losses and seconds");
    write_losses(out, run, table, &lines);
    write_columns(out, run, table, "seconds.", "", "seconds", true, &lines);
    end_section(out);
    if (has_column(table, "graph.")) {
        begin_section(out, "Generated graphs");
        for (size_t i = 0; i < sizeof measures / sizeof *measures; i++)
            write_columns(out, run, table, "graph.", measures[i].end, measures[i].title, true,
                          &lines);
        write_denoiser_recall(out, run, table, &lines);
        write_columns(out, run, table, "denoiser.", ".degree_precision",
                      "training items that denoisers restore", true, &lines);
        end_section(out);
    }
    return !lines.no_memory;
}

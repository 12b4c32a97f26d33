/* SPDX-License-Identifier: BSD-2-Clause */
#include "interactions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/command_line.h"

/* Beyond this, microseconds since 1970 have no room. */
static const double most_seconds = 9e12;

struct reading {
    struct database *database;
    diffmm_dataset *dataset;
    struct id_types *types;
    bool timed;
    size_t row; /* 1 for the first */
};

/* A value that is not as it must be. Always false. */
static bool refuse(const struct reading *reading, size_t column, const char *what)
{
    struct database *database = reading->database;
    return complain("row %zu of the query: %s %s", reading->row,
                    database->kind->column_name(database, column), what);
}

static bool check_id(const struct reading *reading, const struct cell *cell, size_t column,
                     bool *integers)
{
    switch (cell->type) {
    case CELL_NULL: return refuse(reading, column, "is NULL; ids are integers or texts");
    case CELL_REAL: return refuse(reading, column, "is a real number; ids are integers or texts");
    case CELL_OTHER:
        return refuse(reading, column, "is no integer and no text, as ids are; cast it to text");
    case CELL_INTEGER: return true;
    case CELL_TEXT: break;
    }
    *integers = false;
    if (cell->size == 0)
        return refuse(reading, column, "is empty; ids are integers or texts");
    return strlen(cell->text) == cell->size || refuse(reading, column, "has a NUL character");
}

/* Seconds since 1970, as microseconds. */
static bool read_time(const struct reading *reading, const struct cell *cell, size_t column,
                      int64_t *time)
{
    if (cell->type == CELL_NULL)
        return refuse(reading, column, "is NULL; timestamps are numbers of seconds since 1970");
    if (cell->type != CELL_INTEGER && cell->type != CELL_REAL)
        return refuse(reading, column,
                      "is no number; make seconds of a date: unixepoch(..) in SQLite, "
                      "extract(epoch FROM ..) in PostgreSQL");
    double seconds = strtod(cell->text, NULL);
    if (!(fabs(seconds) <= most_seconds))
        return refuse(reading, column,
                      "is out of range; timestamps are numbers of seconds since 1970");
    *time = llround(1e6 * seconds);
    return true;
}

static bool take_row(struct reading *reading, const struct cell *cells)
{
    struct id_types *types = reading->types;
    int64_t time = 0;
    reading->row++;
    if (!check_id(reading, &cells[0], 0, &types->integer_users) ||
        !check_id(reading, &cells[1], 1, &types->integer_items) ||
        (reading->timed && !read_time(reading, &cells[2], 2, &time)))
        return false;
    const diffmm_interactions one = {.struct_size = sizeof one,
                                     .count = 1,
                                     .user_ids = &cells[0].text,
                                     .item_ids = &cells[1].text,
                                     .time = reading->timed ? &time : NULL};
    return diffmm_dataset_add_interactions_with(reading->dataset, DIFFMM_TRAIN, &one) ==
               DIFFMM_OK ||
           complain("row %zu of the query: %s", reading->row, diffmm_error_message());
}

/* What is read is used; what is not used is not read. */
static bool check_columns(const struct database *database, enum time_use use)
{
    if (database->columns == 3 ? use != TIME_UNUSED : database->columns == 2 && use != TIME_NEEDED)
        return true;
    if (database->columns == 0)
        return complain("the query yields no columns; give a SELECT of user and item");
    if (database->columns == 3)
        return complain(
            "the query yields 3 columns; a timestamp, the third, is for --hold-out-last, "
            "--hold-out-from and --deduplicate alone");
    return complain("the query yields %zu column%s; it must yield %s", database->columns,
                    database->columns == 1 ? "" : "s",
                    use == TIME_NEEDED ? "user, item and timestamp" : "user and item");
}

static bool read_rows(struct reading *reading, enum time_use use)
{
    struct database *database = reading->database;
    struct cell cells[MOST_COLUMNS];
    bool more;
    if (!database->kind->query(database))
        return complain("%s", database->why);
    if (!check_columns(database, use))
        return false;
    reading->timed = database->columns == 3;
    while (true) {
        if (!database->kind->next(database, cells, &more))
            return complain("row %zu of the query: %s", reading->row + 1, database->why);
        if (!more)
            return reading->row > 0 || complain("the query yields no rows");
        if (!take_row(reading, cells))
            return false;
    }
}

int read_interactions(struct database *database, enum time_use use, diffmm_dataset *dataset,
                      struct id_types *types)
{
    struct reading reading = {.database = database, .dataset = dataset, .types = types};
    *types = (struct id_types){true, true};
    return read_rows(&reading, use) ? EXIT_DONE : EXIT_FAILED;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "interactions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/command_line.h"
#include "last_out.h"

struct reading {
    struct database *database;
    diffmm_dataset *dataset;
    struct id_types *types;
    struct events *events; /* NULL: rows go to training at once */
    size_t row;            /* 1 for the first */
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

static bool read_time(const struct reading *reading, const struct cell *cell, size_t column,
                      long double *time)
{
    if (cell->type == CELL_NULL)
        return refuse(reading, column, "is NULL; timestamps are numbers");
    if (cell->type != CELL_INTEGER && cell->type != CELL_REAL)
        return refuse(reading, column,
                      "is no number; make seconds of a date: unixepoch(..) in SQLite, "
                      "extract(epoch FROM ..) in PostgreSQL");
    *time = strtold(cell->text, NULL);
    return isfinite(*time) || refuse(reading, column, "is not finite; timestamps are numbers");
}

static bool add_to_dataset(const struct reading *reading, diffmm_split split, const char *user,
                           const char *item)
{
    return diffmm_dataset_add_named_interactions(reading->dataset, split, 1, &user, &item) ==
               DIFFMM_OK ||
           complain("row %zu of the query: %s", reading->row, diffmm_error_message());
}

static bool take_row(struct reading *reading, const struct cell *cells)
{
    struct id_types *types = reading->types;
    reading->row++;
    if (!check_id(reading, &cells[0], 0, &types->integer_users) ||
        !check_id(reading, &cells[1], 1, &types->integer_items))
        return false;
    const char *user = cells[0].text, *item = cells[1].text;
    long double time = 0;
    if (!reading->events)
        return add_to_dataset(reading, DIFFMM_TRAIN, user, item);
    return read_time(reading, &cells[2], 2, &time) &&
           (events_add(reading->events, user, item, time) ||
            complain("row %zu of the query: no memory", reading->row));
}

static bool take_events(struct reading *reading)
{
    struct events *events = reading->events;
    if (!events_leave_last_out(events))
        return complain("no memory");
    for (size_t i = 0; i < events->count; i++) {
        const struct event *event = &events->list[i];
        reading->row = i + 1;
        if (!add_to_dataset(reading, event->split, event->user, event->item))
            return false;
    }
    return true;
}

/* What is read is used; what is not used is not read. */
static bool check_columns(const struct database *database, bool timed)
{
    size_t wanted = timed ? 3 : 2;
    if (database->columns == wanted)
        return true;
    if (database->columns == 0)
        return complain("the query yields no columns; give a SELECT of user and item");
    if (database->columns == 3)
        return complain("the query yields 3 columns; a timestamp, the third, is for "
                        "--leave-last-out alone");
    return complain("the query yields %zu column%s; it must yield %s", database->columns,
                    database->columns == 1 ? "" : "s",
                    timed ? "user, item and timestamp" : "user and item");
}

static bool read_rows(struct reading *reading)
{
    struct database *database = reading->database;
    struct cell cells[MOST_COLUMNS];
    bool more;
    if (!database->kind->query(database))
        return complain("%s", database->why);
    if (!check_columns(database, reading->events != NULL))
        return false;
    while (true) {
        if (!database->kind->next(database, cells, &more))
            return complain("row %zu of the query: %s", reading->row + 1, database->why);
        if (!more)
            return reading->row > 0 || complain("the query yields no rows");
        if (!take_row(reading, cells))
            return false;
    }
}

int read_interactions(struct database *database, bool leave_last_out, diffmm_dataset *dataset,
                      struct id_types *types)
{
    struct events events = {0};
    struct reading reading = {.database = database,
                              .dataset = dataset,
                              .types = types,
                              .events = leave_last_out ? &events : NULL};
    *types = (struct id_types){true, true};
    bool good = read_rows(&reading) && (!leave_last_out || take_events(&reading));
    events_end(&events);
    return good ? EXIT_DONE : EXIT_FAILED;
}

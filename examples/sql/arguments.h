/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of diffmm_sql. */
#ifndef DIFFMM_EXAMPLES_SQL_ARGUMENTS_H
#define DIFFMM_EXAMPLES_SQL_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/training_options.h"
#include "database.h"

struct arguments {
    bool help, version, json, include_seen;
    bool final_fit; /* then train on everything */
    struct preparation preparation;
    const struct database_kind *kind;
    const char *address; /* of the database */
    const char *query;   /* or NULL: the model is read */
    const char *items;   /* item ids in the order of feature rows, or NULL */
    const char *preset;  /* or NULL */
    const char *model;   /* or NULL */
    const char *into;    /* table, or NULL */
    size_t count, threads;
    size_t setting_count, modality_count;
    struct assignment *settings;   /* --set, --epochs, --seed, in their order */
    struct assignment *modalities; /* --modality NAME=FILE.npy */
};

/* Read the command line; says on stderr what is wrong with it and returns false. Texts point into
 * argv, of which NAME=VALUE are cut in two. */
bool arguments_read(int argc, char **argv, struct arguments *out);
void arguments_end(struct arguments *arguments);
/* An exit status. */
int print_help(void);

#endif

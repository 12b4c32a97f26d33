/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of the programs that train. */
#ifndef DIFFMM_EXAMPLES_TRAINING_OPTIONS_H
#define DIFFMM_EXAMPLES_TRAINING_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/diffmm.h>

/* NAME=VALUE. */
struct assignment {
    const char *name, *value;
};

/* Cut NAME=VALUE in two. False after complaining about --option. */
bool read_assignment(char *text, const char *option, struct assignment *out);

/* How a table is written, as far as the command line says so. Texts are its. */
struct table_options {
    bool given; /* anything */
    diffmm_table_format format;
};

/* --separator, where "tab" and "space" are words for these. */
void read_separator(const char *text, struct table_options *out);
/* --header or --quotes. False after complaining. */
bool read_answer(const char *option, const char *text, int32_t *out);
/* --column NAME=COLUMN, of which the text is cut in two. False after complaining. */
bool read_column(char *text, struct table_options *out);

/* What is done with interactions before training. */
struct preparation {
    const char *min_rating;  /* --min-rating, a number, or NULL */
    const char *deduplicate; /* "first", "last", or NULL */
    const char *core;        /* --core K or USERS,ITEMS, or NULL */
    bool with_features;      /* --with-features: leave out items without a row */
    const char *features_of; /* --with-features=NAME,..: in these modalities; NULL: in any */
    const char *hold_out;    /* --hold-out VALID,TEST: shares, or NULL */
    const char *last;        /* --hold-out-last VALID,TEST: how many of each user, or NULL */
    const char *from;        /* --hold-out-from VALID,TEST: dates, or NULL */
};

/* Check what can be checked without data; the library checks the values. False after
 * complaining. */
bool check_preparation(const struct preparation *preparation);

/* Filter interactions, then hold some out. */
diffmm_status prepare(diffmm_dataset *dataset, const struct preparation *preparation,
                      uint64_t seed);

/* Make the settings: the preset first, if any, then each assignment in order. */
diffmm_status make_options(diffmm_context *context, const char *preset, size_t count,
                           const struct assignment *settings, diffmm_options **out);

/* Fix the numbering of items by a file of ids, one per line. An exit status. */
int declare_items(diffmm_dataset *dataset, const char *path);

/* Print the sizes of a data set on stderr. */
void describe_dataset(const diffmm_dataset *dataset);

#endif

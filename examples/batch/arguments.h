/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of diffmm_batch_recommend. */
#ifndef DIFFMM_EXAMPLES_BATCH_ARGUMENTS_H
#define DIFFMM_EXAMPLES_BATCH_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

struct batch_arguments {
    bool help, version, json_lines, include_seen;
    const char *model;
    const char *users;  /* a file of ids, "-" for standard input; NULL: all */
    const char *output; /* NULL: standard output */
    size_t count, threads;
};

/* False after saying on stderr what is wrong. Texts stay where argv has them. */
bool batch_arguments_read(int argc, char **argv, struct batch_arguments *out);
/* Print --help. An exit status. */
int batch_arguments_help(void);

#endif

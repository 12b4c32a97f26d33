/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of diffmm_train. */
#ifndef DIFFMM_EXAMPLES_TRAIN_ARGUMENTS_H
#define DIFFMM_EXAMPLES_TRAIN_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/training_options.h"

#define PEERS_MPI "mpi"
#define PEERS_TCP "tcp://"

struct arguments {
    bool help, version, json;
    bool forecast;  /* only tell what the training would take */
    bool final_fit; /* train anew on everything at the end */
    bool resume;    /* go on from the checkpoint, if there is one */
    bool mapped;    /* features stay in their files */
    bool no_features;
    bool quiet;       /* a peer other than the first: tells of errors only (peers.c) */
    bool verbose;     /* log at level info; lines of epochs wherever stderr goes */
    const char *self; /* how this program was called */
    struct table_options table;
    struct preparation preparation;
    const char *data;        /* folder, file, or "synthetic" */
    const char *items;       /* item ids in the order of feature rows, or NULL */
    const char *preset;      /* or NULL */
    const char *log;         /* or NULL */
    const char *report;      /* or NULL */
    const char *csv;         /* or NULL */
    const char *model;       /* or NULL */
    const char *checkpoint;  /* or NULL */
    size_t checkpoint_every; /* epochs */
    size_t threads;          /* 0: all */
    const char *peers;       /* PEERS_MPI, or PEERS_TCP and a list; or NULL */
    size_t rank;             /* which of the list this process is */
    size_t peer_deadline;    /* seconds */
    bool rank_given;
    size_t setting_count, modality_count;
    struct assignment *settings;   /* --set, --epochs, --seed, in their order */
    struct assignment *modalities; /* --modality NAME=FILE */
};

/* Read the command line; says on stderr what is wrong with it and returns false. Texts point into
 * argv, of which NAME=VALUE are cut in two. */
bool arguments_read(int argc, char **argv, struct arguments *out);
void arguments_end(struct arguments *arguments);

/* Make the settings: the preset first, then each assignment in order. */
diffmm_status arguments_options(diffmm_context *context, const struct arguments *arguments,
                                diffmm_options **out);

/* The help text on stdout, with every setting as the library describes it. An exit status. */
int print_help(void);

#endif

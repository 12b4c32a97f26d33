/* SPDX-License-Identifier: BSD-2-Clause */
/* The model being served, which may be replaced while requests use it. */
#ifndef DIFFMM_EXAMPLES_SERVE_MODEL_H
#define DIFFMM_EXAMPLES_SERVE_MODEL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/stat.h>

#include <diffmm/diffmm.h>

#include "failure.h"
#include "groups.h"

/* One scorer, with the mapping that belongs to it, and a count of references: the store's, and one
 * of each request that uses it. The last release destroys it. */
struct served {
    diffmm_scorer *scorer;
    diffmm_placer *placer; /* NULL without --placer */
    void *file;            /* in memory, which the scorer reads */
    size_t file_size;
    size_t generation; /* 1 for the first, one more with each reload */
    double loaded;     /* seconds since 1970 */
    atomic_size_t references;
};

/* A file that is watched. */
struct watched {
    const char *path;  /* NULL: none */
    struct stat tried; /* as it was when last opened, with or without success */
    struct stat seen;  /* at the last check */
};

struct store {
    diffmm_context *context;
    struct watched model, placer;
    const struct groups *groups;  /* of items, by id; the caller's */
    pthread_mutex_t current_lock; /* held for a moment only */
    struct served *current;
    size_t refused;              /* reloads that left the old model */
    pthread_mutex_t reload_lock; /* one reload at a time */
};

/* Open the model file and, unless NULL, the file of a cold-start mapping. Both paths stay the
 * caller's. */
bool store_begin(struct store *store, const char *model, const char *placer,
                 struct failure *failure);
void store_end(struct store *store);

/* The current model, which the caller must release. */
struct served *store_retain(struct store *store);
void served_release(struct served *served);

/* Open the files again, for requests that begin from now on. If either is refused, what was served
 * stays, both: a mapping belongs to its model. Either outcome is said on stderr. */
bool store_reload(struct store *store, struct failure *failure);

/* Whether a file has been replaced since it was last opened. One that is written in place counts
 * when two checks after another have found it the same. For one thread. */
bool store_outdated(struct store *store);

/* What can be told of it. */
struct store_state {
    size_t generation, bytes, reloads, refused;
    double loaded; /* seconds since 1970 */
};

struct store_state store_look(struct store *store);

#endif

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

/* One scorer with a count of references: the store's, and one of each request that uses it. The
 * last release destroys it. */
struct served {
    diffmm_scorer *scorer;
    void *file; /* in memory, which the scorer reads */
    size_t file_size;
    size_t generation; /* 1 for the first, one more with each reload */
    double loaded;     /* seconds since 1970 */
    atomic_size_t references;
};

struct store {
    diffmm_context *context;
    const char *path;
    const struct groups *groups;  /* of items, by id; the caller's */
    pthread_mutex_t current_lock; /* held for a moment only */
    struct served *current;
    size_t refused;              /* reloads that left the old model */
    pthread_mutex_t reload_lock; /* one reload at a time */
    struct stat tried;           /* the file as it was when last opened, with or without success */
    struct stat seen;            /* the file at the last check */
};

/* Open the model file `path`, which stays the caller's. */
bool store_begin(struct store *store, const char *path, struct failure *failure);
void store_end(struct store *store);

/* The current model, which the caller must release. */
struct served *store_retain(struct store *store);
void served_release(struct served *served);

/* Open the file again, for requests that begin from now on. After a failure the old model stays.
 * Either is said on stderr. */
bool store_reload(struct store *store, struct failure *failure);

/* Whether the file at the path has been replaced since it was last opened. One that is written in
 * place counts when two checks after another have found it the same. For one thread. */
bool store_outdated(struct store *store);

/* What can be told of it. */
struct store_state {
    size_t generation, bytes, reloads, refused;
    double loaded; /* seconds since 1970 */
};

struct store_state store_look(struct store *store);

#endif

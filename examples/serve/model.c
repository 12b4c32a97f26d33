/* SPDX-License-Identifier: BSD-2-Clause */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "common/command_line.h"

/* Notes the file's identity before it opens the file: if the file is replaced in between, it counts
 * as outdated and is opened once more, which does no harm. */
static bool open_served(struct store *store, size_t generation, struct served **out,
                        struct failure *failure)
{
    struct served *served = malloc(sizeof *served);
    if (!served)
        return refuse_memory(failure);
    *served = (struct served){.generation = generation, .references = 1};
    if (stat(store->path, &store->tried) != 0)
        memset(&store->tried, 0, sizeof store->tried);
    diffmm_status status = diffmm_scorer_open(store->context, store->path, &served->scorer);
    if (status != DIFFMM_OK) {
        free(served);
        return refuse(failure, 500, "%s", diffmm_error_message());
    }
    *out = served;
    return true;
}

bool store_begin(struct store *store, const char *path, struct failure *failure)
{
    /* Every request is computed by the thread that answers it. */
    const diffmm_context_settings settings = warning_settings(1);
    *store = (struct store){.path = path};
    if (diffmm_context_create(&settings, &store->context) != DIFFMM_OK)
        return refuse(failure, 500, "%s", diffmm_error_message());
    if (!open_served(store, 1, &store->current, failure)) {
        diffmm_context_destroy(store->context);
        return false;
    }
    pthread_mutex_init(&store->current_lock, NULL);
    pthread_mutex_init(&store->reload_lock, NULL);
    return true;
}

void store_end(struct store *store)
{
    served_release(store->current);
    diffmm_context_destroy(store->context);
    pthread_mutex_destroy(&store->current_lock);
    pthread_mutex_destroy(&store->reload_lock);
}

struct served *store_retain(struct store *store)
{
    pthread_mutex_lock(&store->current_lock);
    struct served *served = store->current;
    atomic_fetch_add(&served->references, 1);
    pthread_mutex_unlock(&store->current_lock);
    return served;
}

void served_release(struct served *served)
{
    if (atomic_fetch_sub(&served->references, 1) > 1)
        return;
    diffmm_scorer_destroy(served->scorer);
    free(served);
}

bool store_reload(struct store *store, struct failure *failure)
{
    struct served *fresh, *old = NULL;
    pthread_mutex_lock(&store->reload_lock);
    /* Only a reload changes `current`, so it may be read here. */
    bool good = open_served(store, store->current->generation + 1, &fresh, failure);
    if (good) {
        pthread_mutex_lock(&store->current_lock);
        old = store->current;
        store->current = fresh;
        pthread_mutex_unlock(&store->current_lock);
    }
    pthread_mutex_unlock(&store->reload_lock);
    if (old)
        served_release(old);
    return good;
}

bool store_outdated(struct store *store)
{
    struct stat now;
    if (stat(store->path, &now) != 0)
        return false; /* the file is gone: the loaded model stays */
    pthread_mutex_lock(&store->reload_lock);
    const struct stat *then = &store->tried;
    bool same = now.st_dev == then->st_dev && now.st_ino == then->st_ino &&
                now.st_size == then->st_size && now.st_mtim.tv_sec == then->st_mtim.tv_sec &&
                now.st_mtim.tv_nsec == then->st_mtim.tv_nsec;
    pthread_mutex_unlock(&store->reload_lock);
    return !same;
}

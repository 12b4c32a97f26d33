/* SPDX-License-Identifier: BSD-2-Clause */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/command_line.h"
#include "file_bytes.h"

static double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* The library's message about a file in memory, which it calls by the name of the argument. */
static const char *message_of_file(void)
{
    static const char argument[] = "data: ";
    const char *message = diffmm_error_message();
    return strncmp(message, argument, strlen(argument)) == 0 ? message + strlen(argument) : message;
}

/* Notes what the file was like when it was opened: if it is replaced meanwhile, it counts as
 * outdated. */
static bool open_scorer(struct store *store, struct served *served, struct failure *failure)
{
    struct file_bytes bytes;
    bool good = file_bytes_read(store->model.path, &bytes, failure);
    store->model.tried = bytes.file;
    served->file = bytes.data;
    served->file_size = bytes.size;
    if (good && diffmm_scorer_open_memory(store->context, bytes.data, bytes.size,
                                          &served->scorer) != DIFFMM_OK)
        good = refuse(failure, 500, "%s: %s", store->model.path, message_of_file());
    return good;
}

/* The library reads all of the file, and keeps none of it. */
static bool open_placer(const struct store *store, struct served *served, struct failure *failure)
{
    const struct watched *file = &store->placer;
    if (!file->path)
        return true;
    if (diffmm_placer_open(store->context, file->path, &served->placer) != DIFFMM_OK)
        return refuse(failure, 500, "%s", diffmm_error_message());
    size_t has = diffmm_placer_dimensions(served->placer),
           needs = diffmm_scorer_dimensions(served->scorer);
    return has == needs || refuse(failure, 500,
                                  "%s places items in %zu dimensions, but %s has %zu: it belongs "
                                  "to another model",
                                  file->path, has, store->model.path, needs);
}

static void served_destroy(struct served *served)
{
    diffmm_placer_destroy(served->placer);
    diffmm_scorer_destroy(served->scorer);
    free(served->file);
    free(served);
}

static bool open_served(struct store *store, size_t generation, struct served **out,
                        struct failure *failure)
{
    struct served *served = calloc(1, sizeof *served);
    if (!served)
        return refuse_memory(failure);
    /* Both files count as tried, even where the first is refused. */
    if (store->placer.path && stat(store->placer.path, &store->placer.tried) != 0)
        store->placer.tried = (struct stat){.st_size = 0};
    served->generation = generation;
    atomic_init(&served->references, 1);
    if (!open_scorer(store, served, failure) || !open_placer(store, served, failure)) {
        served_destroy(served);
        return false;
    }
    served->loaded = now_seconds();
    *out = served;
    return true;
}

bool store_begin(struct store *store, const char *model, const char *placer,
                 struct failure *failure)
{
    /* Every request is computed by the thread that answers it. */
    const diffmm_context_settings settings = warning_settings(1);
    *store = (struct store){.model = {.path = model}, .placer = {.path = placer}};
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
    served_destroy(served);
}

static void put(struct store *store, struct served *fresh)
{
    pthread_mutex_lock(&store->current_lock);
    struct served *old = store->current;
    store->current = fresh;
    pthread_mutex_unlock(&store->current_lock);
    served_release(old);
}

static void count_refused(struct store *store)
{
    pthread_mutex_lock(&store->current_lock);
    store->refused++;
    pthread_mutex_unlock(&store->current_lock);
}

bool store_reload(struct store *store, struct failure *failure)
{
    struct served *fresh;
    pthread_mutex_lock(&store->reload_lock);
    /* Only a reload changes `current`, so it may be read here. */
    bool good = open_served(store, store->current->generation + 1, &fresh, failure);
    if (good) {
        fprintf(stderr, "reloaded %s\n", store->model.path);
        put(store, fresh);
    } else {
        complain("the old model stays: %s", failure->reason);
        count_refused(store);
    }
    pthread_mutex_unlock(&store->reload_lock);
    return good;
}

static bool watched_outdated(struct store *store, struct watched *file)
{
    struct stat now;
    if (!file->path || stat(file->path, &now) != 0)
        return false; /* the file is gone: what was loaded stays */
    pthread_mutex_lock(&store->reload_lock);
    bool changed = !same_file(&now, &file->tried);
    bool another = now.st_dev != file->tried.st_dev || now.st_ino != file->tried.st_ino;
    pthread_mutex_unlock(&store->reload_lock);
    /* A file that takes the place of another is complete; one that is written over may not be. */
    bool still = another || same_file(&now, &file->seen);
    file->seen = now;
    return changed && still;
}

bool store_outdated(struct store *store)
{
    bool model = watched_outdated(store, &store->model);
    bool placer = watched_outdated(store, &store->placer);
    return model || placer;
}

struct store_state store_look(struct store *store)
{
    pthread_mutex_lock(&store->current_lock);
    const struct served *current = store->current;
    const struct store_state state = {.generation = current->generation,
                                      .bytes = current->file_size,
                                      .reloads = current->generation - 1,
                                      .refused = store->refused,
                                      .loaded = current->loaded};
    pthread_mutex_unlock(&store->current_lock);
    return state;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* A life of the library inside a host, through the public headers alone: data from memory and
 * files, training, evaluation, files, serving, and every kind of failing call. */
#ifndef DIFFMM_TESTS_LIFE_H
#define DIFFMM_TESTS_LIFE_H

#include <diffmm/diffmm.h>

/* Told what has just been done; after each call that matters, and from within callbacks. */
typedef void (*life_watch)(const char *what, void *watcher);

enum { LIFE_USERS = 60, LIFE_ITEMS = 50, LIFE_HITS = 5 };

/* What it came to: the same bits wherever it is lived. */
struct life_result {
    double loss, recall, rate; /* of the last epoch; the option `learning_rate` read back */
    char rate_text[32];
    diffmm_hit hits[LIFE_HITS];
};

/* Live it in a folder of the caller's, where files are written: clicks.tsv, cover.npy, model. */
void live(diffmm_context *context, const char *folder, life_watch watch, void *watcher,
          struct life_result *out);

/* Calls that fail, one of each status but DIFFMM_ERROR_NO_MEMORY. */
void live_badly(diffmm_context *context, const char *folder, life_watch watch, void *watcher);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Item features from a callback: the host keeps its vectors in a store of its own, here as signed
 * bytes with one scale per item, sorted by the item's id, and hands them out as floats. The library
 * asks by ids for blocks of items in any order, as often as needed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "check.h"

enum { USERS = 120, ITEMS = 80, GROUPS = 4, PER_USER = 10, DIMENSIONS = 16 };

struct entry {
    char id[16];
    signed char vector[DIMENSIONS];
    float scale;
};

struct store {
    struct entry entries[ITEMS];
    size_t asked; /* blocks given out */
};

/* Items of one group look alike: each lights up its group's dimensions. */
static void fill(struct store *store)
{
    for (size_t item = 0; item < ITEMS; item++) {
        struct entry *entry = &store->entries[item];
        snprintf(entry->id, sizeof entry->id, "cover-%02zu", item);
        entry->scale = 1.0F / 64;
        for (size_t k = 0; k < DIMENSIONS; k++)
            entry->vector[k] = (signed char)((k % GROUPS == item % GROUPS ? 64 : 0) +
                                             (int)((item * 7 + k * 5) % 13));
    }
}

static int compare_ids(const void *id, const void *entry)
{
    return strcmp(id, ((const struct entry *)entry)->id);
}

/* The callback: the rows of `count` ids. A non-zero result stops the caller with
 * DIFFMM_ERROR_CALLBACK, as here where the store does not have an item. */
static int load_features(size_t count, const char *const *ids, float *out, void *user_data)
{
    struct store *store = user_data;
    store->asked++;
    for (size_t i = 0; i < count; i++) {
        const struct entry *entry =
            bsearch(ids[i], store->entries, ITEMS, sizeof *store->entries, compare_ids);
        if (!entry)
            return 1;
        for (size_t k = 0; k < DIMENSIONS; k++)
            out[i * DIMENSIONS + k] = entry->scale * (float)entry->vector[k];
    }
    return 0;
}

/* Users touch items of their own group. Every tenth interaction is held out for the test. */
static void add_interactions(diffmm_dataset *dataset, const struct store *store)
{
    for (int32_t user = 0; user < USERS; user++)
        for (int32_t k = 0; k < PER_USER; k++) {
            int32_t item = user % GROUPS + GROUPS * ((user * 3 + k * 7) % (ITEMS / GROUPS));
            diffmm_split split = k == PER_USER - 1 ? DIFFMM_TEST : DIFFMM_TRAIN;
            char name[16];
            snprintf(name, sizeof name, "user-%d", (int)user);
            const char *user_id = name, *item_id = store->entries[item].id;
            check(diffmm_dataset_add_named_interactions(dataset, split, 1, &user_id, &item_id));
        }
}

static int on_epoch(const diffmm_report *report, void *user_data)
{
    (void)user_data;
    printf("epoch %zu: BPR %.4f, test Recall@%zu %.4f\n", report->epoch, report->loss.bpr,
           report->test[0].cutoff, report->test[0].recall);
    return 0; /* non-zero would stop */
}

int main(void)
{
    struct store *store = take(1, sizeof *store);
    fill(store);

    diffmm_context *context;
    check(diffmm_context_create(NULL, &context));
    diffmm_dataset *dataset;
    check(diffmm_dataset_create(context, &dataset));
    add_interactions(dataset, store);
    check(diffmm_dataset_add_modality_by_id(dataset, "cover", DIMENSIONS, load_features, store));

    diffmm_options *options;
    check(diffmm_options_create(context, &options));
    check(diffmm_options_set(options, "epochs", "2"));
    check(diffmm_options_set(options, "hidden_sizes", "32"));
    check(diffmm_options_set(options, "embedding_size", "16"));
    check(diffmm_options_set(options, "batch", "64"));
    check(diffmm_options_set(options, "cutoffs", "5"));

    diffmm_trainer *trainer;
    check(diffmm_trainer_create(dataset, options, &trainer));
    check(diffmm_trainer_fit(trainer, on_epoch, NULL));
    printf("the store was asked for %zu blocks\n", store->asked);

    size_t asked = store->asked;
    diffmm_trainer_destroy(trainer);
    diffmm_options_destroy(options);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    free(store); /* only now: the data set borrowed it */
    return asked > 0 ? 0 : 1;
}

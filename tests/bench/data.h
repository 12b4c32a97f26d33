/* SPDX-License-Identifier: BSD-2-Clause */
/* The data that is measured on: real data sets where they are, synthetic ones of the same shape
 * elsewhere. */
#ifndef DIFFMM_BENCH_DATA_H
#define DIFFMM_BENCH_DATA_H

#include <stdbool.h>

#include <diffmm/diffmm.h>

struct bench_modality {
    const char *name;
    size_t dimensions;
};

/* A data set's measures. */
struct bench_shape {
    const char *title, *preset;
    const char *folder;   /* where the data set may lie; NULL: always synthetic */
    const char *variable; /* environment variable that names another folder, or NULL */
    size_t users, items, interactions;
    size_t modality_count;
    struct bench_modality modalities[3];
};

extern const struct bench_shape bench_tiktok; /* image, audio, text */
extern const struct bench_shape bench_sports; /* image, text */
extern const struct bench_shape bench_users;  /* synthetic: forty users for each item */
extern const struct bench_shape bench_quick;  /* of three modalities, for a look at the programs */

/* The folder with a data set of that shape, or NULL. A folder that the environment names is taken
 * without looking, so that a wrong name is an error. */
const char *bench_folder(const struct bench_shape *shape);

/* A data set with the first `modalities` modalities of the shape, not yet sealed. Those that a
 * folder lacks are stood in for by random features. */
diffmm_dataset *bench_data(diffmm_context *context, const struct bench_shape *shape,
                           size_t modalities);

/* The same data set, of which `dataset` is sealed and made by bench_data(), without the
 * interactions of some users (NULL: of none). Random features stand in for those of a synthetic
 * one. Not yet sealed. */
diffmm_dataset *bench_without_users(const diffmm_dataset *dataset, diffmm_context *context,
                                    const struct bench_shape *shape, size_t modalities,
                                    const bool *without);

/* `per_user` random items for each user, and one modality of a few random features: for models
 * whose size alone matters. Not yet sealed. */
diffmm_dataset *bench_sparse_data(diffmm_context *context, size_t users, size_t items,
                                  size_t per_user);

/* A model of such data, with final embeddings. */
diffmm_model *bench_sparse_model(diffmm_context *context, size_t users, size_t items,
                                 size_t per_user);

/* One line about a sealed data set. */
void bench_describe(const diffmm_dataset *dataset, const char *title, const char *folder);

/* The training pairs, in two arrays to be freed; returns how many. */
size_t bench_pairs(const diffmm_dataset *dataset, int32_t **user, int32_t **item);

#endif

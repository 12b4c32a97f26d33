/* SPDX-License-Identifier: BSD-2-Clause */
/* A small model file with ids of all sorts, made without training. */
#ifndef DIFFMM_TESTS_MADE_MODEL_H
#define DIFFMM_TESTS_MADE_MODEL_H

#include <stdint.h>

#include <diffmm/diffmm.h>

enum {
    MADE_USERS = 40,
    MADE_ITEMS = 30,
    MADE_TOUCHED = 3, /* items of each user */
    MADE_FEATURES = 4 /* of the modality "image" */
};

/* Ids that JSON, query strings and a reader of tables must take care of are among them. */
const char *made_user(int32_t user);
const char *made_item(int32_t item);

/* Write one, with parameters drawn from the seed. */
void make_model(const char *path, uint64_t seed);

/* The same, and a cold-start mapping of it. */
void make_model_and_placer(const char *path, const char *placer_path, uint64_t seed);

/* A scorer of the file, to compare with. The caller destroys it. */
diffmm_scorer *open_made_model(const char *path);

#endif

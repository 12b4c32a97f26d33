/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two kinds of synthetic data share (synthetic_near.h, synthetic_groups.h). Everything is
 * decided with + - * / and square roots only, which round the same way everywhere. */
#ifndef DIFFMM_DATASET_SYNTHETIC_DRAWS_H
#define DIFFMM_DATASET_SYNTHETIC_DRAWS_H

#include <stddef.h>
#include <stdint.h>

#include <diffmm/dataset.h>

/* What a random stream is for; modality m has two from _MODALITY + 2 m on. Positions: the item or
 * the user, its factors, or the interaction, in the order of users. */
enum diffmm__synthetic_draw {
    DIFFMM__SYNTHETIC_POPULARITY = 0,
    DIFFMM__SYNTHETIC_ITEMS = 1,
    DIFFMM__SYNTHETIC_USERS = 2,
    DIFFMM__SYNTHETIC_COUNTS = 3,
    DIFFMM__SYNTHETIC_KEYS = 4,
    DIFFMM__SYNTHETIC_ORDER = 5,
    DIFFMM__SYNTHETIC_THEMES = 6,
    DIFFMM__SYNTHETIC_GROUPS = 7,
    DIFFMM__SYNTHETIC_INTERESTS = 8,
    DIFFMM__SYNTHETIC_CHOICES = 9,
    DIFFMM__SYNTHETIC_MODALITY = 16
};

/* Roughly normal, of mean 0 and deviation 1: the sum of four uniform draws. */
double diffmm__synthetic_bell(uint64_t seed, size_t which, uint64_t position);

/* The direction of item, user, .. `index`: of length 1, or 0. */
void diffmm__synthetic_direction(uint64_t seed, size_t which, size_t index, size_t factors,
                                 double *out);

/* How popular an item is: 1 / (0.15 + x), x uniform in [0, 1). */
double diffmm__synthetic_popularity(uint64_t seed, size_t item);
#define DIFFMM__SYNTHETIC_MOST_POPULAR (1 / 0.15)

/* Where each user's interactions begin among all, users + 1 numbers. At least three of each user if
 * there are so many, the rest in uneven shares, none more than half of the items; exactly
 * spec->interactions in all. `share` is scratch, one for each user. */
void diffmm__synthetic_count(const diffmm_synthetic *spec, double *share, size_t *start);

/* The first of a user's interactions are held out: a fifth of n, rounded, one half for validation
 * and one for test; an odd one goes to either, by the user's number. So many of each split. */
void diffmm__synthetic_split(size_t user, size_t n, size_t out[3]);

#endif

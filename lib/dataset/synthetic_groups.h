/* SPDX-License-Identifier: BSD-2-Clause */
/* Users like groups of items, at a cost that follows the interactions. Item i is in group i mod G,
 * G = ceil(items / group_items), and group g has the theme g mod ceil(sqrt(G)). A direction in the
 * space of hidden factors is
 *
 *     q_i = theme + 0.7 group + 0.4 own,   scaled to length 1,
 *
 * each of the three a random direction. A user has three groups of interest; the second and the
 * third have the theme of the first with probability 1/2. An interaction is with an item of the
 * first with probability 1/2, the second 1/4, the third 1/8, or with any item; there in proportion
 * to its popularity, by rejection; no item twice. Nothing is kept for users or items. */
#ifndef DIFFMM_DATASET_SYNTHETIC_GROUPS_H
#define DIFFMM_DATASET_SYNTHETIC_GROUPS_H

#include <stddef.h>
#include <stdint.h>

#include <diffmm/dataset.h>

/* A user's `count` interactions, of which the first is number `first` of all, in random order. `room`
 * has room for 4 count numbers. */
void diffmm__synthetic_groups_choose(const diffmm_synthetic *spec, size_t user, size_t first,
                                     size_t count, int32_t *room, int32_t *out);

/* The direction of an item; with room for as many numbers. */
void diffmm__synthetic_groups_direction(const diffmm_synthetic *spec, size_t item, double *room,
                                        double *out);

#endif

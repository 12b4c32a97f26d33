/* SPDX-License-Identifier: BSD-2-Clause */
/* New items, which the model does not know, by their features (diffmm/new_items.h). */
#ifndef DIFFMM_EXAMPLES_SERVE_PLACE_H
#define DIFFMM_EXAMPLES_SERVE_PLACE_H

#include "ranking.h"

/* Place `new_items`, [{"features": {MODALITY: [numbers]}}, ..], and answer for each which known
 * items are most similar to it, and what score `user` would give it:
 *
 *     {"user": "7", "new_items": [{"score": 1.25, "items": [{"item": "12", "score": 0.97}, ..]}, ..]}
 *
 * Scores of items are similarities. Without `user`, neither it nor its scores are there. */
bool place(const struct answering *answering, const struct served *model, const json_t *parameters,
           struct answer *answer, struct failure *failure);

#endif

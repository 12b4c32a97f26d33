/* SPDX-License-Identifier: BSD-2-Clause */
/* Hits as JSON, as every program writes them. */
#ifndef DIFFMM_EXAMPLES_HITS_JSON_H
#define DIFFMM_EXAMPLES_HITS_JSON_H

#include <diffmm/diffmm.h>
#include <jansson.h>

/* Digits that a float needs to be read back exactly. */
enum { HITS_DIGITS = 9 };

/* [{"item": "12", "score": 3.25}, ..], or with "user" where the hits are users. NULL: no memory, or
 * an id that is not UTF-8. */
json_t *hits_json(const diffmm_scorer *scorer, diffmm_side side, const diffmm_hit *hits,
                  size_t found);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Hits as JSON, as every program writes them. */
#ifndef DIFFMM_EXAMPLES_HITS_JSON_H
#define DIFFMM_EXAMPLES_HITS_JSON_H

#include <diffmm/diffmm.h>

#include "json_text.h"

/* Add [{"item":"12","score":3.25}, ..], or with "user" where the hits are users. */
void hits_json_add(struct json_text *text, const diffmm_scorer *scorer, diffmm_side side,
                   const diffmm_hit *hits, size_t found);

/* Add "user":"7","items":[..], what stands between the braces of one user's answer. */
void hits_json_add_of_user(struct json_text *text, const diffmm_scorer *scorer, const char *user,
                           const diffmm_hit *hits, size_t found);

#endif

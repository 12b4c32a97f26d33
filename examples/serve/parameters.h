/* SPDX-License-Identifier: BSD-2-Clause */
/* What a request asks for: parameters of the query string and members of a JSON body, which mean
 * the same.
 *
 *     user, item                   an id
 *     items, exclude, candidates   ids: an array, or repeated in a query string
 *                                  (exclude=a&exclude=b)
 *     users                        the same
 *     count, seed, per_group       a whole number
 *     include_seen                 true or false
 *     min_score, diversity,        a number
 *     temperature, boost
 *     modality                     a name
 *     fallback                     "popular"
 *     similarity                   "cosine" or "dot"
 *     new_items                    objects, in JSON also in a query string
 *
 * In JSON, ids may be whole numbers too. */
#ifndef DIFFMM_EXAMPLES_SERVE_PARAMETERS_H
#define DIFFMM_EXAMPLES_SERVE_PARAMETERS_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "failure.h"

/* Add one of a query string to the object of parameters. `accepted` lists the names that this kind
 * of request has, separated by spaces. */
bool parameters_add_text(json_t *parameters, const char *accepted, const char *name,
                         const char *value, struct failure *failure);

/* Add the members of a JSON object. */
bool parameters_add_body(json_t *parameters, const char *accepted, const char *body, size_t size,
                         struct failure *failure);

#endif

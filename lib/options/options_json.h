/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings as a JSON object of name: text. */
#ifndef DIFFMM_OPTIONS_OPTIONS_JSON_H
#define DIFFMM_OPTIONS_OPTIONS_JSON_H

#include <stddef.h>

#include <diffmm/options.h>

/* Write all settings, also those that have their defaults; from the context's allocator. NULL
 * without memory. */
char *diffmm__options_to_json(const diffmm_options *options);

/* Read all settings. A name that this library does not know, or a value that a setting does not
 * take, is an error. */
diffmm_status diffmm__options_from_json(diffmm_context *context, const char *json,
                                        diffmm_options **out);

/* Read the `count` named settings only; each must be there. All others are ignored, since they may
 * be those of a later version, and *out has their defaults. */
diffmm_status diffmm__options_from_json_some(diffmm_context *context, const char *json,
                                             size_t count, const char *const *names,
                                             diffmm_options **out);

#endif

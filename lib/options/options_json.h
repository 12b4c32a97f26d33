/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings as a JSON object of name: text. */
#ifndef DIFFMM_OPTIONS_OPTIONS_JSON_H
#define DIFFMM_OPTIONS_OPTIONS_JSON_H

#include <stddef.h>

#include <diffmm/options.h>

/* All settings, those that differ from the defaults and those that do not alike; from the context's
 * allocator. NULL without memory. */
char *diffmm__options_to_json(const diffmm_options *options);

/* Read all settings back. Any that this library does not know, or that has no value it takes, is an
 * error. */
diffmm_status diffmm__options_from_json(diffmm_context *context, const char *json,
                                        diffmm_options **out);

/* Read `count` settings by name, each of which must be there, and leave all others alone: they may be
 * those of a later version. What is not read has its default. */
diffmm_status diffmm__options_from_json_some(diffmm_context *context, const char *json,
                                             size_t count, const char *const *names,
                                             diffmm_options **out);

#endif

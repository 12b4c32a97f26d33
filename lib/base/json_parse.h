/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_BASE_JSON_PARSE_H
#define DIFFMM_BASE_JSON_PARSE_H

#include "base/json.h"

/* Parse `size` bytes, an array or an object; a key that stands twice in one object is an error.
 * The bytes are copied first, so that they may change meanwhile. `name` opens each message, and bytes
 * are counted from 1. *out is ended by diffmm__json_end(). */
diffmm_status diffmm__json_parse(const diffmm_context *context, const char *text, size_t size,
                                 const char *name, struct diffmm__json *out);

#endif

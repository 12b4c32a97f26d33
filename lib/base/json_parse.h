/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_BASE_JSON_PARSE_H
#define DIFFMM_BASE_JSON_PARSE_H

#include "base/json.h"

/* Parse `size` bytes of text: an array or an object. A key that occurs twice in one object is an
 * error. The bytes are copied first, so that they may change meanwhile. `name` opens each message;
 * messages count bytes from 1. diffmm__json_end() ends *out. */
diffmm_status diffmm__json_parse(const diffmm_context *context, const char *text, size_t size,
                                 const char *name, struct diffmm__json *out);

#endif

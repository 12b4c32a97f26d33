/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON through jansson, which keeps its own allocator, whichever the host chose for it; texts that
 * leave here are from the context's. */
#ifndef DIFFMM_BASE_JSON_H
#define DIFFMM_BASE_JSON_H

#include <jansson.h>
#include <stddef.h>

#include <diffmm/context.h>

/* Compact text, or NULL with the error text set; the caller then returns DIFFMM_ERROR_NO_MEMORY. */
char *diffmm__json_text(const diffmm_context *context, const json_t *json);

/* Parse `size` bytes, a list or an object; repeated keys are an error. `name` opens each message,
 * bytes are counted from 1. The result is released with json_decref. */
diffmm_status diffmm__json_parse(const char *text, size_t size, const char *name, json_t **out);

#endif

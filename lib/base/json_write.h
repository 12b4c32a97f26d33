/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON is written by jansson, which keeps its own allocator, whichever the host chose for it; texts
 * that leave here are from the context's. It is read by base/json_parse.h. */
#ifndef DIFFMM_BASE_JSON_WRITE_H
#define DIFFMM_BASE_JSON_WRITE_H

#include <jansson.h>

#include <diffmm/context.h>

/* Compact text, or NULL with the error text set; the caller then returns DIFFMM_ERROR_NO_MEMORY. */
char *diffmm__json_write(const diffmm_context *context, const json_t *json);

#endif

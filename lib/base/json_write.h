/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON is built and written by jansson, which uses the allocator that the host chose for it; the
 * texts returned here are from the context's allocator. base/json_parse.h reads JSON. */
#ifndef DIFFMM_BASE_JSON_WRITE_H
#define DIFFMM_BASE_JSON_WRITE_H

#include <jansson.h>

#include <diffmm/context.h>

/* Compact text, or NULL with the error text set; the caller then returns DIFFMM_ERROR_NO_MEMORY. */
char *diffmm__json_write(const diffmm_context *context, const json_t *json);

#endif

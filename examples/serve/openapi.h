/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_EXAMPLES_SERVE_OPENAPI_H
#define DIFFMM_EXAMPLES_SERVE_OPENAPI_H

/* What the service answers, as an OpenAPI description: openapi.json, which the build makes a text
 * of. */
extern const char openapi_text[];

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Making a first pass, and what it takes. */
#ifndef DIFFMM_SERVE_FIRST_PASS_CREATE_H
#define DIFFMM_SERVE_FIRST_PASS_CREATE_H

#include "serve/first_pass.h"

/* NULL without an error where the rows are not fit for it: too wide, or of norms so large or small
 * that bounds would leave the range of floats. */
diffmm_status diffmm__first_pass_create(const diffmm_context *context,
                                        const struct diffmm__first_pass_input *input,
                                        struct diffmm__first_pass **out);
void diffmm__first_pass_destroy(struct diffmm__first_pass *pass);

/* The bytes that it holds at most, for so many rows of d floats, by what it asks the host's
 * allocator for. */
size_t diffmm__first_pass_bytes(size_t rows, size_t d);

/* The bytes that one holds; 0 for NULL. */
size_t diffmm__first_pass_held(const struct diffmm__first_pass *pass);

#endif

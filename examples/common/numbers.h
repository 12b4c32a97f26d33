/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers on command lines and in query strings. */
#ifndef DIFFMM_EXAMPLES_NUMBERS_H
#define DIFFMM_EXAMPLES_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>

/* A whole number from `least` to `most`; false for anything else. */
bool read_number(const char *text, size_t least, size_t most, size_t *out);

/* Read the number at the beginning of a text: what follows it, or NULL if there is none. */
const char *read_real(const char *text, double *out);

#endif

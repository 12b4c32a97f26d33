/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers as text, the same in every locale, and whether numbers are finite. */
#ifndef DIFFMM_BASE_NUMBERS_H
#define DIFFMM_BASE_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for any double as text. */
enum { DIFFMM__REAL_TEXT = 40 };

/* The shortest text that reads back as the same double: 0.001, 1e-5, inf, nan. Returns `text`. */
const char *diffmm__real_text(double value, char text[DIFFMM__REAL_TEXT]);

/* A decimal number that takes up the whole text; false for anything else, NaN and infinity
 * included, and for what does not fit. */
bool diffmm__read_real(const char *text, double *out);
bool diffmm__read_integer(const char *text, int64_t *out);

/* Whether none is NaN or infinite. */
bool diffmm__all_finite(size_t count, const float *values);

#endif

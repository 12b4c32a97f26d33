/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers as text, the same in every locale; and whether numbers are finite. Nothing here raises a
 * floating-point exception that a host could trap, not even for NaN or for numbers out of range. */
#ifndef DIFFMM_BASE_NUMBERS_H
#define DIFFMM_BASE_NUMBERS_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Room for any double as text. */
enum { DIFFMM__REAL_TEXT = 40 };

/* The shortest text that reads back as the same double: 0.001, 1e-5, inf, nan. Returns `text`. */
const char *diffmm__real_text(double value, char text[DIFFMM__REAL_TEXT]);

/* Read a decimal number that takes up the whole text. False for anything else, NaN and infinity
 * included, and for a number that does not fit. */
bool diffmm__read_real(const char *text, double *out);
bool diffmm__read_integer(const char *text, int64_t *out);

/* The index of the first value that is NaN or infinite, or `count`; and whether all values are
 * finite. */
size_t diffmm__first_not_finite(size_t count, const float *values);
bool diffmm__all_finite(size_t count, const float *values);

/* Whether least <= x < limit; false for NaN. */
static inline bool diffmm__within(double x, double least, double limit)
{
    return isgreaterequal(x, least) && isless(x, limit);
}

/* x rounded to a float. From half a unit beyond the largest float on, that is infinity. */
static inline float diffmm__narrow(double x)
{
    const double outside = 0x1.ffffffp127;
    if (isgreaterequal(x, outside))
        return INFINITY;
    return islessequal(x, -outside) ? -INFINITY : (float)x;
}

/* The number that the bits of a float are; of a float16; of a bfloat16, the upper half of a float. */
static inline float diffmm__float_of_bits(uint32_t pattern)
{
    float value;
    memcpy(&value, &pattern, sizeof value);
    return value;
}

float diffmm__half(uint32_t pattern);

static inline float diffmm__bfloat16(uint32_t pattern)
{
    return diffmm__float_of_bits(pattern << 16);
}

#endif

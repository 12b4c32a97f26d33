/* SPDX-License-Identifier: BSD-2-Clause */
/* A first pass over items in small integers, which finds those whose product with a vector may reach
 * a bound; only these are scored in floats. An item is left out where a proven bound of its score is
 * too low, so that rankings are the same to the bit as without a first pass.
 *
 * Rows and vector are turned (first_pass_turn.h), so that most of a product lies in the first h of d
 * coordinates, the head; for the others, the tail (t), Cauchy and Schwarz bound it:
 *     q . x = q' . x' <= q'_h . x'_h + |q'_t| |x'_t|.
 * The head is scanned, for all items; the tail is looked at only where this bound allows. Both are
 * kept as integers c of 8 bits, x' = s c + r, with a scale s for each row. With q' = t e + p,
 *     |q' . x' - t s (e . c)| <= |p| s |c| + |q'| |r|  <=  s (|p| max |c| + |q'| max (|r| / s)).
 * What rounding adds is bounded too (struct diffmm__first_pass_turn). */
#ifndef DIFFMM_SERVE_FIRST_PASS_H
#define DIFFMM_SERVE_FIRST_PASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diffmm/context.h>

#include "linalg/byte_kernels.h"
#include "serve/first_pass_turn.h"

enum {
    DIFFMM__FIRST_PASS_WIDTH = 1024,  /* wider rows have no first pass */
    DIFFMM__FIRST_PASS_TILE = 18 * 16 /* items that are looked at together: whole panels */
};

/* Coordinates that are kept together: the head or the tail. */
struct diffmm__first_pass_part {
    size_t first, count; /* coordinates */
    size_t bytes;        /* of codes of a row, with zeros at the end */
    double code_norm;    /* max |c| */
    double rest;         /* max |r| / s */
};

struct diffmm__first_pass {
    const diffmm_context *context;
    /* Chosen once: to ask a virtual processor what it has may take longer than a row. */
    const struct diffmm__byte_kernels *kernels;
    size_t rows, d;
    struct diffmm__first_pass_part head, tail;
    struct diffmm__first_pass_turn turn;
    double cost;     /* bytes that a search reads for each row, by the sample that cut the head */
    double largest;  /* max |D x|, and then some for rounding */
    double longest;  /* max |x| */
    uint8_t *panels; /* heads, scales and |x_t|, for diffmm__byte_kernels.bounds */
    uint8_t *tails;  /* rows of tail.bytes: codes, and at the end their scale, a float */
    float *lengths;  /* |x|, for cosines */
};

/* A vector that is searched for. */
struct diffmm__first_pass_aim {
    const struct diffmm__first_pass *pass;
    struct diffmm__byte_vector head, tail;
    double norm, margin;
    bool cosine;
    /* The tail's are behind the head's. */
    int8_t codes[DIFFMM__FIRST_PASS_WIDTH + 64];
};

/* Aim at the rows that are largest by q . x, or by cosine. False where the vector is not fit for it:
 * it is zero, or its norm is so large or small that bounds would leave the range of floats. */
bool diffmm__first_pass_begin(const struct diffmm__first_pass *pass, const float *vector,
                              bool cosine, struct diffmm__first_pass_aim *aim);

/* Of `count` rows from `first` on, a multiple of 16, up to DIFFMM__FIRST_PASS_TILE, those that may
 * reach `bound`, which is finite: as many numbers as are returned, ascending. */
size_t diffmm__first_pass_run(const struct diffmm__first_pass_aim *aim, size_t first, size_t count,
                              float bound, int32_t *numbers);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#include "serve/first_pass.h"

#include <math.h>
#include <string.h>

#include "linalg/kernels.h"
#include "serve/first_pass_code.h"

/* What rounding a sum of squares, its root and a conversion to a float may have taken away. */
static const double up = 1.0 + 0x1p-20;

static float rounded_up(double x)
{
    return nextafterf((float)x, INFINITY);
}

/* Coordinates `part` of a turned vector as integers. */
static struct diffmm__byte_vector encode(const struct diffmm__byte_kernels *byte_kernels,
                                         const struct diffmm__first_pass_part *part,
                                         const float *turned, int8_t *codes)
{
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    const float *x = turned + part->first;
    struct diffmm__first_pass_code code =
        diffmm__first_pass_encode(byte_kernels, part->count, x, codes);
    double norm = up * sqrt(kernels->dot(part->count, x, x));
    int32_t sum = 0;
    memset(codes + part->count, 0, part->bytes - part->count);
    for (size_t j = 0; j < part->count; j++)
        sum += codes[j];
    return (struct diffmm__byte_vector){
        .codes = codes,
        .bytes = part->bytes,
        .offset = 128 * sum,
        .scale = code.scale,
        .slack =
            rounded_up(up * ((double)code.scale * code.rest * part->code_norm + norm * part->rest)),
        .rest = rounded_up(norm)};
}

bool diffmm__first_pass_begin(const struct diffmm__first_pass *pass, const float *vector,
                              bool cosine, struct diffmm__first_pass_aim *aim)
{
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    float turned[DIFFMM__FIRST_PASS_WIDTH];
    aim->norm = sqrt(kernels->dot(pass->d, vector, vector));
    if (!diffmm__first_pass_norm_fits(aim->norm))
        return false;
    diffmm__first_pass_turn_vector(&pass->turn, pass->d, vector, turned);
    double norm = up * (1.0 + 2.0 * pass->turn.slack) *
                  sqrt(kernels->dot(pass->d, turned, turned)); /* |D^-1 q| at most */
    if (!diffmm__first_pass_norm_fits(norm))
        return false;
    aim->pass = pass;
    aim->cosine = cosine;
    aim->margin = up * pass->turn.slack * norm * pass->largest;
    if (cosine) /* |q| and |x| are rounded, to floats at the last */
        aim->margin += 0x1p-20 * aim->norm * pass->longest;
    aim->head = encode(pass->kernels, &pass->head, turned, aim->codes);
    aim->tail = encode(pass->kernels, &pass->tail, turned, aim->codes + pass->head.bytes);
    /* The head's bound is completed by what the tail may add. */
    aim->head.rest = aim->tail.rest;
    return true;
}

/* The bound of row `first` + i, with its tail as integers in the place of its norm. */
static float with_tail(const struct diffmm__first_pass_aim *aim, size_t row, float bound)
{
    const struct diffmm__first_pass *pass = aim->pass;
    const uint8_t *tail = pass->tails + row * pass->tail.bytes;
    size_t panel = row / 16 * diffmm__byte_panel_size(pass->head.bytes);
    float scale, norm;
    memcpy(&scale, tail + pass->tail.bytes - sizeof scale, sizeof scale);
    memcpy(&norm,
           pass->panels + panel + 16 * (pass->head.bytes + sizeof norm) + row % 16 * sizeof norm,
           sizeof norm);
    int32_t sum = pass->kernels->dot(pass->tail.bytes, aim->tail.codes, tail);
    return bound - aim->head.rest * norm + scale * (aim->tail.scale * (float)sum + aim->tail.slack);
}

/* By cosine, row i reaches c where q . x_i reaches c |q| |x_i|. No cosine is beyond 2. */
static void subtract_lengths(const struct diffmm__first_pass_aim *aim, size_t first, size_t count,
                             float cosine, float *bounds)
{
    float factor = (float)(fmin(fmax((double)cosine, -2.0), 2.0) * aim->norm);
    for (size_t i = 0; i < count; i++)
        bounds[i] -= factor * aim->pass->lengths[first + i];
}

size_t diffmm__first_pass_run(const struct diffmm__first_pass_aim *aim, size_t first, size_t count,
                              float bound, int32_t *numbers)
{
    enum { stretch = 64, ahead = 8 };
    const struct diffmm__first_pass *pass = aim->pass;
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    float bounds[DIFFMM__FIRST_PASS_TILE];
    pass->kernels->bounds(&aim->head, (count + 15) / 16,
                          pass->panels + first / 16 * diffmm__byte_panel_size(pass->head.bytes),
                          bounds);
    if (aim->cosine)
        subtract_lengths(aim, first, count, bound, bounds);
    double needed = (aim->cosine ? 0.0 : (double)bound) - aim->margin;
    float least = nextafterf((float)needed, -INFINITY);
    size_t found = 0, kept = 0;
    for (size_t begin = 0; begin < count; begin += stretch) {
        size_t now = count - begin < stretch ? count - begin : stretch;
        uint64_t passed = kernels->at_least(now, bounds + begin, least);
        for (; passed; passed &= passed - 1)
            numbers[found++] = (int32_t)(first + begin) + __builtin_ctzll(passed);
    }
    if (pass->tail.count == 0)
        return found;
    for (size_t i = 0; i < found; i++)
        __builtin_prefetch(pass->tails + (size_t)numbers[i] * pass->tail.bytes);
    for (size_t i = 0; i < found; i++) {
        size_t row = (size_t)numbers[i];
        if (with_tail(aim, row, bounds[row - first]) >= least)
            numbers[kept++] = numbers[i];
    }
    return kept;
}

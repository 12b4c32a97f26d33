/* SPDX-License-Identifier: BSD-2-Clause */
/* The denoiser of a file: layers w_/b_ time, in, out (several hidden layers: in_0, in_1, .. and
 * out_0, out_1, ..), each weight outputs x inputs. */
#ifndef DIFFMM_TESTS_LAYERS_H
#define DIFFMM_TESTS_LAYERS_H

#include <diffmm/diffusion.h>

#include "compare.h"

enum { MAX_HIDDEN = 16 };

struct layers {
    diffmm_denoiser_shape shape;
    size_t hidden[MAX_HIDDEN];
    size_t size;       /* floats of all parameters */
    float *parameters; /* lives until the file is closed */
};

/* Read shape and parameters, for vectors of `items` entries. */
void layers_read(struct reference *reference, size_t items, struct layers *out);

/* Compare an array of the library's, laid out as the parameters, with PREFIX_w_time, .. */
void layers_expect(struct reference *reference, const struct layers *layers, const char *prefix,
                   const float *got);

/* The schedule of a file; what the file does not say is the authors' default. */
diffmm_schedule *schedule_read(struct reference *reference);

#endif

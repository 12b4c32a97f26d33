/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_DIFFUSION_REVERSE_H
#define DIFFMM_DIFFUSION_REVERSE_H

#include "diffusion/corrupt.h"

/* How the reverse chain samples. */
struct diffmm__sampling {
    size_t sampling_steps; /* 0: start from x0 */
    bool sampling_noise;
};

/* The chain as it stands, for `rows` users, into `x`, rows x items. Noise block s (0 for q_sample,
 * then one a step) is draws->noise + s noise_rows items, or the stream
 * diffmm__stream_reverse_block(draws->noise_stream, s). */
void diffmm__reverse_direct(struct diffmm__pass *pass, const diffmm_schedule *schedule,
                            const float *parameters, size_t rows,
                            const struct diffmm__batch_rows *x0,
                            const struct diffmm__sampling *sampling,
                            const struct diffmm__draws *draws, float *x);

#endif

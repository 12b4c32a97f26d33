/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_DIFFUSION_TIME_EMBEDDING_H
#define DIFFMM_DIFFUSION_TIME_EMBEDDING_H

#include <stddef.h>

/* The embedding of one step. */
void diffmm__time_embedding(double t, size_t size, float *out);

#endif

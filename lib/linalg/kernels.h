/* SPDX-License-Identifier: BSD-2-Clause */
/* The variants of the vector and of the byte kernels for this CPU. */
#ifndef DIFFMM_LINALG_KERNELS_H
#define DIFFMM_LINALG_KERNELS_H

#include "linalg/byte_kernels.h"
#include "linalg/vector_kernels.h"

/* The fastest variant that this CPU runs. */
const struct diffmm__vector_kernels *diffmm__kernels(void);
const struct diffmm__byte_kernels *diffmm__kernels_for_bytes(void);

#endif

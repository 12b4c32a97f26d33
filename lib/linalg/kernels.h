/* SPDX-License-Identifier: BSD-2-Clause */
/* The variant of the vector kernels for this CPU. */
#ifndef DIFFMM_LINALG_KERNELS_H
#define DIFFMM_LINALG_KERNELS_H

#include "linalg/vector_kernels.h"

/* The fastest variant that this CPU runs. */
const struct diffmm__vector_kernels *diffmm__kernels(void);

#endif

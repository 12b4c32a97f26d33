/* SPDX-License-Identifier: BSD-2-Clause */
/* What the host computes itself: a product by OpenBLAS and a sum by OpenMP. */
#ifndef TESTS_INSTALL_HOST_WORK_H
#define TESTS_INSTALL_HOST_WORK_H

#include <stdint.h>

/* Compute; a checksum of the bits of both results. The product is also compared with plain loops: a
 * wrong one ends the process. */
uint64_t host_work(void);

/* OpenMP's and OpenBLAS's settings, and the floating-point mode, as one line of text. */
void host_settings(char text[256]);

/* The file that cblas_sgemm comes from. */
const char *host_blas(void);

#endif

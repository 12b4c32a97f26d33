/* SPDX-License-Identifier: BSD-2-Clause */
/* For programs that end with the first failure. */
#ifndef DIFFMM_EXAMPLES_CHECK_H
#define DIFFMM_EXAMPLES_CHECK_H

#include <diffmm/diffmm.h>

/* End the program with the library's message unless a call has succeeded. */
void check(diffmm_status status);

/* Memory of zeros; ends the program if there is none. */
void *take(size_t count, size_t size);

#endif

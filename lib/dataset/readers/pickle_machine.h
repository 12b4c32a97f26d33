/* SPDX-License-Identifier: BSD-2-Clause */
/* The instructions of a pickle. */
#ifndef DIFFMM_DATASET_READERS_PICKLE_MACHINE_H
#define DIFFMM_DATASET_READERS_PICKLE_MACHINE_H

#include "dataset/readers/pickle.h"

/* Run the program up to STOP; `out` is the value on top of the stack then. Memory comes from the
 * pickle's arena. */
diffmm_status diffmm__pickle_machine_run(struct diffmm__pickle *pickle,
                                         struct diffmm__pickle_value *out);

#endif

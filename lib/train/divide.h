/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_TRAIN_DIVIDE_H
#define DIFFMM_TRAIN_DIVIDE_H

#include "train/trainer.h"

/* Divides the model of a trainer among `size` peers: from now on it has the rows of the users of peer
 * `rank` alone (diffmm_model.own_users), and the moments of the denoisers that this peer trains. The memory of all
 * else goes back to the system, where the context has no allocator of its own. DIFFMM_ERROR_NO_MEMORY
 * leaves all as it is. */
diffmm_status diffmm__divide(diffmm_trainer *trainer, size_t rank, size_t size);

#endif

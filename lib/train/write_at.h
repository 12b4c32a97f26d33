/* SPDX-License-Identifier: BSD-2-Clause */
/* What both functions check that write a file at one of the peers. */
#ifndef DIFFMM_TRAIN_WRITE_AT_H
#define DIFFMM_TRAIN_WRITE_AT_H

#include "train/trainer.h"

/* What the peers need not be told: there are no files within an epoch, and none of a model whose other
 * rows are lost with the peers. `what` are the files, in messages. */
diffmm_status diffmm__write_at_check(const diffmm_trainer *trainer, const char *what);

/* What they are told: whether there is such a rank, and this peer, if it writes, has a path. */
diffmm_status diffmm__write_at_ready(const diffmm_trainer *trainer, size_t rank, const char *path);

#endif

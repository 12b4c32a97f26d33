/* SPDX-License-Identifier: BSD-2-Clause */
/* A whole life of the library, from context to recommendations. */
#ifndef TESTS_INSTALL_TRAINING_H
#define TESTS_INSTALL_TRAINING_H

#include <diffmm/diffmm.h>

/* Train a small model and recommend five items to user 3.
 *  checksum  of the bits of all final embeddings
 * Returns a diffmm_status. */
diffmm_status train_small(size_t threads, uint64_t *checksum, diffmm_hit hits[5]);

/* The same, shared with peers; NULL: alone. */
diffmm_status train_with(const diffmm_peers *peers, size_t threads, uint64_t *checksum,
                         diffmm_hit hits[5]);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Generated neighbours that the next epoch keeps: generated.NAME.items, a vector of `rebuild_k`
 * ascending items for each user after the other, with -1 first where a user has fewer; and
 * generated.NAME.weights, where edges have them. Where the next epoch generates them anew, a
 * checkpoint has none. */
#ifndef DIFFMM_TRAIN_CHECKPOINT_STATE_NEIGHBORS_H
#define DIFFMM_TRAIN_CHECKPOINT_STATE_NEIGHBORS_H

#include "files/safetensors.h"
#include "files/tensor_list.h"
#include "train/trainer.h"

/* The most tensors of a modality's neighbours. */
enum { diffmm__state_parts_of_neighbors = 2 };

/* Those of modality `m`: adds them to the tensors to be written; reads them into a new trainer,
 * whose epochs must be known. */
diffmm_status diffmm__state_add_neighbors(const diffmm_trainer *trainer, size_t m,
                                          struct diffmm__tensor_list *list);
diffmm_status diffmm__state_read_neighbors(diffmm_trainer *trainer, size_t m,
                                           const struct diffmm__safetensors *file);

#endif

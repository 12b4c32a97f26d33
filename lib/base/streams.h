/* SPDX-License-Identifier: BSD-2-Clause */
/* The map of all random streams: what the library draws, and the number of each stream. A seed and
 * a stream name a sequence of draws (base/random.h), so no two uses may share a stream; the packing
 * of the numbers is known to streams.c alone.
 *
 * Modalities are counted from 0 and are fewer than DIFFMM__MOST_MODALITIES; epochs from 1. */
#ifndef DIFFMM_BASE_STREAMS_H
#define DIFFMM_BASE_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More would share streams. A diffusion module that no model has is of no modality, which stands
 * in a modality's place for all that a module draws: initial values, training, reverse chain. */
enum { DIFFMM__MOST_MODALITIES = 8192, DIFFMM__NO_MODALITY = DIFFMM__MOST_MODALITIES };

/* Callers of the public initialisers choose among 2^56 streams of their own. */
bool diffmm__stream_is_callers(uint64_t stream);

/* Initial values. Position: the entry of the array (64 to a position where draws are normal). */
uint64_t diffmm__stream_recommender(size_t parameter);
uint64_t diffmm__stream_projection_weight(size_t modality);
uint64_t diffmm__stream_projection_bias(size_t modality);
/* Of the first array of a denoiser; and of array `index` of the same denoiser. */
uint64_t diffmm__stream_denoiser(size_t modality);
uint64_t diffmm__stream_denoiser_array(uint64_t first, size_t index);

/* The pairs of an epoch. Position: the place in the order; the training pair. */
uint64_t diffmm__stream_pair_order(uint64_t epoch);
uint64_t diffmm__stream_negatives(uint64_t epoch);

/* Training of the denoisers. Position: the place in the order; the user; for noise and dropout,
 * blocks of entries of the user's row. */
uint64_t diffmm__stream_user_order(uint64_t epoch);
uint64_t diffmm__stream_time(size_t modality, uint64_t epoch);
uint64_t diffmm__stream_noise(size_t modality, uint64_t epoch);
uint64_t diffmm__stream_dropout(size_t modality, uint64_t epoch);

/* The reverse chain's noise: block 0 is q_sample's, then there is one for each of at most 1,000
 * steps. Position: as for diffmm__stream_noise. */
uint64_t diffmm__stream_reverse_noise(size_t modality, uint64_t epoch);
uint64_t diffmm__stream_reverse_block(uint64_t first, size_t block);

/* Edge dropout of a modality's generated graph, and of A_hat in its place or beside it. Position:
 * the stored entry. */
uint64_t diffmm__stream_generated_edges(size_t modality, uint64_t epoch);
uint64_t diffmm__stream_observed_edges(size_t modality, uint64_t epoch);

/* Made-up data: what a draw is for, `which` below 2^24, is known to dataset/synthetic.c. */
uint64_t diffmm__stream_synthetic(size_t which);

/* Held-out interactions: how many a user gives away, and which. Position: the user; the pair. */
uint64_t diffmm__stream_hold_out_counts(void);
uint64_t diffmm__stream_hold_out_items(void);

#endif

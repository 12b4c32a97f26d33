/* SPDX-License-Identifier: BSD-2-Clause */
/* The map of all random streams: what the library draws, and the number of each stream. Seed and
 * stream determine a sequence of draws (base/random.h), so that no two purposes may share a stream.
 * How the numbers are packed is known to streams.c alone.
 *
 * Modalities are counted from 0, and are fewer than DIFFMM__MOST_MODALITIES; epochs are counted
 * from 1. */
#ifndef DIFFMM_BASE_STREAMS_H
#define DIFFMM_BASE_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More modalities would share streams. A diffusion module that belongs to no model draws its
 * initial values, its training and its reverse chain as modality DIFFMM__NO_MODALITY. */
enum { DIFFMM__MOST_MODALITIES = 8192, DIFFMM__NO_MODALITY = DIFFMM__MOST_MODALITIES };

/* More passes over all users in an epoch would share streams. */
enum { DIFFMM__MOST_PASSES = 1000 };

/* Whether a stream is one of the 2^56 that are left to callers of the public initialisers. */
bool diffmm__stream_is_callers(uint64_t stream);

/* Initial values. Position: the entry of the array (64 to a position where draws are normal). */
uint64_t diffmm__stream_recommender(size_t parameter);
uint64_t diffmm__stream_projection_weight(size_t modality);
uint64_t diffmm__stream_projection_bias(size_t modality);
/* The stream of the first array of a denoiser; and that of array `index` of the same denoiser. */
uint64_t diffmm__stream_denoiser(size_t modality);
uint64_t diffmm__stream_denoiser_array(uint64_t first, size_t index);

/* The training pairs of an epoch. Position: the place in the order; the training pair. */
uint64_t diffmm__stream_pair_order(uint64_t epoch);
uint64_t diffmm__stream_negatives(uint64_t epoch);

/* The nodes that a step's contrasts are drawn against: of the users (side 0), of the items (side 1).
 * Position: the place in the list. */
uint64_t diffmm__stream_contrast(size_t side, uint64_t step);

/* Training of the denoisers. Position, in this order: the place in the order of users; the user;
 * blocks of entries of the user's row, for noise and dropout. */
uint64_t diffmm__stream_user_order(uint64_t epoch);
uint64_t diffmm__stream_time(size_t modality, uint64_t epoch);
uint64_t diffmm__stream_noise(size_t modality, uint64_t epoch);
uint64_t diffmm__stream_dropout(size_t modality, uint64_t epoch);
/* One of these four streams in a pass over all users, counted from 0 within the epoch; `first` is
 * its number in pass 0. The passes of epoch 0 are those that come before the first epoch. */
uint64_t diffmm__stream_pass(uint64_t first, size_t pass);

/* Noise of the reverse chain: block 0 is for q_sample, and one more block for each of at most 1,000
 * steps. Position: as for diffmm__stream_noise. */
uint64_t diffmm__stream_reverse_noise(size_t modality, uint64_t epoch);
uint64_t diffmm__stream_reverse_block(uint64_t first, size_t block);

/* Edge dropout of a modality's generated graph; and of A_hat, where A_hat stands in for that graph
 * or is used beside it. Position: the stored entry. */
uint64_t diffmm__stream_generated_edges(size_t modality, uint64_t epoch);
uint64_t diffmm__stream_observed_edges(size_t modality, uint64_t epoch);

/* The basis of a modality's spectral denoiser: the first of DIFFMM__SPECTRAL_STREAMS streams
 * (diffusion/spectral_basis.h). Position: blocks of a random matrix; of random columns. */
uint64_t diffmm__stream_spectral_basis(size_t modality);

/* The users on whom a trainer takes measures. Position: the place in the order of users. */
uint64_t diffmm__stream_measured_users(void);
uint64_t diffmm__stream_evaluated_users(void);

/* Re-ranking at random, by a number of the caller's below 2^56. Position: the item. */
uint64_t diffmm__stream_exploration(uint64_t which);

/* Synthetic data. What the stream `which`, below 2^24, is for is known to dataset/synthetic.c. */
uint64_t diffmm__stream_synthetic(size_t which);

/* Held-out interactions: how many of a user's are held out, and which. Position: the user; the
 * pair. */
uint64_t diffmm__stream_hold_out_counts(void);
uint64_t diffmm__stream_hold_out_items(void);

#endif

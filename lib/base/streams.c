/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of a stream's number:
 *     bits 56 .. 63   the purpose
 *     bits 32 .. 55   what tells the streams of a purpose apart: the modality, ..; of the denoisers'
 *                     training, bits 46 .. 55 are the pass
 *     bits  0 .. 31   the epoch, or the array of a denoiser
 * Of the contrasts, bit 55 is the side and those below it the step; of exploration, all 56 are the
 * caller's. */
#include "base/streams.h"

/* Part of the meaning of a seed: never renumber. */
enum purpose {
    callers = 0,
    initialize = 1,
    pair_order = 2,
    negatives = 3,
    user_order = 4,
    time_steps = 5,
    noise = 6,
    dropout = 7,
    reverse_noise = 8,
    generated_edges = 9,
    observed_edges = 10,
    synthetic = 11,
    hold_out = 12,
    reverse_noise_of_none = 13, /* of DIFFMM__NO_MODALITY: reverse_noise has no more blocks */
    spectral_basis = 14,
    measured_users = 15,
    contrast = 16,
    evaluated_users = 17,
    exploration = 18
};

/* The middle bits of initial values. */
enum { of_recommender = 0, of_projections = 1, of_lone_denoiser = 2, of_denoisers = 16 };

/* The middle bits of the reverse chain's noise: a range of blocks for each modality. */
enum { blocks_of_modality = 2048 };

static uint64_t stream(enum purpose purpose, uint64_t which, uint64_t epoch)
{
    return (uint64_t)purpose << 56 | (which & 0xffffff) << 32 | (epoch & 0xffffffff);
}

bool diffmm__stream_is_callers(uint64_t number)
{
    return number >> 56 == callers;
}

uint64_t diffmm__stream_recommender(size_t parameter)
{
    return stream(initialize, of_recommender, parameter);
}

uint64_t diffmm__stream_projection_weight(size_t modality)
{
    return stream(initialize, of_projections, 2 * modality);
}

uint64_t diffmm__stream_projection_bias(size_t modality)
{
    return stream(initialize, of_projections, 2 * modality + 1);
}

uint64_t diffmm__stream_denoiser(size_t modality)
{
    size_t which = modality == DIFFMM__NO_MODALITY ? of_lone_denoiser : of_denoisers + modality;
    return stream(initialize, which, 0);
}

uint64_t diffmm__stream_denoiser_array(uint64_t first, size_t index)
{
    return first + index;
}

uint64_t diffmm__stream_pair_order(uint64_t epoch)
{
    return stream(pair_order, 0, epoch);
}

uint64_t diffmm__stream_negatives(uint64_t epoch)
{
    return stream(negatives, 0, epoch);
}

uint64_t diffmm__stream_contrast(size_t side, uint64_t step)
{
    return stream(contrast, (uint64_t)side << 23 | (step >> 32 & 0x7fffff), step);
}

uint64_t diffmm__stream_user_order(uint64_t epoch)
{
    return stream(user_order, 0, epoch);
}

uint64_t diffmm__stream_time(size_t modality, uint64_t epoch)
{
    return stream(time_steps, modality, epoch);
}

uint64_t diffmm__stream_noise(size_t modality, uint64_t epoch)
{
    return stream(noise, modality, epoch);
}

uint64_t diffmm__stream_dropout(size_t modality, uint64_t epoch)
{
    return stream(dropout, modality, epoch);
}

uint64_t diffmm__stream_pass(uint64_t first, size_t pass)
{
    return first + ((uint64_t)pass << 46);
}

uint64_t diffmm__stream_reverse_noise(size_t modality, uint64_t epoch)
{
    return modality == DIFFMM__NO_MODALITY
               ? stream(reverse_noise_of_none, 0, epoch)
               : stream(reverse_noise, modality * blocks_of_modality, epoch);
}

uint64_t diffmm__stream_reverse_block(uint64_t first, size_t block)
{
    return first + ((uint64_t)block << 32);
}

uint64_t diffmm__stream_generated_edges(size_t modality, uint64_t epoch)
{
    return stream(generated_edges, modality, epoch);
}

uint64_t diffmm__stream_observed_edges(size_t modality, uint64_t epoch)
{
    return stream(observed_edges, modality, epoch);
}

uint64_t diffmm__stream_spectral_basis(size_t modality)
{
    return stream(spectral_basis, modality, 0);
}

uint64_t diffmm__stream_measured_users(void)
{
    return stream(measured_users, 0, 0);
}

uint64_t diffmm__stream_evaluated_users(void)
{
    return stream(evaluated_users, 0, 0);
}

uint64_t diffmm__stream_exploration(uint64_t which)
{
    return (uint64_t)exploration << 56 | which;
}

uint64_t diffmm__stream_synthetic(size_t which)
{
    return stream(synthetic, which, 0);
}

uint64_t diffmm__stream_hold_out_counts(void)
{
    return stream(hold_out, 0, 0);
}

uint64_t diffmm__stream_hold_out_items(void)
{
    return stream(hold_out, 1, 0);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The map of streams: no two uses share one, up to the largest numbers of each. */
#include "base/streams.h"

#include <stdlib.h>

#include "base/random.h"
#include "diffusion/spectral_basis.h"
#include "support/failure.h"

enum { most = 1 << 20 };

static uint64_t listed[most];
static size_t count;

static void list(uint64_t stream)
{
    ck_assert_uint_lt(count, most);
    ck_assert(!diffmm__stream_is_callers(stream));
    listed[count++] = stream;
}

static void list_passes(uint64_t first)
{
    ck_assert_uint_eq(diffmm__stream_pass(first, 0), first);
    for (size_t pass = 0; pass < DIFFMM__MOST_PASSES; pass += pass < 5 ? 1 : 142)
        list(diffmm__stream_pass(first, pass));
}

static void list_of_modality(size_t m)
{
    static const uint64_t epochs[] = {0, 1, 2, 3, 1000, 1000000, UINT32_MAX};
    list(diffmm__stream_projection_weight(m));
    list(diffmm__stream_projection_bias(m));
    for (size_t part = 0; part < DIFFMM__SPECTRAL_STREAMS; part++)
        list(diffmm__stream_spectral_basis(m) + part);
    for (size_t a = 0; a < 500; a++)
        list(diffmm__stream_denoiser_array(diffmm__stream_denoiser(m), a));
    for (size_t e = 0; e < sizeof epochs / sizeof *epochs; e++) {
        list_passes(diffmm__stream_time(m, epochs[e]));
        list_passes(diffmm__stream_noise(m, epochs[e]));
        list_passes(diffmm__stream_dropout(m, epochs[e]));
        list(diffmm__stream_generated_edges(m, epochs[e]));
        list(diffmm__stream_observed_edges(m, epochs[e]));
        for (size_t block = 0; block <= 1000; block++)
            list(diffmm__stream_reverse_block(diffmm__stream_reverse_noise(m, epochs[e]), block));
    }
}

static void list_all(void)
{
    static const size_t modalities[] = {0,
                                        1,
                                        2,
                                        3,
                                        15,
                                        16,
                                        17,
                                        255,
                                        4095,
                                        DIFFMM__MOST_MODALITIES - 2,
                                        DIFFMM__MOST_MODALITIES - 1,
                                        DIFFMM__NO_MODALITY};
    static const uint64_t epochs[] = {0, 1, 2, 3, 1000, 1000000, UINT32_MAX};
    count = 0;
    for (size_t p = 0; p < 1000; p++)
        list(diffmm__stream_recommender(p));
    for (size_t m = 0; m < sizeof modalities / sizeof *modalities; m++)
        list_of_modality(modalities[m]);
    for (size_t e = 0; e < sizeof epochs / sizeof *epochs; e++) {
        list(diffmm__stream_pair_order(epochs[e]));
        list(diffmm__stream_negatives(epochs[e]));
        list_passes(diffmm__stream_user_order(epochs[e]));
    }
    static const uint64_t steps[] = {
        0, 1, 1000000, UINT32_MAX, UINT64_C(1) << 32, (UINT64_C(1) << 55) - 1};
    for (size_t s = 0; s < 2 * sizeof steps / sizeof *steps; s++)
        list(diffmm__stream_contrast(s % 2, steps[s / 2]));
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++)
        list(diffmm__stream_exploration(steps[s]));
    for (size_t which = 0; which < 1000; which++)
        list(diffmm__stream_synthetic(which));
    list(diffmm__stream_measured_users());
    list(diffmm__stream_hold_out_counts());
    list(diffmm__stream_hold_out_items());
}

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

START_TEST(no_two_uses_share_a_stream)
{
    list_all();
    qsort(listed, count, sizeof *listed, ascending);
    for (size_t i = 1; i < count; i++)
        ck_assert_msg(listed[i - 1] != listed[i], "stream %#llx has two uses",
                      (unsigned long long)listed[i]);
}
END_TEST

/* Streams that differ in one bit have draws of their own, and callers' are below 2^56. */
START_TEST(streams_are_told_apart)
{
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t stream = UINT64_C(1) << bit;
        uint32_t a[4], b[4];
        diffmm__random4(1, 0, 0, a);
        diffmm__random4(1, stream, 0, b);
        ck_assert_mem_ne(a, b, sizeof a);
        ck_assert_int_eq(diffmm__stream_is_callers(stream), bit < 56);
    }
}
END_TEST

/* Numbers are part of the meaning of a seed. */
START_TEST(numbers_stay)
{
    const struct {
        uint64_t got, want;
    } streams[] = {
        {diffmm__stream_recommender(1), 0x0100000000000001},
        {diffmm__stream_projection_weight(3), 0x0100000100000006},
        {diffmm__stream_projection_bias(3), 0x0100000100000007},
        {diffmm__stream_denoiser_array(diffmm__stream_denoiser(2), 5), 0x0100001200000005},
        {diffmm__stream_denoiser_array(diffmm__stream_denoiser(DIFFMM__NO_MODALITY), 5),
         0x0100000200000005},
        {diffmm__stream_pair_order(7), 0x0200000000000007},
        {diffmm__stream_negatives(7), 0x0300000000000007},
        {diffmm__stream_user_order(7), 0x0400000000000007},
        {diffmm__stream_time(1, 7), 0x0500000100000007},
        {diffmm__stream_noise(1, 7), 0x0600000100000007},
        {diffmm__stream_dropout(1, 7), 0x0700000100000007},
        {diffmm__stream_pass(diffmm__stream_user_order(7), 2), 0x0400800000000007},
        {diffmm__stream_pass(diffmm__stream_time(1, 7), 999), 0x05f9c00100000007},
        {diffmm__stream_reverse_block(diffmm__stream_reverse_noise(1, 7), 3), 0x0800080300000007},
        {diffmm__stream_time(DIFFMM__NO_MODALITY, 7), 0x0500200000000007},
        {diffmm__stream_reverse_block(diffmm__stream_reverse_noise(DIFFMM__NO_MODALITY, 7), 3),
         0x0d00000300000007},
        {diffmm__stream_generated_edges(1, 7), 0x0900000100000007},
        {diffmm__stream_observed_edges(1, 7), 0x0a00000100000007},
        {diffmm__stream_contrast(0, 7), 0x1000000000000007},
        {diffmm__stream_contrast(1, 0x300000007), 0x1080000300000007},
        {diffmm__stream_measured_users(), 0x0f00000000000000},
        {diffmm__stream_synthetic(5), 0x0b00000500000000},
        {diffmm__stream_hold_out_counts(), 0x0c00000000000000},
        {diffmm__stream_hold_out_items(), 0x0c00000100000000},
    };
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
        ck_assert_msg(streams[i].got == streams[i].want, "stream %zu is %#llx", i,
                      (unsigned long long)streams[i].got);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {no_two_uses_share_a_stream, streams_are_told_apart, numbers_stay};
    return run_tests("streams", tests, sizeof tests / sizeof *tests) != 0;
}

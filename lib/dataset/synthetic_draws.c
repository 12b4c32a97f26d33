/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/synthetic_draws.h"

#include <math.h>

#include "base/random.h"
#include "base/streams.h"

enum { min_per_user = 3 };

double diffmm__synthetic_bell(uint64_t seed, size_t which, uint64_t position)
{
    uint32_t draw[4];
    diffmm__random4(seed, diffmm__stream_synthetic(which), position, draw);
    int64_t sum = (int64_t)draw[0] + draw[1] + draw[2] + draw[3] - (INT64_C(1) << 33);
    return (double)sum * 0x1p-32 * sqrt(3.0);
}

void diffmm__synthetic_direction(uint64_t seed, size_t which, size_t index, size_t factors,
                                 double *out)
{
    double squares = 0;
    for (size_t f = 0; f < factors; f++) {
        out[f] = diffmm__synthetic_bell(seed, which, (uint64_t)index * factors + f);
        squares += out[f] * out[f];
    }
    double length = sqrt(squares);
    for (size_t f = 0; f < factors && length > 0; f++)
        out[f] /= length;
}

double diffmm__synthetic_popularity(uint64_t seed, size_t item)
{
    return 1 / (0.15 + diffmm__random_real(
                           seed, diffmm__stream_synthetic(DIFFMM__SYNTHETIC_POPULARITY), item));
}

void diffmm__synthetic_count(const diffmm_synthetic *spec, double *share, size_t *start)
{
    size_t users = spec->users, most = (spec->items + 1) / 2, least = spec->interactions / users;
    least = least < min_per_user ? least : min_per_user;
    size_t rest = spec->interactions - users * least;
    double sum = 0, extra = (double)rest;
    for (size_t u = 0; u < users; u++) {
        share[u] =
            1 / (0.1 + diffmm__random_real(spec->seed,
                                           diffmm__stream_synthetic(DIFFMM__SYNTHETIC_COUNTS), u));
        sum += share[u];
    }
    size_t *count = start + 1;
    for (size_t u = 0; u < users; u++) {
        size_t more = (size_t)(extra * (share[u] / sum));
        more = more < most - least ? more : most - least;
        more = more < rest ? more : rest;
        count[u] = least + more;
        rest -= more;
    }
    for (size_t u = 0; rest > 0; u = u + 1 == users ? 0 : u + 1)
        if (count[u] < most) {
            count[u]++;
            rest--;
        }
    start[0] = 0;
    for (size_t u = 0; u < users; u++)
        start[u + 1] += start[u];
}

void diffmm__synthetic_split(size_t user, size_t n, size_t out[3])
{
    size_t held = (n + 2) / 5;
    out[DIFFMM_VALID] = (held + user % 2) / 2;
    out[DIFFMM_TEST] = held - out[DIFFMM_VALID];
    out[DIFFMM_TRAIN] = n - held;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Sampling without replacement by the k largest of scores with Gumbel noise (Kool, van Hoof, Welling:
 * Stochastic Beams and Where to Find Them, ICML 2019; the trick itself is older: Yellott 1977). */
#include <diffmm/rerank.h>

#include <float.h>
#include <math.h>

#include "base/random.h"
#include "base/status.h"
#include "base/streams.h"
#include "rerank/hits.h"

/* log x of a normal positive x, of sums and products alone, which round alike everywhere; with
 * x = 2^e m, m about 1, and s = (m - 1) / (m + 1),
 *
 *     log x = e log 2 + 2 (s + s^3 / 3 + s^5 / 5 + ..). */
static double natural_log(double x)
{
    const double log_2 = 0x1.62e42fefa39efp-1, root_half = 0x1.6a09e667f3bcdp-1;
    int exponent;
    double m = frexp(x, &exponent);
    if (m < root_half) {
        m *= 2.0;
        exponent--;
    }
    double s = (m - 1.0) / (m + 1.0), square = s * s, sum = 0.0;
    for (int k = 23; k >= 1;
         k -= 2) /* s is below .172: what is left out is below 1e-18 of the sum */
        sum = sum * square + 1.0 / k;
    return exponent * log_2 + 2.0 * s * sum;
}

/* g = -log(-log u), u uniform within (0, 1). */
static double gumbel(uint64_t seed, uint64_t stream, int32_t item)
{
    uint32_t draw[4];
    diffmm__random4(seed, stream, (uint64_t)item, draw);
    uint64_t bits = (uint64_t)draw[0] << 32 | draw[1];
    double u = ((double)(bits >> 12) + 0.5) * 0x1p-52;
    return -natural_log(-natural_log(u));
}

/* The largest keys so far with their hits, sorted. */
struct largest {
    double *keys;
    diffmm_hit *hits;
    size_t count, capacity;
};

static void offer(struct largest *largest, double key, diffmm_hit hit)
{
    if (largest->count == largest->capacity && !(key > largest->keys[largest->count - 1]))
        return;
    size_t at = largest->count < largest->capacity ? largest->count++ : largest->count - 1;
    for (; at > 0 && key > largest->keys[at - 1]; at--) {
        largest->keys[at] = largest->keys[at - 1];
        largest->hits[at] = largest->hits[at - 1];
    }
    largest->keys[at] = key;
    largest->hits[at] = hit;
}

static diffmm_status check(double temperature, uint64_t stream, size_t hit_count,
                           const diffmm_hit *hits, size_t count, const double *scratch,
                           const diffmm_hit *out, const size_t *found)
{
    if (!(isgreaterequal(temperature, 0.0) && islessequal(temperature, (double)FLT_MAX)))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "temperature is %g, not from 0 to the largest float", temperature);
    if (!diffmm__stream_is_callers(stream))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "stream is %llu, not below 2^56",
                            (unsigned long long)stream);
    diffmm_status status = diffmm__hits_check("hits", hit_count, hits, (size_t)INT32_MAX + 1, true);
    if (!status && !scratch && hit_count > 0 && count > 0)
        status = diffmm__null("scratch");
    return status ? status : diffmm__hits_check_out(count, out, found);
}

diffmm_status diffmm_explore(double temperature, uint64_t seed, uint64_t stream, size_t hit_count,
                             const diffmm_hit *hits, size_t count, double *scratch, diffmm_hit *out,
                             size_t *found)
{
    diffmm_status status = check(temperature, stream, hit_count, hits, count, scratch, out, found);
    if (status)
        return status;
    struct largest largest = {scratch, out, 0, count < hit_count ? count : hit_count};
    uint64_t noise = diffmm__stream_exploration(stream);
    for (size_t i = 0; i < hit_count && largest.capacity > 0; i++)
        offer(&largest, (double)hits[i].score + temperature * gumbel(seed, noise, hits[i].item),
              hits[i]);
    *found = largest.count;
    return DIFFMM_OK;
}

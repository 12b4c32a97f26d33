/* SPDX-License-Identifier: BSD-2-Clause */
/* Initial values of parameters: the public functions. */
#include <diffmm/optim.h>
#include <math.h>

#include "base/numbers.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/streams.h"
#include "linalg/random_fill.h"

static diffmm_status check(const char *rows_name, size_t rows, size_t columns, double spread,
                           const char *name, uint64_t stream, const float *out)
{
    if (rows > 0 && columns > 0 && !out)
        return diffmm__null("out");
    if (!diffmm__within(spread, 0.0, HUGE_VAL))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "%s is negative or not finite", name);
    if (!diffmm__stream_is_callers(stream))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "stream is not below 2^56");
    return diffmm__size_check_array(rows_name, rows, "columns", columns, sizeof *out);
}

diffmm_status diffmm_initialize_xavier(size_t rows, size_t columns, uint64_t seed, uint64_t stream,
                                       float *out)
{
    diffmm_status status = check("rows", rows, columns, 0.0, "bound", stream, out);
    if (!status && rows > 0 && columns > 0)
        diffmm__random_fill_xavier(rows, columns, seed, stream, out);
    return status;
}

diffmm_status diffmm_initialize_uniform(size_t count, double bound, uint64_t seed, uint64_t stream,
                                        float *out)
{
    diffmm_status status = check("count", count, 1, bound, "bound", stream, out);
    if (!status)
        diffmm__random_fill_uniform(count, bound, seed, stream, out);
    return status;
}

diffmm_status diffmm_initialize_normal(size_t count, double deviation, uint64_t seed,
                                       uint64_t stream, float *out)
{
    diffmm_status status = check("count", count, 1, deviation, "deviation", stream, out);
    if (!status)
        diffmm__random_fill_normal(count, deviation, seed, stream, out);
    return status;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "linalg/panels.h"

#include "base/pool.h"
#include "linalg/kernels.h"

struct pack {
    size_t rows, d;
    const float *x;
    float *packed;
};

static void pack_range(void *argument, size_t begin, size_t end)
{
    const struct pack *p = argument;
    for (size_t panel = begin; panel < end; panel++)
        for (size_t lane = 0; lane < DIFFMM__PANEL; lane++) {
            size_t row = panel * DIFFMM__PANEL + lane;
            float *out = p->packed + panel * DIFFMM__PANEL * p->d + lane;
            for (size_t j = 0; j < p->d; j++)
                out[j * DIFFMM__PANEL] = row < p->rows ? p->x[row * p->d + j] : 0.0f;
        }
}

void diffmm__panels_pack(const diffmm_context *context, size_t rows, size_t d, const float *x,
                         float *packed)
{
    struct pack p = {.rows = rows, .d = d, .x = x, .packed = packed};
    diffmm__parallel_ranges(context, diffmm__panel_count(rows), 64, pack_range, &p);
}

float diffmm__panel_score(size_t d, const float *x, const float *y)
{
    return diffmm__kernels()->panels->score_pair(d, x, y);
}

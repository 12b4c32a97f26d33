/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows packed for products (linalg/panel_kernels.h): panels of 16 rows, each panel stored column by
 * column (d x 16 floats). The last panel is filled up with zeros. */
#ifndef DIFFMM_LINALG_PANELS_H
#define DIFFMM_LINALG_PANELS_H

#include <stddef.h>

#include <diffmm/context.h>

enum { DIFFMM__PANEL = 16 };

static inline size_t diffmm__panel_count(size_t rows)
{
    return (rows + DIFFMM__PANEL - 1) / DIFFMM__PANEL;
}

/* The number of floats that packed rows take. */
static inline size_t diffmm__panels_size(size_t rows, size_t d)
{
    return diffmm__panel_count(rows) * DIFFMM__PANEL * d;
}

/* Pack rows of d floats without gaps. */
void diffmm__panels_pack(const diffmm_context *context, size_t rows, size_t d, const float *x,
                         float *packed);

/* x . y of two plain rows, with the same bits as a score of packed rows. */
float diffmm__panel_score(size_t d, const float *x, const float *y);

#endif

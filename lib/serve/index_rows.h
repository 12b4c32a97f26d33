/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows as an index of vectors takes them. An index of inner products takes them as they are. One of
 * L2 distances takes one column more (Bachrach et al., RecSys 2014; Neyshabur and Srebro, ICML
 * 2015): with M the largest squared length of an item,
 *
 *     item x: [x, sqrt(M - ||x||^2)]     user u: [u, 0]
 *     distance^2 = ||u||^2 + M - 2 u . x,
 *
 * so that the nearest item is the one with the largest score. */
#ifndef DIFFMM_SERVE_INDEX_ROWS_H
#define DIFFMM_SERVE_INDEX_ROWS_H

#include "serve/scorer.h"

struct diffmm__index_rows {
    const float *rows; /* the scorer's, of d floats */
    size_t d, columns; /* columns: d, or d + 1 */
    bool items;
    double longest; /* M */
    const struct diffmm__ids *ids;
};

/* Checks side and index. DIFFMM_ERROR_NUMERIC where a column more would not be finite. */
diffmm_status diffmm__index_rows_begin(const diffmm_scorer *scorer, diffmm_side side,
                                       diffmm_index index, struct diffmm__index_rows *out);

/* Fill in count x columns floats from row `first` on. */
void diffmm__index_rows_copy(const struct diffmm__index_rows *rows, size_t first, size_t count,
                             float *out);

#endif

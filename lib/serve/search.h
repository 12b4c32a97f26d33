/* SPDX-License-Identifier: BSD-2-Clause */
/* How a scorer finds the best items: in floats alone, or after a first pass (first_pass.h). */
#ifndef DIFFMM_SERVE_SEARCH_H
#define DIFFMM_SERVE_SEARCH_H

#include <diffmm/recommend.h>

#include "serve/first_pass.h"

/* First passes over items' rows, and over what similar items are compared by, which is the same but
 * with a blend; NULL: none. */
struct diffmm__search {
    struct diffmm__first_pass *items, *alike;
};

/* Rows of `width` floats without gaps; similar items are compared by the first d. */
struct diffmm__search_rows {
    size_t user_count, item_count, width, d;
    const float *users, *items;
    double user_norm, item_norm; /* the largest */
};

/* Make what `search` asks for; without memory, nothing is left. */
diffmm_status diffmm__search_begin(const diffmm_context *context,
                                   const struct diffmm__search_rows *rows, diffmm_search search,
                                   struct diffmm__search *out);
void diffmm__search_end(struct diffmm__search *search);

/* The bytes that it holds, and those that it would hold at most. */
size_t diffmm__search_held(const struct diffmm__search *search);
size_t diffmm__search_bytes(size_t items, size_t width, size_t d, diffmm_search search);

#endif

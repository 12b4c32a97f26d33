/* SPDX-License-Identifier: BSD-2-Clause */
/* What a scorer is, and how it searches. */
#include "base/handle.h"
#include "base/status.h"
#include "base/structs.h"
#include "linalg/kernels.h"
#include "serve/scorer.h"

diffmm_status diffmm_scorer_set_search(diffmm_scorer *scorer, diffmm_search search)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, scorer, "scorer");
    if (status)
        return status;
    if (search != DIFFMM_SEARCH_AUTO && search != DIFFMM_SEARCH_FLAT &&
        search != DIFFMM_SEARCH_FIRST_PASS)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "search is %d, not one of diffmm_search",
                            (int)search);
    const struct diffmm__search_rows rows = diffmm__scorer_search_rows(scorer);
    diffmm__search_end(&scorer->search);
    return diffmm__search_begin(scorer->context, &rows, search, &scorer->search);
}

diffmm_status diffmm_scorer_describe(const diffmm_scorer *scorer, diffmm_scorer_info *out)
{
    if (!scorer)
        return diffmm__null("scorer");
    if (!out)
        return diffmm__null("out");
    const struct diffmm__first_pass *pass = scorer->search.items;
    const diffmm_scorer_info info = {.users = scorer->catalog->users,
                                     .items = scorer->catalog->items,
                                     .dimensions = scorer->width,
                                     .search = pass ? DIFFMM_SEARCH_FIRST_PASS : DIFFMM_SEARCH_FLAT,
                                     .head_dimensions = pass ? pass->head.count : 0,
                                     .search_bytes = diffmm__search_held(&scorer->search),
                                     .kernels = diffmm__kernels_for_bytes()->name};
    return diffmm__struct_write(out, &diffmm__layout_scorer_info, &info, "out");
}

size_t diffmm_search_bytes(size_t items, size_t dimensions, size_t embedding_size,
                           diffmm_search search)
{
    return diffmm__search_bytes(items, dimensions, embedding_size, search);
}

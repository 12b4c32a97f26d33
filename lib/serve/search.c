/* SPDX-License-Identifier: BSD-2-Clause */
#include "serve/search.h"

#include "base/sizes.h"
#include "serve/first_pass_create.h"
#include "serve/first_pass_worth.h"

/* Where a first pass is worth its memory: below, rankings take some 100 microseconds in floats. */
enum { least_items = 16384, least_width = 16 };

static bool wanted(size_t items, size_t width, diffmm_search search)
{
    return search == DIFFMM_SEARCH_FIRST_PASS ||
           (search == DIFFMM_SEARCH_AUTO && items >= least_items && width >= least_width);
}

/* Make a first pass, unless it is for the library to choose and not worth while. */
static diffmm_status begin(const diffmm_context *context,
                           const struct diffmm__first_pass_input *input, diffmm_search search,
                           struct diffmm__first_pass **out)
{
    diffmm_status status = diffmm__first_pass_create(context, input, out);
    if (*out && search == DIFFMM_SEARCH_AUTO && !diffmm__first_pass_worth(*out, input)) {
        diffmm__first_pass_destroy(*out);
        *out = NULL;
    }
    return status;
}

/* Items are searched for items. */
static diffmm_status begin_alike(const diffmm_context *context,
                                 const struct diffmm__search_rows *rows, diffmm_search search,
                                 struct diffmm__search *out)
{
    const struct diffmm__first_pass_input input = {.rows = rows->item_count,
                                                   .d = rows->d,
                                                   .stride = rows->width,
                                                   .x = rows->items,
                                                   .largest = rows->item_norm,
                                                   .vectors = rows->item_count,
                                                   .vector_stride = rows->width,
                                                   .vector = rows->items,
                                                   .largest_vector = rows->item_norm};
    if (rows->d != rows->width)
        return begin(context, &input, search, &out->alike);
    out->alike = out->items;
    return DIFFMM_OK;
}

diffmm_status diffmm__search_begin(const diffmm_context *context,
                                   const struct diffmm__search_rows *rows, diffmm_search search,
                                   struct diffmm__search *out)
{
    const struct diffmm__first_pass_input input = {.rows = rows->item_count,
                                                   .d = rows->width,
                                                   .stride = rows->width,
                                                   .x = rows->items,
                                                   .largest = rows->item_norm,
                                                   .vectors = rows->user_count,
                                                   .vector_stride = rows->width,
                                                   .vector = rows->users,
                                                   .largest_vector = rows->user_norm};
    *out = (struct diffmm__search){NULL, NULL};
    if (!wanted(rows->item_count, rows->width, search))
        return DIFFMM_OK;
    diffmm_status status = begin(context, &input, search, &out->items);
    if (!status)
        status = begin_alike(context, rows, search, out);
    if (status)
        diffmm__search_end(out);
    return status;
}

void diffmm__search_end(struct diffmm__search *search)
{
    if (search->alike != search->items)
        diffmm__first_pass_destroy(search->alike);
    diffmm__first_pass_destroy(search->items);
    *search = (struct diffmm__search){NULL, NULL};
}

size_t diffmm__search_held(const struct diffmm__search *search)
{
    size_t bytes = diffmm__first_pass_held(search->items);
    return search->alike == search->items
               ? bytes
               : diffmm__size_sum(bytes, diffmm__first_pass_held(search->alike));
}

size_t diffmm__search_bytes(size_t items, size_t width, size_t d, diffmm_search search)
{
    if (!wanted(items, width, search))
        return 0;
    size_t bytes = diffmm__first_pass_bytes(items, width);
    return d == width ? bytes : diffmm__size_sum(bytes, diffmm__first_pass_bytes(items, d));
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Data sets of a few interactions with ratings and times, for tests. */
#ifndef DIFFMM_TESTS_SUPPORT_EVENTS_H
#define DIFFMM_TESTS_SUPPORT_EVENTS_H

#include <stdint.h>
#include <stdio.h>

#include <diffmm/diffmm.h>

#include "dataset/dataset.h"
#include "dataset/draft.h"
#include "support/context.h"
#include "support/failure.h"

/* An interaction; rating NaN and time INT64_MIN: it has none. */
struct event {
    const char *user, *item;
    double rating;
    int64_t time;
    int32_t split;
};

static inline void add_events(diffmm_dataset *dataset, const struct event *events, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const diffmm_interactions one = {.struct_size = sizeof one,
                                         .count = 1,
                                         .user_ids = &events[i].user,
                                         .item_ids = &events[i].item,
                                         .split = &events[i].split,
                                         .rating = &events[i].rating,
                                         .time = &events[i].time};
        expect_success(diffmm_dataset_add_interactions_with(dataset, DIFFMM_TRAIN, &one));
    }
}

/* An open data set that holds them. */
static inline diffmm_dataset *dataset_of(const struct event *events, size_t count)
{
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_create(context, &dataset));
    diffmm_context_destroy(context);
    add_events(dataset, events, count);
    return dataset;
}

static inline void expect_text(const diffmm_dataset *dataset, diffmm_split split, bool rated,
                               const char *wanted)
{
    char text[1000] = "";
    size_t used = 0;
    const struct diffmm__draft *draft = dataset->draft;
    for (size_t i = 0; i < draft->pairs[split].count; i++) {
        struct diffmm__coo_entry entry = diffmm__coo_entry_at(&draft->pairs[split], i);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s>%s", i ? " " : "",
                                 diffmm__ids_text(&draft->user_ids, entry.row),
                                 diffmm__ids_text(&draft->item_ids, entry.column));
        if (rated)
            used += (size_t)snprintf(text + used, sizeof text - used, ":%g", entry.rating);
        ck_assert_uint_lt(used, sizeof text);
    }
    ck_assert_str_eq(text, wanted);
}

/* The interactions of a split of an open data set, in their order, must be "user>item ..", or with
 * ratings "user>item:rating ..". */
static inline void expect_split(const diffmm_dataset *dataset, diffmm_split split,
                                const char *wanted)
{
    expect_text(dataset, split, false, wanted);
}

static inline void expect_rated(const diffmm_dataset *dataset, diffmm_split split,
                                const char *wanted)
{
    expect_text(dataset, split, true, wanted);
}

#endif

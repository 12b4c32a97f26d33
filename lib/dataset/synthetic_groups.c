/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/synthetic_groups.h"

#include <math.h>
#include <stdbool.h>

#include "base/random.h"
#include "base/streams.h"
#include "dataset/synthetic_draws.h"

/* A user with more interactions than the groups of interest have items draws in vain. From the first
 * number of attempts on, any item will do; from the second on, the next one that is new. */
enum { interests = 3, most_attempts = 64, attempts_by_interest = 48 };

static size_t group_count(const diffmm_synthetic *spec)
{
    return (spec->items + spec->group_items - 1) / spec->group_items;
}

/* ceil(sqrt(groups)): a root that is rounded right. */
static size_t theme_count(size_t groups)
{
    return (size_t)ceil(sqrt((double)groups));
}

/* Of `count` numbers, those that are `first` modulo `step`. */
static size_t every(size_t count, size_t first, size_t step)
{
    return (count - first + step - 1) / step;
}

static void find_interests(const diffmm_synthetic *spec, size_t user, size_t out[interests])
{
    uint64_t stream = diffmm__stream_synthetic(DIFFMM__SYNTHETIC_INTERESTS);
    uint64_t position = (uint64_t)user * 2 * interests;
    size_t groups = group_count(spec), themes = theme_count(groups);
    out[0] = (size_t)diffmm__random_below(spec->seed, stream, position, groups);
    size_t theme = out[0] % themes, alike = every(groups, theme, themes);
    for (size_t k = 1; k < interests; k++) {
        position += 2;
        out[k] =
            diffmm__random_real(spec->seed, stream, position + 1) < 0.5
                ? theme + themes * (size_t)diffmm__random_below(spec->seed, stream, position, alike)
                : (size_t)diffmm__random_below(spec->seed, stream, position, groups);
    }
}

/* 64 bits scaled to below `bound`: not even to 2^-64, which nobody can measure. */
static size_t scaled(uint32_t high, uint32_t low, size_t bound)
{
    uint64_t bits = (uint64_t)high << 32 | low;
    return (size_t)((unsigned __int128)bits * bound >> 64);
}

/* One attempt: an item, and whether it is popular enough. */
static bool attempt(const diffmm_synthetic *spec, const size_t interest[interests],
                    uint64_t position, bool by_interest, size_t *item)
{
    uint32_t draw[4];
    diffmm__random4(spec->seed, diffmm__stream_synthetic(DIFFMM__SYNTHETIC_CHOICES), position,
                    draw);
    size_t eighth = draw[0] >> 29, groups = group_count(spec);
    size_t which = eighth < 4 ? 0 : eighth < 6 ? 1 : eighth < 7 ? 2 : interests;
    if (which == interests || !by_interest)
        *item = scaled(draw[1], draw[2], spec->items);
    else
        *item = interest[which] +
                groups * scaled(draw[1], draw[2], every(spec->items, interest[which], groups));
    double share = (double)draw[3] * 0x1p-32 * DIFFMM__SYNTHETIC_MOST_POPULAR;
    return !by_interest || share < diffmm__synthetic_popularity(spec->seed, *item);
}

/* Numbers that a user has had: a hash table, at most half full, in the caller's room. */
struct had {
    size_t slots;
    int32_t *number; /* -1: free */
};

/* Whether the number is new; it is not then. */
static bool add(struct had *had, size_t number)
{
    size_t slot = (size_t)(number * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (had->slots - 1);
    for (; had->number[slot] >= 0; slot = (slot + 1) & (had->slots - 1))
        if (had->number[slot] == (int32_t)number)
            return false;
    had->number[slot] = (int32_t)number;
    return true;
}

void diffmm__synthetic_groups_choose(const diffmm_synthetic *spec, size_t user, size_t first,
                                     size_t count, int32_t *room, int32_t *out)
{
    struct had had = {.slots = 2, .number = room};
    size_t interest[interests];
    while (had.slots < 2 * count)
        had.slots *= 2;
    for (size_t s = 0; s < had.slots && count > 0; s++)
        room[s] = -1;
    find_interests(spec, user, interest);
    for (size_t i = 0; i < count; i++) {
        uint64_t position = ((uint64_t)first + i) * most_attempts;
        size_t item = 0;
        bool found = false;
        for (uint64_t a = 0; a < most_attempts && !found; a++)
            found = attempt(spec, interest, position + a, a < attempts_by_interest, &item) &&
                    add(&had, item);
        while (!found) {
            item = item + 1 == spec->items ? 0 : item + 1;
            found = add(&had, item);
        }
        out[i] = (int32_t)item;
    }
    uint64_t order = diffmm__stream_synthetic(DIFFMM__SYNTHETIC_ORDER);
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)diffmm__random_below(spec->seed, order, (uint64_t)first + i - 1, i);
        int32_t other = out[j];
        out[j] = out[i - 1];
        out[i - 1] = other;
    }
}

static void add_direction(const diffmm_synthetic *spec, size_t which, size_t index, double factor,
                          double *room, double *out)
{
    diffmm__synthetic_direction(spec->seed, which, index, spec->factors, room);
    for (size_t f = 0; f < spec->factors; f++)
        out[f] += factor * room[f];
}

void diffmm__synthetic_groups_direction(const diffmm_synthetic *spec, size_t item, double *room,
                                        double *out)
{
    size_t groups = group_count(spec), group = item % groups, factors = spec->factors;
    double squares = 0;
    diffmm__synthetic_direction(spec->seed, DIFFMM__SYNTHETIC_THEMES, group % theme_count(groups),
                                factors, out);
    add_direction(spec, DIFFMM__SYNTHETIC_GROUPS, group, 0.7, room, out);
    add_direction(spec, DIFFMM__SYNTHETIC_ITEMS, item, 0.4, room, out);
    for (size_t f = 0; f < factors; f++)
        squares += out[f] * out[f];
    double length = sqrt(squares);
    for (size_t f = 0; f < factors && length > 0; f++)
        out[f] /= length;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/user_entries.h"

#include <stdint.h>
#include <string.h>

#include "base/status.h"

/* The split of an entry; its place within it takes the place of its number. */
static int find_split(const struct diffmm__draft *draft, size_t *number)
{
    int split = 0;
    for (; split < DIFFMM__SPLITS - 1 && *number >= draft->pairs[split].count; split++)
        *number -= draft->pairs[split].count;
    return split;
}

struct diffmm__coo_entry diffmm__user_entries_at(const struct diffmm__user_entries *entries,
                                                 size_t number)
{
    int split = find_split(entries->draft, &number);
    return diffmm__coo_entry_at(&entries->draft->pairs[split], number);
}

/* Count each user's entries, then give each user a stretch as long as that. */
static void count_entries(struct diffmm__user_entries *entries)
{
    size_t begin = 0;
    for (int s = 0; s < DIFFMM__SPLITS; s++) {
        const struct diffmm__coo *pairs = &entries->draft->pairs[s];
        for (size_t i = 0; i < pairs->count; i++)
            entries->starts[pairs->row[i]]++;
    }
    for (size_t u = 0; u <= entries->users; u++) {
        size_t count = entries->starts[u];
        entries->starts[u] = begin;
        begin += count;
    }
}

/* Put each entry behind those of its user so far; starts[u] runs to starts[u + 1] and goes back. */
static void put_entries(struct diffmm__user_entries *entries)
{
    size_t number = 0;
    for (int s = 0; s < DIFFMM__SPLITS; s++) {
        const struct diffmm__coo *pairs = &entries->draft->pairs[s];
        for (size_t i = 0; i < pairs->count; i++)
            entries->entry[entries->starts[pairs->row[i]]++] = number++;
    }
    for (size_t u = entries->users; u > 0; u--)
        entries->starts[u] = entries->starts[u - 1];
    entries->starts[0] = 0;
}

diffmm_status diffmm__user_entries_begin(const diffmm_context *context,
                                         const struct diffmm__draft *draft,
                                         struct diffmm__user_entries *out)
{
    struct diffmm__user_entries entries = {.arena = diffmm__arena_on(context),
                                           .draft = draft,
                                           .users = diffmm__draft_users(draft),
                                           .items = diffmm__draft_items(draft)};
    for (int s = 0; s < DIFFMM__SPLITS; s++)
        entries.count += draft->pairs[s].count;
    entries.starts =
        diffmm__arena_take_zero(&entries.arena, entries.users + 1, sizeof *entries.starts);
    entries.entry = diffmm__arena_take(&entries.arena, entries.count, sizeof *entries.entry);
    if (entries.arena.failed) {
        diffmm__arena_end(&entries.arena);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    count_entries(&entries);
    put_entries(&entries);
    *out = entries;
    return DIFFMM_OK;
}

void diffmm__user_entries_end(struct diffmm__user_entries *entries)
{
    diffmm__arena_end(&entries->arena);
}

/* Whether an entry takes the place of an earlier one of the same pair. */
static bool replaces(const struct diffmm__coo_entry *entry, const struct diffmm__coo_entry *earlier,
                     diffmm_keep keep)
{
    bool timed = earlier->time != DIFFMM__NO_TIME && entry->time != DIFFMM__NO_TIME &&
                 earlier->time != entry->time;
    if (keep == DIFFMM_KEEP_FIRST)
        return timed && entry->time < earlier->time;
    return !timed || entry->time > earlier->time;
}

static const size_t unlisted = SIZE_MAX;

/* Unlist the repeated entries of a user. `place` has for each item 1 + the place in the list of the
 * entry that stays, or 0, and is all 0 before and after. */
static void unlist_repeated(struct diffmm__user_entries *entries, size_t user, diffmm_keep keep,
                            size_t *place)
{
    size_t *list = entries->entry, end = entries->starts[user + 1];
    for (size_t i = entries->starts[user]; i < end; i++) {
        struct diffmm__coo_entry entry = diffmm__user_entries_at(entries, list[i]);
        size_t earlier = place[entry.column];
        if (earlier > 0) {
            struct diffmm__coo_entry other = diffmm__user_entries_at(entries, list[earlier - 1]);
            if (!replaces(&entry, &other, keep)) {
                list[i] = unlisted;
                continue;
            }
            list[earlier - 1] = unlisted;
        }
        place[entry.column] = i + 1;
    }
    for (size_t i = entries->starts[user]; i < end; i++)
        if (list[i] != unlisted)
            place[diffmm__user_entries_at(entries, list[i]).column] = 0;
}

/* Close the gaps that unlisted entries left. */
static void close_gaps(struct diffmm__user_entries *entries)
{
    size_t kept = 0, begin = 0;
    for (size_t u = 0; u < entries->users; u++) {
        size_t end = entries->starts[u + 1];
        for (size_t i = begin; i < end; i++)
            if (entries->entry[i] != unlisted)
                entries->entry[kept++] = entries->entry[i];
        begin = end;
        entries->starts[u + 1] = kept;
    }
}

diffmm_status diffmm__user_entries_deduplicate(struct diffmm__user_entries *entries,
                                               diffmm_keep keep, size_t *repeated)
{
    size_t *place = diffmm__arena_take_zero(&entries->arena, entries->items, sizeof *place);
    if (!place)
        return DIFFMM_ERROR_NO_MEMORY;
    for (size_t u = 0; u < entries->users; u++)
        unlist_repeated(entries, u, keep, place);
    close_gaps(entries);
    *repeated = entries->count - entries->starts[entries->users];
    return DIFFMM_OK;
}

static diffmm_status check_times(const struct diffmm__user_entries *entries)
{
    size_t missing = 0;
    for (size_t i = 0; i < entries->count; i++)
        missing += diffmm__user_entries_at(entries, i).time == DIFFMM__NO_TIME;
    return missing == 0 ? DIFFMM_OK
                        : diffmm__fail(DIFFMM_ERROR_STATE,
                                       "%zu of %zu interactions have no timestamp, so the data set "
                                       "cannot be divided by time",
                                       missing, entries->count);
}

/* An entry and when it was. */
struct event {
    int64_t time;
    size_t entry;
};

/* Merge two sorted stretches, a before b where times are equal. */
static void merge(const struct event *a, size_t a_count, const struct event *b, size_t b_count,
                  struct event *out)
{
    while (a_count && b_count)
        if (a->time <= b->time) {
            *out++ = *a++;
            a_count--;
        } else {
            *out++ = *b++;
            b_count--;
        }
    memcpy(out, a, a_count * sizeof *out);
    memcpy(out + a_count, b, b_count * sizeof *out);
}

/* Merge sort: stretches of 1, 2, 4, .. are sorted. Returns the one of both arrays that holds the
 * result. */
static struct event *sort_events(struct event *events, struct event *other, size_t count)
{
    for (size_t length = 1; length < count; length *= 2) {
        for (size_t begin = 0; begin < count; begin += 2 * length) {
            size_t left = count - begin, a = left < length ? left : length;
            size_t b = left - a < length ? left - a : length;
            merge(events + begin, a, events + begin + a, b, other + begin);
        }
        struct event *sorted = other;
        other = events;
        events = sorted;
    }
    return events;
}

static size_t longest_stretch(const struct diffmm__user_entries *entries)
{
    size_t longest = 0;
    for (size_t u = 0; u < entries->users; u++) {
        size_t length = entries->starts[u + 1] - entries->starts[u];
        longest = length > longest ? length : longest;
    }
    return longest;
}

diffmm_status diffmm__user_entries_sort(struct diffmm__user_entries *entries)
{
    diffmm_status status = check_times(entries);
    if (status)
        return status;
    size_t longest = longest_stretch(entries);
    struct event *events = diffmm__arena_take(&entries->arena, longest, 2 * sizeof *events);
    if (!events)
        return DIFFMM_ERROR_NO_MEMORY;
    for (size_t u = 0; u < entries->users; u++) {
        size_t *entry = entries->entry + entries->starts[u];
        size_t count = entries->starts[u + 1] - entries->starts[u];
        for (size_t i = 0; i < count; i++)
            events[i] = (struct event){diffmm__user_entries_at(entries, entry[i]).time, entry[i]};
        const struct event *sorted = sort_events(events, events + longest, count);
        for (size_t i = 0; i < count; i++)
            entry[i] = sorted[i].entry;
    }
    return DIFFMM_OK;
}

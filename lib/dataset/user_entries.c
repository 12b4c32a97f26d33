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

/* An entry and when it was. */
struct diffmm__user_event {
    int64_t time;
    size_t entry;
};

/* Entries in a block, 64 MB of numbers. */
enum { usual_block = 1 << 23 };

/* Count each user's entries, then those of the users before. Returns the most that a user has. */
static size_t count_entries(struct diffmm__user_entries *entries)
{
    size_t begin = 0, longest = 0;
    for (int s = 0; s < DIFFMM__SPLITS; s++) {
        const struct diffmm__coo *pairs = &entries->draft->pairs[s];
        for (size_t i = 0; i < pairs->count; i++)
            entries->starts[pairs->row[i]]++;
    }
    for (size_t u = 0; u <= entries->users; u++) {
        size_t count = entries->starts[u];
        longest = count > longest ? count : longest;
        entries->starts[u] = begin;
        begin += count;
    }
    return longest;
}

diffmm_status diffmm__user_entries_begin(const diffmm_context *context,
                                         const struct diffmm__draft *draft, size_t most,
                                         struct diffmm__user_entries *out)
{
    struct diffmm__user_entries entries = {.arena = diffmm__arena_on(context),
                                           .draft = draft,
                                           .users = diffmm__draft_users(draft),
                                           .items = diffmm__draft_items(draft),
                                           .most = most ? most : usual_block};
    for (int s = 0; s < DIFFMM__SPLITS; s++)
        entries.count += draft->pairs[s].count;
    entries.starts =
        diffmm__arena_take_zero(&entries.arena, entries.users + 1, sizeof *entries.starts);
    size_t longest = entries.starts ? count_entries(&entries) : 0;
    size_t block = entries.most < entries.count ? entries.most : entries.count;
    block = block > longest ? block : longest;
    entries.entry = diffmm__arena_take(&entries.arena, block, sizeof *entries.entry);
    entries.place = diffmm__arena_take_zero(&entries.arena, entries.items, sizeof *entries.place);
    entries.events = diffmm__arena_take(&entries.arena, longest, 2 * sizeof *entries.events);
    if (entries.arena.failed) {
        diffmm__arena_end(&entries.arena);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    *out = entries;
    return DIFFMM_OK;
}

void diffmm__user_entries_end(struct diffmm__user_entries *entries)
{
    diffmm__arena_end(&entries->arena);
}

/* Put each entry of the users first .. after - 1 behind those of its user so far; starts[u] runs to
 * starts[u + 1] and goes back. */
static void put_entries(struct diffmm__user_entries *entries, size_t first, size_t after)
{
    size_t number = 0, *starts = entries->starts, begin = starts[first];
    for (int s = 0; s < DIFFMM__SPLITS; s++) {
        const struct diffmm__coo *pairs = &entries->draft->pairs[s];
        for (size_t i = 0; i < pairs->count; i++, number++) {
            size_t user = (size_t)pairs->row[i];
            if (user >= first && user < after)
                entries->entry[starts[user]++ - begin] = number;
        }
    }
    for (size_t u = after - 1; u > first; u--)
        starts[u] = starts[u - 1];
    starts[first] = begin;
}

/* Sort the entries of as many users as a block holds, and of one at least. */
static void begin_block(struct diffmm__user_entries *entries)
{
    size_t first = entries->next, after = first + 1;
    while (after < entries->users &&
           entries->starts[after + 1] - entries->starts[first] <= entries->most)
        after++;
    put_entries(entries, first, after);
    entries->first = first;
    entries->after = after;
}

bool diffmm__user_entries_next(struct diffmm__user_entries *entries, struct diffmm__user_list *list)
{
    const size_t *starts = entries->starts;
    if (entries->next == entries->users)
        return false;
    if (entries->next == entries->after)
        begin_block(entries);
    size_t user = entries->next++;
    *list = (struct diffmm__user_list){user, starts[user + 1] - starts[user],
                                       entries->entry + (starts[user] - starts[entries->first])};
    return true;
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

/* Close the gaps that unlisted entries left. Returns how many there were. */
static size_t close_gaps(struct diffmm__user_list *list)
{
    size_t kept = 0, count = list->count;
    for (size_t i = 0; i < count; i++)
        if (list->entry[i] != unlisted)
            list->entry[kept++] = list->entry[i];
    list->count = kept;
    return count - kept;
}

/* `place` has for each item 1 + the place in the list of the entry that stays, or 0, and is all 0
 * before and after. */
size_t diffmm__user_entries_deduplicate(struct diffmm__user_entries *entries, diffmm_keep keep,
                                        struct diffmm__user_list *list)
{
    size_t *number = list->entry, *place = entries->place;
    for (size_t i = 0; i < list->count; i++) {
        struct diffmm__coo_entry entry = diffmm__user_entries_at(entries, number[i]);
        size_t earlier = place[entry.column];
        if (earlier > 0) {
            struct diffmm__coo_entry other = diffmm__user_entries_at(entries, number[earlier - 1]);
            if (!replaces(&entry, &other, keep)) {
                number[i] = unlisted;
                continue;
            }
            number[earlier - 1] = unlisted;
        }
        place[entry.column] = i + 1;
    }
    size_t repeated = close_gaps(list);
    for (size_t i = 0; i < list->count; i++)
        place[diffmm__user_entries_at(entries, number[i]).column] = 0;
    return repeated;
}

diffmm_status diffmm__user_entries_check_times(const struct diffmm__user_entries *entries)
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

/* Merge two sorted stretches, a before b where times are equal. */
static void merge(const struct diffmm__user_event *a, size_t a_count,
                  const struct diffmm__user_event *b, size_t b_count,
                  struct diffmm__user_event *out)
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
static struct diffmm__user_event *sort_events(struct diffmm__user_event *events,
                                              struct diffmm__user_event *other, size_t count)
{
    for (size_t length = 1; length < count; length *= 2) {
        for (size_t begin = 0; begin < count; begin += 2 * length) {
            size_t left = count - begin, a = left < length ? left : length;
            size_t b = left - a < length ? left - a : length;
            merge(events + begin, a, events + begin + a, b, other + begin);
        }
        struct diffmm__user_event *sorted = other;
        other = events;
        events = sorted;
    }
    return events;
}

void diffmm__user_entries_sort(struct diffmm__user_entries *entries, struct diffmm__user_list *list)
{
    struct diffmm__user_event *events = entries->events;
    for (size_t i = 0; i < list->count; i++)
        events[i] = (struct diffmm__user_event){
            diffmm__user_entries_at(entries, list->entry[i]).time, list->entry[i]};
    const struct diffmm__user_event *sorted =
        sort_events(events, events + list->count, list->count);
    for (size_t i = 0; i < list->count; i++)
        list->entry[i] = sorted[i].entry;
}

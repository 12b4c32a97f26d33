/* SPDX-License-Identifier: BSD-2-Clause */
#include "last_out.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1 << 20 };

struct text_block {
    struct text_block *before;
    size_t used, size;
    char text[];
};

static const char *keep_text(struct events *events, const char *text)
{
    size_t size = strlen(text) + 1;
    struct text_block *block = events->texts;
    if (!block || block->size - block->used < size) {
        size_t room = size > BLOCK ? size : BLOCK;
        block = malloc(sizeof *block + room);
        if (!block)
            return NULL;
        *block = (struct text_block){.before = events->texts, .size = room};
        events->texts = block;
    }
    char *kept = memcpy(block->text + block->used, text, size);
    block->used += size;
    return kept;
}

bool events_add(struct events *events, const char *user, const char *item, long double time)
{
    if (events->count == events->capacity) {
        size_t capacity = events->capacity ? 2 * events->capacity : 1024;
        struct event *grown = reallocarray(events->list, capacity, sizeof *grown);
        if (!grown)
            return false;
        events->list = grown;
        events->capacity = capacity;
    }
    struct event event = {.user = keep_text(events, user), .time = time, .split = DIFFMM_TRAIN};
    event.item = event.user ? keep_text(events, item) : NULL;
    if (!event.item)
        return false;
    events->list[events->count++] = event;
    return true;
}

/* Earlier events first; of equal times, earlier rows. */
static int by_time(const struct event *a, const struct event *b)
{
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    return a < b ? -1 : a > b;
}

static int by_user_and_item(const void *left, const void *right)
{
    const struct event *a = *(struct event *const *)left, *b = *(struct event *const *)right;
    int order = strcmp(a->user, b->user);
    order = order ? order : strcmp(a->item, b->item);
    return order ? order : by_time(a, b);
}

static int by_user_and_time(const void *left, const void *right)
{
    const struct event *a = *(struct event *const *)left, *b = *(struct event *const *)right;
    int order = strcmp(a->user, b->user);
    return order ? order : by_time(a, b);
}

static bool same_user(const struct event *a, const struct event *b)
{
    return strcmp(a->user, b->user) == 0;
}

static bool same_pair(const struct event *a, const struct event *b)
{
    return same_user(a, b) && strcmp(a->item, b->item) == 0;
}

/* The splits of one user's items, which come in the order of time. */
static void split_user(struct event *const *items, size_t count)
{
    if (count >= 2)
        items[count - 1]->split = DIFFMM_TEST;
    if (count >= 3)
        items[count - 2]->split = DIFFMM_VALID;
}

/* Put the last event of each pair at the beginning of a sorted list: how many there are. */
static size_t choose_last(struct event **last, struct event *const *sorted, size_t count)
{
    size_t pairs = 0;
    for (size_t i = 0; i < count; i++)
        if (i + 1 == count || !same_pair(sorted[i], sorted[i + 1]))
            last[pairs++] = sorted[i];
    return pairs;
}

bool events_leave_last_out(struct events *events)
{
    size_t count = events->count;
    struct event **sorted = calloc(count + 1, sizeof(struct event *));
    struct event **last = calloc(count + 1, sizeof(struct event *));
    if (sorted && last) {
        for (size_t i = 0; i < count; i++)
            sorted[i] = &events->list[i];
        qsort(sorted, count, sizeof *sorted, by_user_and_item);
        size_t pairs = choose_last(last, sorted, count);
        qsort(last, pairs, sizeof(struct event *), by_user_and_time);
        for (size_t first = 0, next; first < pairs; first = next) {
            for (next = first + 1; next < pairs && same_user(last[first], last[next]);)
                next++;
            split_user(last + first, next - first);
        }
        /* What comes again goes where its last event went. */
        for (size_t i = count; i-- > 1;)
            if (same_pair(sorted[i - 1], sorted[i]))
                sorted[i - 1]->split = sorted[i]->split;
    }
    bool good = sorted && last;
    free(last);
    free(sorted);
    return good;
}

void events_end(struct events *events)
{
    while (events->texts) {
        struct text_block *before = events->texts->before;
        free(events->texts);
        events->texts = before;
    }
    free(events->list);
    *events = (struct events){0};
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "groups.h"

#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
    const struct group_entry *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static int by_item(const void *a, const void *b)
{
    const struct group_entry *x = a, *y = b;
    return strcmp(x->item, y->item);
}

/* Cut each line at its last tab: a name has none, an id may. */
static bool cut_lines(struct groups *groups, const char *path, struct failure *failure)
{
    for (size_t i = 0; i < groups->lines.count; i++) {
        char *line = groups->lines.text + (groups->lines.ids[i] - groups->lines.text);
        char *tab = strrchr(line, '\t');
        if (!tab || tab == line || !tab[1])
            return refuse(failure, 500, "%s:%zu: not an item, a tab and a group", path, i + 1);
        *tab = '\0';
        groups->entries[groups->count++] = (struct group_entry){.item = line, .name = tab + 1};
    }
    return true;
}

/* Number the names; sort by items, of which each has one line. */
static bool index_entries(struct groups *groups, const char *path, struct failure *failure)
{
    struct group_entry *entries = groups->entries;
    if (groups->count > INT32_MAX)
        return refuse(failure, 500, "%s: more than %d lines", path, INT32_MAX);
    qsort(entries, groups->count, sizeof *entries, by_name);
    for (size_t i = 1; i < groups->count; i++)
        entries[i].group =
            entries[i - 1].group + (strcmp(entries[i - 1].name, entries[i].name) != 0);
    qsort(entries, groups->count, sizeof *entries, by_item);
    for (size_t i = 1; i < groups->count; i++)
        if (strcmp(entries[i - 1].item, entries[i].item) == 0)
            return refuse(failure, 500, "%s: item '%.64s' has two lines", path, entries[i].item);
    return true;
}

bool groups_begin(struct groups *groups, const char *path, struct failure *failure)
{
    *groups = (struct groups){.count = 0};
    if (!path)
        return true;
    char why[sizeof failure->reason];
    if (!id_list_read(path, &groups->lines, why, sizeof why))
        return refuse(failure, 500, "%s", why);
    groups->entries = calloc(groups->lines.count + 1, sizeof *groups->entries);
    if ((groups->entries || refuse_memory(failure)) && cut_lines(groups, path, failure) &&
        index_entries(groups, path, failure))
        return true;
    groups_end(groups);
    return false;
}

void groups_end(struct groups *groups)
{
    free(groups->entries);
    id_list_end(&groups->lines);
    *groups = (struct groups){.count = 0};
}

static int32_t find(const struct groups *groups, const char *item)
{
    const struct group_entry wanted = {.item = item};
    const struct group_entry *entry =
        groups->count ? bsearch(&wanted, groups->entries, groups->count, sizeof wanted, by_item)
                      : NULL;
    return entry ? entry->group : -1;
}

/* The library goes by the numbers of items: here, by places in the list, so that groups are looked
 * up for its items alone. */
bool groups_limit(const struct groups *groups, const diffmm_scorer *scorer, size_t most,
                  diffmm_hit *hits, size_t *found, struct failure *failure)
{
    size_t count = *found;
    int32_t *of_place = malloc((count + 1) * sizeof *of_place);
    diffmm_hit *places = malloc((count + 1) * sizeof *places);
    diffmm_status status = DIFFMM_ERROR_NO_MEMORY;
    bool room = of_place && places;
    for (size_t i = 0; room && i < count; i++) {
        of_place[i] = find(groups, diffmm_scorer_item_id(scorer, hits[i].item));
        places[i] = (diffmm_hit){.item = (int32_t)i, .score = hits[i].score};
    }
    if (room)
        status = diffmm_limit_groups(count, of_place, most, count, places, count, places, found);
    for (size_t i = 0; status == DIFFMM_OK && i < *found; i++)
        hits[i] = hits[places[i].item]; /* which is not before i */
    free(of_place);
    free(places);
    return status == DIFFMM_OK || (room ? refuse_call(failure, status) : refuse_memory(failure));
}

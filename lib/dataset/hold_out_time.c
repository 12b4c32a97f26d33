/* SPDX-License-Identifier: BSD-2-Clause */
/* Holding out by time: the last interactions of each user, or all from a moment on. Of a pair that
 * comes more than once, the first counts, because what a user has had before is no prediction. */
#include <string.h>

#include "base/handle.h"
#include "base/status.h"
#include "dataset/dataset.h"
#include "dataset/user_entries.h"

/* The place of an entry that is not kept. */
enum { nowhere = DIFFMM__SPLITS };

/* The entries of the training split that go to another one, added to that. */
static diffmm_status copy_held(const diffmm_context *context, const struct diffmm__coo *train,
                               const unsigned char *place, diffmm_split split,
                               struct diffmm__coo *out)
{
    size_t count = 0;
    for (size_t i = 0; i < train->count; i++)
        count += place[i] == split;
    diffmm_status status = diffmm__coo_begin(context, count, out);
    for (size_t i = 0; i < train->count && !status; i++) {
        struct diffmm__coo_entry entry = diffmm__coo_entry_at(train, i);
        if (place[i] == split)
            status = diffmm__coo_add_entry(context, out, &entry);
    }
    return status;
}

/* Each entry of the training split goes where `place` says. What stays is moved together: with many
 * there is no memory to spare. */
static diffmm_status divide(diffmm_dataset *dataset, const unsigned char *place)
{
    const diffmm_context *context = dataset->context;
    struct diffmm__coo held[DIFFMM__SPLITS] = {{0}};
    struct diffmm__coo *pairs = dataset->draft->pairs;
    diffmm_status status = DIFFMM_OK;
    for (int s = DIFFMM_VALID; s <= DIFFMM_TEST && !status; s++)
        status = copy_held(context, &pairs[DIFFMM_TRAIN], place, (diffmm_split)s, &held[s]);
    for (int s = DIFFMM_VALID; s <= DIFFMM_TEST; s++) {
        diffmm__coo_end(context, status ? &held[s] : &pairs[s]);
        if (!status)
            pairs[s] = held[s];
    }
    if (!status)
        diffmm__coo_keep(&pairs[DIFFMM_TRAIN], place, DIFFMM_TRAIN);
    return status;
}

/* The rule by which interactions are held out. */
struct rule {
    /* Says where each of a user's entries goes, which are in the order of time. */
    void (*place_row)(const struct rule *rule, const struct diffmm__user_entries *entries,
                      const struct diffmm__user_list *list, unsigned char *place);
    size_t valid, test;            /* how many of each user */
    int64_t valid_from, test_from; /* from when on */
};

static void place_tail(const struct rule *rule, const struct diffmm__user_entries *entries,
                       const struct diffmm__user_list *list, unsigned char *place)
{
    (void)entries;
    size_t count = list->count;
    size_t most = count > 0 ? count - 1 : 0; /* one stays in training */
    size_t test = rule->test < most ? rule->test : most;
    size_t valid = rule->valid < most - test ? rule->valid : most - test;
    for (size_t i = 0; i < count; i++)
        place[list->entry[i]] = i >= count - test           ? DIFFMM_TEST
                                : i >= count - test - valid ? DIFFMM_VALID
                                                            : DIFFMM_TRAIN;
}

static void place_by_time(const struct rule *rule, const struct diffmm__user_entries *entries,
                          const struct diffmm__user_list *list, unsigned char *place)
{
    for (size_t i = 0; i < list->count; i++) {
        size_t number = list->entry[i];
        int64_t time = diffmm__user_entries_at(entries, number).time;
        place[number] = time >= rule->test_from    ? DIFFMM_TEST
                        : time >= rule->valid_from ? DIFFMM_VALID
                                                   : DIFFMM_TRAIN;
    }
}

/* Say where each entry goes. Returns how many repeat another and go nowhere. */
static size_t place_all(const struct rule *rule, struct diffmm__user_entries *entries,
                        unsigned char *place)
{
    struct diffmm__user_list list;
    size_t repeated = 0;
    memset(place, nowhere, entries->count);
    while (diffmm__user_entries_next(entries, &list)) {
        repeated += diffmm__user_entries_deduplicate(entries, DIFFMM_KEEP_FIRST, &list);
        diffmm__user_entries_sort(entries, &list);
        rule->place_row(rule, entries, &list, place);
    }
    return repeated;
}

static diffmm_status hold_out(diffmm_dataset *dataset, const struct rule *rule)
{
    struct diffmm__draft *draft = dataset->draft;
    struct diffmm__user_entries entries;
    size_t repeated = 0;
    diffmm_status status = diffmm__user_entries_begin(dataset->context, draft, 0, &entries);
    if (status)
        return status;
    unsigned char *place = diffmm__arena_take(&entries.arena, entries.count, sizeof *place);
    status = place ? diffmm__user_entries_check_times(&entries) : DIFFMM_ERROR_NO_MEMORY;
    if (!status) {
        repeated = place_all(rule, &entries, place);
        status = divide(dataset, place);
    }
    diffmm__user_entries_end(&entries);
    if (status)
        return status;
    draft->census.repeated += repeated;
    draft->census.times_used = true;
    return DIFFMM_OK;
}

static diffmm_status check_undivided(const diffmm_dataset *dataset)
{
    diffmm_status status = diffmm__dataset_check_open(dataset);
    return status ? status : diffmm__draft_check_undivided(dataset->draft);
}

diffmm_status diffmm_dataset_hold_out_last(diffmm_dataset *dataset, size_t valid, size_t test)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = check_undivided(dataset);
    if (!status && valid == 0 && test == 0)
        status = diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                              "valid and test are 0, so nothing would be held out");
    const struct rule rule = {.place_row = place_tail, .valid = valid, .test = test};
    return status ? status : hold_out(dataset, &rule);
}

/* The time that a text names; without one, the end of all times. */
static diffmm_status read_time(const char *text, const char *name, int64_t *time)
{
    *time = INT64_MAX;
    if (!text || diffmm__event_time_read(text, strlen(text), time))
        return DIFFMM_OK;
    return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                        "%s is '%s', not a number and no date of ISO 8601", name, text);
}

/* The interactions must have times, and one must be before what is held out. */
static diffmm_status check_times(const diffmm_dataset *dataset, const struct rule *rule)
{
    const struct diffmm__coo *pairs = &dataset->draft->pairs[DIFFMM_TRAIN];
    if (!pairs->time)
        return DIFFMM_OK; /* sorting says so */
    for (size_t i = 0; i < pairs->count; i++)
        if (pairs->time[i] < rule->test_from && pairs->time[i] < rule->valid_from)
            return DIFFMM_OK;
    return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                        "no interaction is before that, so nothing would be left for training");
}

static diffmm_status read_rule(const char *valid, const char *test, struct rule *rule)
{
    *rule = (struct rule){.place_row = place_by_time};
    if (!valid && !test)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "valid and test are NULL, so nothing would be held out");
    diffmm_status status = read_time(valid, "valid", &rule->valid_from);
    if (!status)
        status = read_time(test, "test", &rule->test_from);
    if (!status && valid && rule->valid_from >= rule->test_from)
        status = diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                              "valid, '%s', is not before test, '%s'", valid, test);
    return status;
}

diffmm_status diffmm_dataset_hold_out_from(diffmm_dataset *dataset, const char *valid,
                                           const char *test)
{
    struct rule rule;
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = check_undivided(dataset);
    if (!status)
        status = read_rule(valid, test, &rule);
    if (!status)
        status = check_times(dataset, &rule);
    return status ? status : hold_out(dataset, &rule);
}

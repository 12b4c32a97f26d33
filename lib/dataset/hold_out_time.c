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

/* Each entry of the training split goes where `place` says. */
static diffmm_status divide(diffmm_dataset *dataset, const unsigned char *place)
{
    struct diffmm__coo splits[DIFFMM__SPLITS] = {{0}};
    struct diffmm__coo *pairs = dataset->draft->pairs;
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; i < pairs[DIFFMM_TRAIN].count && !status; i++) {
        struct diffmm__coo_entry entry = diffmm__coo_entry_at(&pairs[DIFFMM_TRAIN], i);
        if (place[i] != nowhere)
            status = diffmm__coo_add_entry(dataset->context, &splits[place[i]], &entry);
    }
    for (int s = 0; s < DIFFMM__SPLITS; s++) {
        diffmm__coo_end(dataset->context, status ? &splits[s] : &pairs[s]);
        if (!status)
            pairs[s] = splits[s];
    }
    return status;
}

/* The rule by which interactions are held out. */
struct rule {
    /* Says where each of a user's entries goes, which are in the order of time. */
    void (*place_row)(const struct rule *rule, const struct diffmm__user_entries *entries,
                      size_t user, unsigned char *place);
    size_t valid, test;            /* how many of each user */
    int64_t valid_from, test_from; /* from when on */
};

static void place_tail(const struct rule *rule, const struct diffmm__user_entries *entries,
                       size_t user, unsigned char *place)
{
    size_t begin = entries->starts[user], count = entries->starts[user + 1] - begin;
    size_t most = count > 0 ? count - 1 : 0; /* one stays in training */
    size_t test = rule->test < most ? rule->test : most;
    size_t valid = rule->valid < most - test ? rule->valid : most - test;
    for (size_t i = 0; i < count; i++)
        place[entries->entry[begin + i]] = i >= count - test           ? DIFFMM_TEST
                                           : i >= count - test - valid ? DIFFMM_VALID
                                                                       : DIFFMM_TRAIN;
}

static void place_by_time(const struct rule *rule, const struct diffmm__user_entries *entries,
                          size_t user, unsigned char *place)
{
    for (size_t i = entries->starts[user]; i < entries->starts[user + 1]; i++) {
        size_t number = entries->entry[i];
        int64_t time = diffmm__user_entries_at(entries, number).time;
        place[number] = time >= rule->test_from    ? DIFFMM_TEST
                        : time >= rule->valid_from ? DIFFMM_VALID
                                                   : DIFFMM_TRAIN;
    }
}

static diffmm_status hold_out(diffmm_dataset *dataset, const struct rule *rule)
{
    struct diffmm__draft *draft = dataset->draft;
    struct diffmm__user_entries entries;
    size_t repeated = 0;
    diffmm_status status = diffmm__user_entries_begin(dataset->context, draft, &entries);
    if (status)
        return status;
    unsigned char *place = diffmm__arena_take(&entries.arena, entries.count, sizeof *place);
    status = place ? diffmm__user_entries_deduplicate(&entries, DIFFMM_KEEP_FIRST, &repeated)
                   : DIFFMM_ERROR_NO_MEMORY;
    if (!status)
        status = diffmm__user_entries_sort(&entries);
    if (!status) {
        memset(place, nowhere, entries.count);
        for (size_t u = 0; u < entries.users; u++)
            rule->place_row(rule, &entries, u, place);
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

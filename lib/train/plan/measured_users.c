/* SPDX-License-Identifier: BSD-2-Clause */
/* All users are shuffled; the first ones that may be measured are. */
#include "train/plan/measured_users.h"

#include "base/ascending.h"
#include "base/random.h"
#include "base/streams.h"

static bool is_known(const diffmm_dataset *dataset, size_t user)
{
    return diffmm__csr_row_entries(&dataset->catalog->train, user) > 0;
}

static bool is_held(const diffmm_dataset *dataset, size_t user)
{
    return is_known(dataset, user) && diffmm__csr_row_entries(&dataset->held[0], user) > 0;
}

struct census {
    size_t known, held, longest_known, longest_held;
};

static struct census count_users(const diffmm_dataset *dataset)
{
    struct census census = {0};
    for (size_t u = 0; u < dataset->catalog->users; u++) {
        size_t entries = diffmm__csr_row_entries(&dataset->catalog->train, u);
        bool held = is_held(dataset, u);
        census.known += entries > 0;
        census.held += held;
        if (entries > census.longest_known)
            census.longest_known = entries;
        if (held && entries > census.longest_held)
            census.longest_held = entries;
    }
    return census;
}

static size_t at_most(size_t count, size_t wanted)
{
    return wanted > 0 && wanted < count ? wanted : count;
}

struct diffmm__measured_users diffmm__measured_users_count(const diffmm_dataset *dataset,
                                                           const struct diffmm__settings *settings)
{
    struct diffmm__measured_users users = {0};
    if (!settings->diffusion_enabled || settings->measure == DIFFMM__MEASURE_OFF)
        return users;
    struct census census = count_users(dataset);
    users.sampled = at_most(census.known, settings->measure_users);
    if (settings->measure != DIFFMM__MEASURE_FULL)
        return users;
    users.judged = at_most(census.held > 0 ? census.held : census.known, settings->measure_users);
    users.longest = census.held > 0 ? census.longest_held : census.longest_known;
    return users;
}

/* The first `count` of the shuffled users who are known; and have something held out. */
static void choose(const diffmm_dataset *dataset, const int32_t *shuffled, bool held, size_t count,
                   int32_t *out)
{
    size_t chosen = 0;
    for (size_t i = 0; chosen < count; i++) {
        size_t user = (size_t)shuffled[i];
        if (held ? is_held(dataset, user) : is_known(dataset, user))
            out[chosen++] = shuffled[i];
    }
    diffmm__ascending_sort(count, out);
}

diffmm_status diffmm__measured_users_draw(const diffmm_dataset *dataset,
                                          const struct diffmm__settings *settings,
                                          const struct diffmm__measured_users *count,
                                          int32_t *sampled, int32_t *judged)
{
    size_t users = dataset->catalog->users;
    int32_t *shuffled = diffmm__allocate(dataset->context, users, sizeof *shuffled);
    if (!shuffled)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm__random_shuffle(settings->seed, diffmm__stream_measured_users(), users, shuffled);
    choose(dataset, shuffled, false, count->sampled, sampled);
    choose(dataset, shuffled, count_users(dataset).held > 0, count->judged, judged);
    diffmm__release(dataset->context, shuffled);
    return DIFFMM_OK;
}

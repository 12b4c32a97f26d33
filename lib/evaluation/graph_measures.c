/* SPDX-License-Identifier: BSD-2-Clause */
/* What is counted is summed as whole numbers, by each worker apart, since the order of such sums
 * does not matter; similarities are summed in the order of users. */
#include "evaluation/graph_measures.h"

#include <math.h>

#include "base/pool.h"

enum { commonest = 10, users_at_once = 512, sampled_at_once = 16 };

/* Counts of edges. */
struct diffmm__graph_sums {
    uint64_t edges, observed, twice_rank, compared, agreed, held_edges, hits;
};

static void lay_out(struct diffmm__graph_measuring *m, size_t workers)
{
    const struct diffmm__graph_setting *s = &m->setting;
    m->edges_of = diffmm__arena_take(&m->arena, s->items, sizeof *m->edges_of);
    m->sums = diffmm__arena_take(&m->arena, workers, sizeof *m->sums);
    if (s->columns == 0)
        return;
    m->own_sum = diffmm__arena_take(&m->arena, workers, s->columns * sizeof *m->own_sum);
    m->similar = diffmm__arena_take(&m->arena, s->sample_count, sizeof *m->similar);
}

size_t diffmm__graph_measuring_bytes(const struct diffmm__graph_setting *setting, size_t threads)
{
    struct diffmm__graph_measuring measured = {.arena = diffmm__arena_measure(),
                                               .setting = *setting};
    lay_out(&measured, threads);
    return measured.arena.bytes;
}

diffmm_status diffmm__graph_measuring_begin(const diffmm_context *context,
                                            const struct diffmm__graph_setting *setting,
                                            struct diffmm__graph_measuring *out)
{
    *out = (struct diffmm__graph_measuring){
        .context = context, .arena = diffmm__arena_on(context), .setting = *setting};
    lay_out(out, diffmm__workers(context));
    if (out->arena.failed) {
        diffmm__graph_measuring_end(out);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    return DIFFMM_OK;
}

void diffmm__graph_measuring_end(struct diffmm__graph_measuring *measuring)
{
    diffmm__arena_end(&measuring->arena);
    *measuring = (struct diffmm__graph_measuring){0};
}

/* One graph, for the tasks. */
struct run {
    struct diffmm__graph_measuring *m;
    const int32_t *neighbors, *previous;
    const struct diffmm__centred_features *features;
};

static void count_user(const struct diffmm__graph_setting *s, size_t user, const int32_t *row,
                       struct diffmm__graph_sums *sums)
{
    bool held = s->held && diffmm__csr_row_entries(s->held, user) > 0;
    for (size_t j = 0; j < s->count; j++) {
        if (row[j] < 0)
            continue;
        sums->edges++;
        sums->observed += diffmm__csr_has(s->train, user, row[j]);
        sums->twice_rank += s->popularity->twice_rank[row[j]];
        sums->held_edges += held;
        sums->hits += held && diffmm__csr_has(s->held, user, row[j]);
    }
}

static void count_users(void *argument, size_t index, size_t worker)
{
    const struct run *run = argument;
    const struct diffmm__graph_setting *s = &run->m->setting;
    size_t first = index * users_at_once, left = s->users - first;
    size_t end = first + (left < users_at_once ? left : users_at_once);
    for (size_t u = first; u < end; u++)
        count_user(s, u, run->neighbors + u * s->count, &run->m->sums[worker]);
}

/* How many items two ascending rows share. */
static size_t count_shared(size_t count, const int32_t *a, const int32_t *b)
{
    size_t i = 0, j = 0, shared = 0;
    while (i < count && j < count) {
        shared += a[i] == b[j] && a[i] >= 0;
        int32_t x = a[i], y = b[j];
        i += x <= y;
        j += y <= x;
    }
    return shared;
}

/* Rows of which the last item, the largest, is none are empty. */
static void compare_previous(const struct run *run, size_t index, const int32_t *row,
                             struct diffmm__graph_sums *sums)
{
    size_t count = run->m->setting.count;
    const int32_t *previous = run->previous + index * count;
    if (previous[count - 1] < 0)
        return;
    for (size_t j = 0; j < count; j++)
        sums->compared += row[j] >= 0;
    sums->agreed += count_shared(count, row, previous);
}

static void compare_features(const struct run *run, size_t index, size_t user, const int32_t *row,
                             size_t worker)
{
    const struct diffmm__graph_setting *s = &run->m->setting;
    int64_t first = s->train->pointers[user];
    struct diffmm__similarity *out = &run->m->similar[index];
    if (!diffmm__centred_features_compare(run->features, diffmm__csr_row_entries(s->train, user),
                                          s->train->indices + first, s->count, row,
                                          run->m->own_sum + worker * s->columns, out))
        out->listed = out->random = NAN;
}

static void measure_sample(void *argument, size_t index, size_t worker)
{
    const struct run *run = argument;
    const struct diffmm__graph_setting *s = &run->m->setting;
    size_t first = index * sampled_at_once, left = s->sample_count - first;
    size_t end = first + (left < sampled_at_once ? left : sampled_at_once);
    for (size_t i = first; i < end; i++) {
        size_t user = s->sample ? (size_t)s->sample[i] : i;
        const int32_t *row = run->neighbors + user * s->count;
        if (run->previous)
            compare_previous(run, i, row, &run->m->sums[worker]);
        if (run->features)
            compare_features(run, i, user, row, worker);
    }
}

/* How many items have edges; and how many edges the commonest have. */
static void count_items(const struct run *run, size_t *distinct, uint64_t *top)
{
    const struct diffmm__graph_setting *s = &run->m->setting;
    uint32_t *edges_of = run->m->edges_of;
    uint32_t most[commonest + 1] = {0}; /* descending; the last place is for the next item */
    for (size_t i = 0; i < s->items; i++)
        edges_of[i] = 0;
    for (size_t e = 0; e < s->users * s->count; e++)
        if (run->neighbors[e] >= 0)
            edges_of[run->neighbors[e]]++;
    for (size_t i = 0; i < s->items; i++) {
        size_t place = commonest;
        *distinct += edges_of[i] > 0;
        for (; place > 0 && most[place - 1] < edges_of[i]; place--)
            most[place] = most[place - 1];
        most[place] = edges_of[i];
    }
    for (size_t place = 0; place < commonest; place++)
        *top += most[place];
}

static struct diffmm__graph_sums add_workers(const struct diffmm__graph_measuring *m)
{
    struct diffmm__graph_sums all = {0};
    for (size_t w = 0; w < diffmm__workers(m->context); w++) {
        const struct diffmm__graph_sums *one = &m->sums[w];
        all.edges += one->edges;
        all.observed += one->observed;
        all.twice_rank += one->twice_rank;
        all.compared += one->compared;
        all.agreed += one->agreed;
        all.held_edges += one->held_edges;
        all.hits += one->hits;
    }
    return all;
}

static void average_similarity(const struct run *run, diffmm_graph_measures *out)
{
    for (size_t i = 0; i < run->m->setting.sample_count; i++) {
        const struct diffmm__similarity *user = &run->m->similar[i];
        if (isnan(user->listed))
            continue;
        out->similarity_users++;
        out->similarity += user->listed;
        out->random_similarity += user->random;
    }
    if (out->similarity_users == 0)
        return;
    out->similarity /= (double)out->similarity_users;
    out->random_similarity /= (double)out->similarity_users;
    out->similarity_gain = out->similarity - out->random_similarity;
}

static double share(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0.0;
}

static size_t tasks(size_t total, size_t at_once)
{
    return (total + at_once - 1) / at_once;
}

void diffmm__graph_measuring_run(struct diffmm__graph_measuring *m, const int32_t *neighbors,
                                 const int32_t *previous,
                                 const struct diffmm__centred_features *features,
                                 diffmm_graph_measures *out)
{
    const struct diffmm__graph_setting *s = &m->setting;
    struct run run = {.m = m, .neighbors = neighbors, .previous = previous, .features = features};
    uint64_t top = 0;
    *out = (diffmm_graph_measures){.struct_size = sizeof *out};
    for (size_t w = 0; w < diffmm__workers(m->context); w++)
        m->sums[w] = (struct diffmm__graph_sums){0};
    count_items(&run, &out->distinct_items, &top);
    diffmm__parallel(m->context, tasks(s->users, users_at_once), count_users, &run);
    if (previous || features)
        diffmm__parallel(m->context, tasks(s->sample_count, sampled_at_once), measure_sample, &run);
    struct diffmm__graph_sums all = add_workers(m);
    out->edges = (size_t)all.edges;
    out->top_share = share(top, all.edges);
    out->observed_share = share(all.observed, all.edges);
    out->popularity_rank = share(all.twice_rank, 2 * all.edges);
    out->compared_edges = (size_t)all.compared;
    out->agreement = share(all.agreed, all.compared);
    out->held_edges = (size_t)all.held_edges;
    out->hits = (size_t)all.hits;
    out->hit_rate = share(all.hits, all.held_edges);
    if (features)
        average_similarity(&run, out);
}

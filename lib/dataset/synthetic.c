/* SPDX-License-Identifier: BSD-2-Clause */
/* Data sets with a planted structure. Users and items are directions p_u, q_i in a space of hidden
 * factors. User u has n_u interactions: the items with the n_u smallest keys
 *
 *     r_ui / w_ui      with  w_ui = popularity_i (max(0, p_u q_i)^4 + 1e-4),
 *                            r_ui uniform in (0, 1),
 *
 * which is sampling in proportion to w (sequential Poisson sampling; Ohlsson 1998). A modality
 * shows q_i through a random matrix, with noise.
 *
 * Interactions are decided with + - * / and square roots only, which round the same way
 * everywhere. */
#include <math.h>
#include <stdio.h>

#include "base/handle.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/random.h"
#include "base/status.h"
#include "base/streams.h"
#include "base/structs.h"
#include "dataset/modalities.h"

enum { max_modalities = 256, max_factors = 4096, min_per_user = 3 };

/* What a random stream is for; modality m has two from draw_modality + 2 m on. */
enum draw {
    draw_popularity = 0,
    draw_items = 1,
    draw_users = 2,
    draw_counts = 3,
    draw_keys = 4,
    draw_order = 5,
    draw_modality = 16
};

struct candidate {
    double key;
    int32_t item;
};

struct world {
    diffmm_synthetic spec;
    double *popularity;
    double *user, *item; /* users x factors, items x factors; rows of length 1 */
    size_t *start;       /* user u has chosen[start[u]] .. chosen[start[u + 1] - 1] */
    struct candidate *chosen;
};

/* Roughly normal, of mean 0 and deviation 1: the sum of four uniform draws. */
static double bell(uint64_t seed, uint64_t which, uint64_t position)
{
    uint32_t draw[4];
    diffmm__random4(seed, which, position, draw);
    int64_t sum = (int64_t)draw[0] + draw[1] + draw[2] + draw[3] - (INT64_C(1) << 33);
    return (double)sum * 0x1p-32 * sqrt(3.0);
}

static void draw_directions(uint64_t seed, enum draw which, size_t count, size_t factors,
                            double *out)
{
    for (size_t i = 0; i < count; i++) {
        double *row = out + i * factors, squares = 0;
        for (size_t f = 0; f < factors; f++) {
            row[f] = bell(seed, diffmm__stream_synthetic(which), i * factors + f);
            squares += row[f] * row[f];
        }
        double length = sqrt(squares);
        for (size_t f = 0; f < factors && length > 0; f++)
            row[f] /= length;
    }
}

/* How many interactions each user has: at least min_per_user if there are so many, the rest in
 * uneven shares, none more than half of the items; exactly spec.interactions in all. */
static void draw_user_counts(struct world *world, double *share)
{
    size_t users = world->spec.users, most = (world->spec.items + 1) / 2;
    size_t least = world->spec.interactions / users;
    least = least < min_per_user ? least : min_per_user;
    size_t rest = world->spec.interactions - users * least;
    double sum = 0, extra = (double)rest;
    for (size_t u = 0; u < users; u++) {
        share[u] = 1 / (0.1 + diffmm__random_real(world->spec.seed,
                                                  diffmm__stream_synthetic(draw_counts), u));
        sum += share[u];
    }
    size_t *count = world->start + 1;
    for (size_t u = 0; u < users; u++) {
        size_t more = (size_t)(extra * (share[u] / sum));
        more = more < most - least ? more : most - least;
        more = more < rest ? more : rest;
        count[u] = least + more;
        rest -= more;
    }
    for (size_t u = 0; rest > 0; u = u + 1 == users ? 0 : u + 1)
        if (count[u] < most) {
            count[u]++;
            rest--;
        }
    world->start[0] = 0;
    for (size_t u = 0; u < users; u++)
        world->start[u + 1] += world->start[u];
}

static bool after(struct candidate a, struct candidate b)
{
    return a.key > b.key || (a.key == b.key && a.item > b.item);
}

/* Puts `entry` at the root of a heap that has its last candidate on top. */
static void sink(struct candidate *heap, size_t count, size_t root, struct candidate entry)
{
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && after(heap[child + 1], heap[child]))
            child++;
        if (!after(heap[child], entry))
            break;
        heap[root] = heap[child];
    }
    heap[root] = entry;
}

static double weight(const struct world *world, const double *user, size_t item)
{
    const double *q = world->item + item * world->spec.factors;
    double product = 0;
    for (size_t f = 0; f < world->spec.factors; f++)
        product += user[f] * q[f];
    double square = product > 0 ? product * product : 0;
    return world->popularity[item] * (square * square + 1e-4);
}

/* The first `count` of a user's candidates, in random order. */
static void choose_items(const struct world *world, size_t user)
{
    const diffmm_synthetic *spec = &world->spec;
    const double *p = world->user + user * spec->factors;
    struct candidate *chosen = world->chosen + world->start[user];
    size_t count = world->start[user + 1] - world->start[user];
    uint64_t key_stream = diffmm__stream_synthetic(draw_keys),
             order_stream = diffmm__stream_synthetic(draw_order);
    uint64_t position = (uint64_t)user * ((spec->items + 3) / 4);
    uint32_t draw[4] = {0};
    for (size_t i = 0; i < spec->items && count > 0; i++) {
        if (i % 4 == 0)
            diffmm__random4(spec->seed, key_stream, position + i / 4, draw);
        double real = ((double)draw[i % 4] + 0.5) * 0x1p-32;
        struct candidate candidate = {real / weight(world, p, i), (int32_t)i};
        if (i < count) {
            chosen[i] = candidate;
            for (size_t root = i + 1 == count ? count / 2 : 0; root-- > 0;)
                sink(chosen, count, root, chosen[root]);
        } else if (after(chosen[0], candidate)) {
            sink(chosen, count, 0, candidate);
        }
    }
    for (size_t i = count; i > 1; i--) {
        size_t j =
            (size_t)diffmm__random_below(spec->seed, order_stream, world->start[user] + i - 1, i);
        struct candidate swap = chosen[i - 1];
        chosen[i - 1] = chosen[j];
        chosen[j] = swap;
    }
}

static void choose_for_users(void *argument, size_t begin, size_t end)
{
    for (size_t u = begin; u < end; u++)
        choose_items(argument, u);
}

/* The split of a user's interaction `index` of n: a fifth of them, rounded, is held out, one half
 * for validation and one for test; an odd one goes to either, by the user's number. */
static diffmm_split split_of(size_t user, size_t n, size_t index)
{
    size_t held = (n + 2) / 5, valid = (held + user % 2) / 2;
    if (index < valid)
        return DIFFMM_VALID;
    return index < held ? DIFFMM_TEST : DIFFMM_TRAIN;
}

static diffmm_status add_split(diffmm_dataset *dataset, const struct world *world,
                               diffmm_split split, int32_t *user, int32_t *item)
{
    size_t count = 0;
    for (size_t u = 0; u < world->spec.users; u++) {
        size_t begin = world->start[u], n = world->start[u + 1] - begin;
        for (size_t i = 0; i < n; i++)
            if (split_of(u, n, i) == split) {
                user[count] = (int32_t)u;
                item[count++] = world->chosen[begin + i].item;
            }
    }
    return diffmm_dataset_add_interactions(dataset, split, count, user, item);
}

struct view {
    const struct world *world;
    const double *map; /* factors x dimensions */
    size_t dimensions;
    uint64_t noise; /* stream */
    float *features;
};

static void show_items(void *argument, size_t begin, size_t end)
{
    const struct view *view = argument;
    size_t factors = view->world->spec.factors, dimensions = view->dimensions;
    for (size_t i = begin; i < end; i++)
        for (size_t j = 0; j < dimensions; j++) {
            size_t position = i * dimensions + j;
            double value = 0.5 * bell(view->world->spec.seed, view->noise, position);
            for (size_t f = 0; f < factors; f++)
                value += view->world->item[i * factors + f] * view->map[f * dimensions + j];
            view->features[position] = (float)value;
        }
}

static diffmm_status add_modality(diffmm_dataset *dataset, const struct world *world, size_t index)
{
    static const char *const names[] = {"image", "text", "audio"};
    const diffmm_synthetic *spec = &world->spec;
    char name[32];
    if (index < sizeof names / sizeof *names)
        snprintf(name, sizeof name, "%s", names[index]);
    else
        snprintf(name, sizeof name, "modality%zu", index);
    size_t dimensions = spec->dimensions ? spec->dimensions[index] : 32;
    size_t size = spec->factors * dimensions; /* at most 2^12 x 2^20 */
    double *map = diffmm__allocate(dataset->context, size, sizeof *map);
    float *features =
        map ? diffmm__allocate(dataset->context, spec->items * dimensions, sizeof *features) : NULL;
    if (!features) {
        diffmm__release(dataset->context, map);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; i < size; i++)
        map[i] = bell(spec->seed, diffmm__stream_synthetic(draw_modality + 2 * index), i);
    struct view view = {world, map, dimensions,
                        diffmm__stream_synthetic(draw_modality + 2 * index + 1), features};
    diffmm__parallel_ranges(dataset->context, spec->items, 64, show_items, &view);
    diffmm__release(dataset->context, map);
    const struct diffmm__feature_rows rows = {
        .rows = spec->items, .dimensions = dimensions, .values = features};
    return diffmm__modalities_add_owned(dataset, name, rows, NULL);
}

static diffmm_status fill(diffmm_dataset *dataset, const diffmm_synthetic *spec)
{
    struct world world = {.spec = *spec};
    struct diffmm__arena arena = diffmm__arena_on(dataset->context);
    diffmm_status status = DIFFMM_ERROR_NO_MEMORY;
    size_t users = spec->users, items = spec->items, total = spec->interactions;
    world.popularity = diffmm__arena_take(&arena, items, sizeof *world.popularity);
    world.user = diffmm__arena_take(&arena, users * spec->factors, sizeof *world.user);
    world.item = diffmm__arena_take(&arena, items * spec->factors, sizeof *world.item);
    world.start = diffmm__arena_take(&arena, users + 1, sizeof *world.start);
    world.chosen = diffmm__arena_take(&arena, total, sizeof *world.chosen);
    double *share = diffmm__arena_take(&arena, users, sizeof *share);
    int32_t *user = diffmm__arena_take(&arena, total, sizeof *user);
    int32_t *item = diffmm__arena_take(&arena, total, sizeof *item);
    if (arena.failed)
        goto done;
    for (size_t i = 0; i < items; i++)
        world.popularity[i] =
            1 /
            (0.15 + diffmm__random_real(spec->seed, diffmm__stream_synthetic(draw_popularity), i));
    draw_directions(spec->seed, draw_items, items, spec->factors, world.item);
    draw_directions(spec->seed, draw_users, users, spec->factors, world.user);
    draw_user_counts(&world, share);
    diffmm__parallel_ranges(dataset->context, users, 16, choose_for_users, &world);
    status = diffmm_dataset_reserve(dataset, users, items);
    for (int s = DIFFMM_TRAIN; s <= DIFFMM_TEST && !status; s++)
        status = add_split(dataset, &world, (diffmm_split)s, user, item);
    for (size_t m = 0; m < spec->modality_count && !status; m++)
        status = add_modality(dataset, &world, m);
done:
    diffmm__arena_end(&arena);
    return status;
}

static diffmm_status check_range(const char *field, size_t value, size_t most)
{
    if (value >= 1 && value <= most)
        return DIFFMM_OK;
    return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "spec: %s is %zu, not 1 to %zu", field,
                        value, most);
}

/* Fills in defaults for what is 0, and checks ranges. */
static diffmm_status complete(diffmm_synthetic *spec)
{
    spec->users = spec->users ? spec->users : 1000;
    spec->items = spec->items ? spec->items : 600;
    spec->factors = spec->factors ? spec->factors : 8;
    diffmm_status status = check_range("users", spec->users, INT32_MAX);
    if (!status)
        status = check_range("items", spec->items, INT32_MAX);
    if (!status)
        status = check_range("factors", spec->factors, max_factors);
    if (status)
        return status;
    size_t most = (spec->items + 1) / 2;
    if (spec->interactions == 0)
        spec->interactions = spec->users * (most < 12 ? most : 12);
    status = check_range("interactions (at most half of users x items)", spec->interactions,
                         spec->users * most);
    if (spec->dimensions && spec->modality_count == 0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "spec: dimensions are given, but modality_count is 0");
    spec->modality_count = spec->modality_count ? spec->modality_count : 2;
    if (!status)
        status = check_range("modality_count", spec->modality_count, max_modalities);
    for (size_t m = 0; spec->dimensions && !status && m < spec->modality_count; m++)
        status = check_range("a modality's dimensions", spec->dimensions[m], 1 << 20);
    return status;
}

diffmm_status diffmm_dataset_synthesize(diffmm_context *context, const diffmm_synthetic *spec,
                                        diffmm_dataset **out)
{
    DIFFMM__CALL call = diffmm__call_reads(context);
    if (!context)
        return diffmm__null("context");
    if (!out)
        return diffmm__null("out");
    diffmm_synthetic ours = {0};
    diffmm_status status = DIFFMM_OK;
    if (spec)
        status = diffmm__struct_read(&ours, &diffmm__layout_synthetic, spec, "spec");
    if (!status)
        status = complete(&ours);
    if (status)
        return status;
    diffmm_dataset *dataset;
    status = diffmm_dataset_create(context, &dataset);
    if (status)
        return status;
    status = fill(dataset, &ours);
    if (status) {
        diffmm_dataset_destroy(dataset);
        return status;
    }
    *out = dataset;
    return DIFFMM_OK;
}

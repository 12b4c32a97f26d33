/* SPDX-License-Identifier: BSD-2-Clause */
/* Data sets with a planted structure: either of two kinds (synthetic_near.h, synthetic_groups.h), made
 * in blocks of users, so that memory is that of the data set. A modality shows the items' directions
 * q_i through a random matrix, with noise. */
#include <stdio.h>

#include "base/handle.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/status.h"
#include "base/structs.h"
#include "dataset/draft.h"
#include "dataset/modalities.h"
#include "dataset/synthetic_draws.h"
#include "dataset/synthetic_groups.h"
#include "dataset/synthetic_near.h"

enum { max_modalities = 256, block_interactions = 1 << 20 };

struct world {
    diffmm_synthetic spec;
    double *item;       /* items x factors */
    double *popularity; /* of items; NULL where they are in groups */
    size_t *start;      /* user u has the interactions start[u] .. start[u + 1] - 1 */
    /* Of a block of users, whose first interaction is number block_start; `room` is scratch. */
    size_t first_user, block_start;
    int32_t *chosen;
    struct diffmm__synthetic_candidate *room;
};

/* Directions of items, and their popularity. */
static void draw_items(void *argument, size_t begin, size_t end)
{
    const struct world *world = argument;
    const diffmm_synthetic *spec = &world->spec;
    double room[DIFFMM__SYNTHETIC_MOST_FACTORS];
    for (size_t i = begin; i < end; i++) {
        double *q = world->item + i * spec->factors;
        if (world->popularity) {
            diffmm__synthetic_direction(spec->seed, DIFFMM__SYNTHETIC_ITEMS, i, spec->factors, q);
            world->popularity[i] = diffmm__synthetic_popularity(spec->seed, i);
        } else {
            diffmm__synthetic_groups_direction(spec, i, room, q);
        }
    }
}

/* Room for four numbers is as much as for a candidate. */
_Static_assert(sizeof(struct diffmm__synthetic_candidate) >= 4 * sizeof(int32_t), "room");

/* The interactions of users of the block. */
static void choose(void *argument, size_t begin, size_t end)
{
    const struct world *world = argument;
    const diffmm_synthetic *spec = &world->spec;
    for (size_t u = world->first_user + begin; u < world->first_user + end; u++) {
        size_t first = world->start[u], count = world->start[u + 1] - first;
        size_t at = first - world->block_start;
        if (world->popularity)
            diffmm__synthetic_near_choose(spec, world->item, world->popularity, u, first, count,
                                          world->room + at, world->chosen + at);
        else
            diffmm__synthetic_groups_choose(spec, u, first, count, (int32_t *)(world->room + at),
                                            world->chosen + at);
    }
}

/* Users from `first` on whose interactions fit in a block, at least one. */
static size_t block_users(const struct world *world, size_t first)
{
    size_t after = first + 1;
    while (after < world->spec.users &&
           world->start[after + 1] - world->start[first] <= block_interactions)
        after++;
    return after - first;
}

/* Interactions of the largest block. */
static size_t largest_block(const struct world *world)
{
    size_t most = 0;
    for (size_t u = 0, users; u < world->spec.users; u += users) {
        users = block_users(world, u);
        size_t count = world->start[u + users] - world->start[u];
        most = count > most ? count : most;
    }
    return most;
}

/* Add a block to the splits, which have room. */
static void add_block(const struct world *world, size_t users,
                      struct diffmm__coo splits[DIFFMM__SPLITS])
{
    static const int order[DIFFMM__SPLITS] = {DIFFMM_VALID, DIFFMM_TEST, DIFFMM_TRAIN};
    const int32_t *next = world->chosen;
    for (size_t u = world->first_user; u < world->first_user + users; u++) {
        size_t counts[DIFFMM__SPLITS];
        diffmm__synthetic_split(u, world->start[u + 1] - world->start[u], counts);
        for (int s = 0; s < DIFFMM__SPLITS; s++) {
            struct diffmm__coo *split = &splits[order[s]];
            for (size_t i = 0; i < counts[order[s]]; i++) {
                split->row[split->count] = (int32_t)u;
                split->column[split->count++] = *next++;
            }
        }
    }
}

static diffmm_status begin_splits(diffmm_dataset *dataset, const struct world *world)
{
    size_t totals[DIFFMM__SPLITS] = {0};
    for (size_t u = 0; u < world->spec.users; u++) {
        size_t counts[DIFFMM__SPLITS];
        diffmm__synthetic_split(u, world->start[u + 1] - world->start[u], counts);
        for (int s = 0; s < DIFFMM__SPLITS; s++)
            totals[s] += counts[s];
    }
    diffmm_status status = diffmm__draft_decide(dataset->draft, DIFFMM__NAMING_NUMBERS);
    for (int s = 0; s < DIFFMM__SPLITS && !status; s++)
        if (totals[s] > 0)
            status = diffmm__coo_begin(dataset->context, totals[s], &dataset->draft->pairs[s]);
    return status;
}

static diffmm_status add_pairs(diffmm_dataset *dataset, struct world *world,
                               struct diffmm__arena *arena)
{
    size_t most = largest_block(world);
    world->chosen = diffmm__arena_take(arena, most, sizeof *world->chosen);
    world->room = diffmm__arena_take(arena, most, sizeof *world->room);
    if (arena->failed)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = begin_splits(dataset, world);
    for (size_t u = 0, users; u < world->spec.users && !status; u += users) {
        users = block_users(world, u);
        world->first_user = u;
        world->block_start = world->start[u];
        diffmm__parallel_ranges(dataset->context, users, 16, choose, world);
        add_block(world, users, dataset->draft->pairs);
    }
    return status;
}

struct view {
    const struct world *world;
    const double *map; /* factors x dimensions */
    size_t dimensions;
    size_t noise; /* which draw */
    float *features;
};

static void show_items(void *argument, size_t begin, size_t end)
{
    const struct view *view = argument;
    size_t factors = view->world->spec.factors, dimensions = view->dimensions;
    for (size_t i = begin; i < end; i++)
        for (size_t j = 0; j < dimensions; j++) {
            size_t position = i * dimensions + j;
            double value =
                0.5 * diffmm__synthetic_bell(view->world->spec.seed, view->noise, position);
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
        map[i] = diffmm__synthetic_bell(spec->seed, DIFFMM__SYNTHETIC_MODALITY + 2 * index, i);
    struct view view = {world, map, dimensions, DIFFMM__SYNTHETIC_MODALITY + 2 * index + 1,
                        features};
    diffmm__parallel_ranges(dataset->context, spec->items, 64, show_items, &view);
    diffmm__release(dataset->context, map);
    const struct diffmm__feature_rows rows = {
        .rows = spec->items, .dimensions = dimensions, .values = features};
    return diffmm__modalities_add_owned(dataset, name, rows, NULL);
}

/* The users' counts, whose scratch ends before the interactions come. */
static diffmm_status count_interactions(const diffmm_context *context, const struct world *world)
{
    double *share = diffmm__allocate(context, world->spec.users, sizeof *share);
    if (!share)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm__synthetic_count(&world->spec, share, world->start);
    diffmm__release(context, share);
    return DIFFMM_OK;
}

static diffmm_status fill(diffmm_dataset *dataset, const diffmm_synthetic *spec)
{
    struct world world = {.spec = *spec};
    struct diffmm__arena arena = diffmm__arena_on(dataset->context);
    size_t users = spec->users, items = spec->items;
    world.item = diffmm__arena_take(&arena, items * spec->factors, sizeof *world.item);
    if (spec->group_items == 0)
        world.popularity = diffmm__arena_take(&arena, items, sizeof *world.popularity);
    world.start = diffmm__arena_take(&arena, users + 1, sizeof *world.start);
    diffmm_status status =
        arena.failed ? DIFFMM_ERROR_NO_MEMORY : count_interactions(dataset->context, &world);
    if (!status) {
        diffmm__parallel_ranges(dataset->context, items, 64, draw_items, &world);
        status = diffmm__draft_reserve(dataset->draft, users, items);
    }
    if (!status)
        status = add_pairs(dataset, &world, &arena);
    for (size_t m = 0; m < spec->modality_count && !status; m++)
        status = add_modality(dataset, &world, m);
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
        status = check_range("factors", spec->factors, DIFFMM__SYNTHETIC_MOST_FACTORS);
    if (!status && spec->group_items)
        status = check_range("group_items", spec->group_items, spec->items);
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

/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks of users x tiles of items, of whose scores only the top K stay. O(U I d) operations; per
 * thread one tile of scores, the block's users and their heaps. */
#include "evaluation/evaluation.h"

#include <math.h>

#include "base/ascending.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/random.h"
#include "base/streams.h"
#include "dataset/dataset.h"
#include "evaluation/metrics.h"
#include "linalg/gemm.h"

/* A block has `block_users` users, which share a tile of items while it is in the cache; where
 * rankings are long, as many as fit into `most_ranked` entries, but at least `few_users`. */
enum {
    block_users = 128,
    few_users = 8,
    most_ranked = 1 << 17,
    tile_items = 1024,
    split_count = 2
};

/* What one worker computes in. */
struct scratch {
    float *users;                   /* block x d */
    float *scores;                  /* block x tile_items */
    struct diffmm__ranked *entries; /* block x depth */
    struct diffmm__topk heaps[block_users];
    const int32_t *seen[block_users]; /* the rest of each user's training row */
    const int32_t *seen_end[block_users];
};

struct diffmm__evaluation {
    const diffmm_context *context;
    struct diffmm__arena arena;
    size_t d, items;
    const float *user_matrix, *item_matrix;
    size_t first, count; /* the users who are ranked now, of `active` */
    const struct diffmm__csr *seen;
    const struct diffmm__csr *held[split_count]; /* NULL: not wanted */
    size_t cutoff_count, depth;                  /* depth: the length of ranking needed */
    size_t block;                                /* users that are ranked at once */
    const size_t *cutoffs;
    bool known; /* only users with training interactions count */
    size_t active_count;
    int32_t *active; /* users who count, ascending */
    /* active user x split x cutoff */
    struct diffmm__user_metrics *results;
    struct scratch *scratch; /* per worker */
};

static size_t row_size(const struct diffmm__csr *rows, int32_t user)
{
    return rows ? (size_t)(rows->pointers[user + 1] - rows->pointers[user]) : 0;
}

/* A user counts who has something held out and, where only known users do, something trained on. */
static bool is_active(const struct diffmm__evaluation *evaluation, int32_t user)
{
    return (row_size(evaluation->held[0], user) > 0 || row_size(evaluation->held[1], user) > 0) &&
           (!evaluation->known || row_size(evaluation->seen, user) > 0);
}

/* Gather the block's users and start their rankings. */
static void begin_block(const struct diffmm__evaluation *evaluation, struct scratch *scratch,
                        size_t count, const int32_t *users)
{
    size_t d = evaluation->d;
    for (size_t b = 0; b < count; b++) {
        const int64_t *pointers = evaluation->seen->pointers + users[b];
        const float *row = evaluation->user_matrix + (size_t)users[b] * d;
        for (size_t j = 0; j < d; j++)
            scratch->users[b * d + j] = row[j];
        scratch->heaps[b] =
            diffmm__topk_begin(scratch->entries + b * evaluation->depth, evaluation->depth);
        scratch->seen[b] = evaluation->seen->indices + pointers[0];
        scratch->seen_end[b] = evaluation->seen->indices + pointers[1];
    }
}

/* Score the block against one tile of items, and offer what was not seen in training. */
static void rank_tile(const struct diffmm__evaluation *evaluation, struct scratch *scratch,
                      size_t count, size_t first)
{
    size_t d = evaluation->d, left = evaluation->items - first;
    size_t width = left < tile_items ? left : tile_items;
    diffmm__gemm_serial(count, width, d, 1, diffmm__plain(scratch->users, d),
                        diffmm__transposed(evaluation->item_matrix + first * d, d), 0,
                        scratch->scores, tile_items);
    for (size_t b = 0; b < count; b++) {
        float *scores = scratch->scores + b * tile_items;
        const int32_t *seen = scratch->seen[b];
        for (; seen < scratch->seen_end[b] && (size_t)*seen < first + width; seen++)
            scores[(size_t)*seen - first] = NAN;
        scratch->seen[b] = seen;
        diffmm__topk_push(&scratch->heaps[b], first, width, scores);
    }
}

static void measure_user(const struct diffmm__evaluation *evaluation, struct diffmm__topk *heap,
                         int32_t user, struct diffmm__user_metrics *out)
{
    size_t ranked = diffmm__topk_finish(heap);
    for (size_t s = 0; s < split_count; s++) {
        const struct diffmm__csr *rows = evaluation->held[s];
        size_t held = row_size(rows, user);
        for (size_t c = 0; held > 0 && c < evaluation->cutoff_count; c++)
            diffmm__metrics_of_user(ranked, heap->entries, held,
                                    rows->indices + rows->pointers[user], evaluation->cutoffs[c],
                                    &out[s * evaluation->cutoff_count + c]);
    }
}

static void evaluate_block(void *argument, size_t index, size_t worker)
{
    const struct diffmm__evaluation *evaluation = argument;
    struct scratch *scratch = &evaluation->scratch[worker];
    size_t done = index * evaluation->block, left = evaluation->count - done;
    size_t begin = evaluation->first + done,
           count = left < evaluation->block ? left : evaluation->block;
    const int32_t *users = evaluation->active + begin;
    begin_block(evaluation, scratch, count, users);
    for (size_t first = 0; first < evaluation->items; first += tile_items)
        rank_tile(evaluation, scratch, count, first);
    for (size_t b = 0; b < count; b++)
        measure_user(evaluation, &scratch->heaps[b], users[b],
                     evaluation->results + (begin + b) * split_count * evaluation->cutoff_count);
}

/* Take all memory, once the sizes are set. An arena that measures gives none. */
static void lay_out(struct diffmm__evaluation *evaluation, size_t workers)
{
    struct diffmm__arena *arena = &evaluation->arena;
    size_t block = evaluation->block;
    evaluation->active =
        diffmm__arena_take(arena, evaluation->active_count, sizeof *evaluation->active);
    /* Users with nothing held out in a split have 0 there: other processes may receive it. */
    evaluation->results = diffmm__arena_take_zero(arena, evaluation->active_count,
                                                  split_count * evaluation->cutoff_count *
                                                      sizeof *evaluation->results);
    evaluation->scratch = diffmm__arena_take(arena, workers, sizeof *evaluation->scratch);
    for (size_t w = 0; !arena->failed && w < workers; w++) {
        float *gathered = diffmm__arena_take(arena, evaluation->d, block * sizeof *gathered);
        float *scores = diffmm__arena_take(arena, tile_items, block * sizeof *scores);
        struct diffmm__ranked *entries =
            diffmm__arena_take(arena, evaluation->depth, block * sizeof *entries);
        if (evaluation->scratch) {
            evaluation->scratch[w].users = gathered;
            evaluation->scratch[w].scores = scores;
            evaluation->scratch[w].entries = entries;
        }
    }
}

/* Means over the users of a split, summed in the order of users. */
static void average(const struct diffmm__evaluation *evaluation, size_t split, diffmm_metrics *out)
{
    size_t cutoffs = evaluation->cutoff_count;
    for (size_t c = 0; c < cutoffs; c++) {
        diffmm_metrics mean = {.cutoff = evaluation->cutoffs[c]};
        for (size_t a = 0; a < evaluation->active_count; a++) {
            if (row_size(evaluation->held[split], evaluation->active[a]) == 0)
                continue;
            const struct diffmm__user_metrics *user =
                &evaluation->results[(a * split_count + split) * cutoffs + c];
            mean.users++;
            mean.recall += user->recall;
            mean.precision += user->precision;
            mean.ndcg += user->ndcg;
        }
        if (mean.users > 0) {
            mean.recall /= (double)mean.users;
            mean.precision /= (double)mean.users;
            mean.ndcg /= (double)mean.users;
        }
        out[c] = mean;
    }
}

static struct diffmm__evaluation shape(size_t items, size_t d, size_t cutoff_count,
                                       const size_t *cutoffs)
{
    struct diffmm__evaluation e = {
        .d = d, .items = items, .cutoff_count = cutoff_count, .cutoffs = cutoffs};
    for (size_t c = 0; c < cutoff_count; c++)
        if (cutoffs[c] > e.depth)
            e.depth = cutoffs[c];
    if (e.depth > items)
        e.depth = items;
    e.block = e.depth * block_users <= most_ranked ? block_users : most_ranked / e.depth;
    if (e.block < few_users)
        e.block = few_users;
    return e;
}

size_t diffmm__evaluation_users(size_t active, size_t wanted)
{
    return wanted > 0 && wanted < active ? wanted : active;
}

size_t diffmm__evaluation_result_bytes(void)
{
    return split_count * sizeof(struct diffmm__user_metrics);
}

size_t diffmm__evaluation_bytes(size_t active, size_t items, size_t d, size_t cutoff_count,
                                const size_t *cutoffs, size_t threads)
{
    struct diffmm__evaluation measured = shape(items, d, cutoff_count, cutoffs);
    measured.arena = diffmm__arena_measure();
    measured.active_count = active;
    lay_out(&measured, threads);
    return measured.arena.bytes;
}

static void list_active(const struct diffmm__evaluation *evaluation, size_t users, int32_t *out)
{
    size_t active = 0;
    for (size_t u = 0; u < users; u++)
        if (is_active(evaluation, (int32_t)u))
            out[active++] = (int32_t)u;
}

/* The users who count; or of these as many as are wanted: the first in a random order. */
static diffmm_status choose_users(struct diffmm__evaluation *evaluation, size_t users,
                                  size_t active, uint64_t seed)
{
    size_t wanted = evaluation->active_count;
    if (wanted == active) {
        list_active(evaluation, users, evaluation->active);
        return DIFFMM_OK;
    }
    int32_t *all = diffmm__allocate(evaluation->context, active, sizeof *all);
    int32_t *order = diffmm__allocate(evaluation->context, active, sizeof *order);
    if (all && order) {
        list_active(evaluation, users, all);
        diffmm__random_shuffle(seed, diffmm__stream_evaluated_users(), active, order);
        for (size_t i = 0; i < wanted; i++)
            evaluation->active[i] = all[order[i]];
        diffmm__ascending_sort(wanted, evaluation->active);
    }
    diffmm_status status = all && order ? DIFFMM_OK : DIFFMM_ERROR_NO_MEMORY;
    diffmm__release(evaluation->context, all);
    diffmm__release(evaluation->context, order);
    return status;
}

diffmm_status diffmm__evaluation_create(const diffmm_context *context,
                                        const diffmm_dataset *dataset,
                                        const struct diffmm__evaluation_request *request,
                                        struct diffmm__evaluation **out)
{
    const struct diffmm__catalog *catalog = dataset->catalog;
    struct diffmm__evaluation *evaluation = diffmm__allocate(context, 1, sizeof *evaluation);
    if (!evaluation)
        return DIFFMM_ERROR_NO_MEMORY;
    *evaluation = shape(catalog->items, request->d, request->cutoff_count, request->cutoffs);
    evaluation->context = context;
    evaluation->arena = diffmm__arena_on(context);
    evaluation->seen = &catalog->train;
    evaluation->known = request->what & DIFFMM__EVALUATE_KNOWN;
    evaluation->held[0] = request->what & DIFFMM__EVALUATE_VALID ? &dataset->held[0] : NULL;
    evaluation->held[1] = request->what & DIFFMM__EVALUATE_TEST ? &dataset->held[1] : NULL;
    size_t active = 0;
    for (size_t u = 0; u < catalog->users; u++)
        active += is_active(evaluation, (int32_t)u);
    evaluation->active_count = diffmm__evaluation_users(active, request->users);
    lay_out(evaluation, diffmm__workers(context));
    diffmm_status status = evaluation->arena.failed
                               ? DIFFMM_ERROR_NO_MEMORY
                               : choose_users(evaluation, catalog->users, active, request->seed);
    if (status) {
        diffmm__evaluation_destroy(evaluation);
        return status;
    }
    *out = evaluation;
    return DIFFMM_OK;
}

void diffmm__evaluation_destroy(struct diffmm__evaluation *evaluation)
{
    if (!evaluation)
        return;
    diffmm__arena_end(&evaluation->arena);
    diffmm__release(evaluation->context, evaluation);
}

struct diffmm__saturation diffmm__evaluation_saturation(const struct diffmm__evaluation *evaluation)
{
    struct diffmm__saturation found = {.of = evaluation->active_count};
    for (size_t c = 0; c < evaluation->cutoff_count; c++) {
        size_t cutoff = evaluation->cutoffs[c], users = 0;
        for (size_t a = 0; a < evaluation->active_count; a++)
            users +=
                evaluation->items - row_size(evaluation->seen, evaluation->active[a]) <= cutoff;
        if (users > 0 && (found.cutoff == 0 || cutoff < found.cutoff)) {
            found.cutoff = cutoff;
            found.users = users;
        }
    }
    return found;
}

struct diffmm__evaluated_users diffmm__evaluation_who(const struct diffmm__evaluation *evaluation)
{
    return (struct diffmm__evaluated_users){
        .users = evaluation->active, .count = evaluation->active_count, .block = evaluation->block};
}

void diffmm__evaluation_rank(struct diffmm__evaluation *evaluation, const float *user_matrix,
                             const float *item_matrix, size_t first, size_t count)
{
    evaluation->user_matrix = user_matrix;
    evaluation->item_matrix = item_matrix;
    evaluation->first = first;
    evaluation->count = count;
    diffmm__parallel(evaluation->context, (count + evaluation->block - 1) / evaluation->block,
                     evaluate_block, evaluation);
}

struct diffmm__user_results diffmm__evaluation_results(const struct diffmm__evaluation *evaluation)
{
    return (struct diffmm__user_results){.data = evaluation->results,
                                         .of_user = split_count * evaluation->cutoff_count *
                                                    sizeof *evaluation->results};
}

void diffmm__evaluation_means(const struct diffmm__evaluation *evaluation, diffmm_metrics *valid,
                              diffmm_metrics *test)
{
    if (evaluation->held[0])
        average(evaluation, 0, valid);
    if (evaluation->held[1])
        average(evaluation, 1, test);
}

void diffmm__evaluation_run(struct diffmm__evaluation *evaluation, const float *user_matrix,
                            const float *item_matrix, diffmm_metrics *valid, diffmm_metrics *test)
{
    diffmm__evaluation_rank(evaluation, user_matrix, item_matrix, 0, evaluation->active_count);
    diffmm__evaluation_means(evaluation, valid, test);
}

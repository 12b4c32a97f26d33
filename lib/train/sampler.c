/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/sampler.h"

#include <string.h>

#include <diffmm/trainer.h>

#include "base/handle.h"
#include "base/pool.h"
#include "base/random.h"
#include "base/status.h"
#include "base/streams.h"
#include "dataset/dataset.h"

static void lay_out(struct diffmm__pairs *pairs, size_t most)
{
    int32_t **arrays[] = {&pairs->user,       &pairs->positive,       &pairs->order,
                          &pairs->batch_user, &pairs->batch_positive, &pairs->batch_negative};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        *arrays[i] = diffmm__arena_take(&pairs->arena, most, sizeof(int32_t));
}

size_t diffmm__pairs_bytes(size_t pairs)
{
    struct diffmm__pairs measured = {.arena = diffmm__arena_measure()};
    lay_out(&measured, pairs);
    return measured.arena.bytes;
}

diffmm_status diffmm__pairs_create(const diffmm_context *context,
                                   const struct diffmm__catalog *catalog, struct diffmm__pairs *out)
{
    const struct diffmm__csr *seen = &catalog->train;
    *out = (struct diffmm__pairs){.arena = diffmm__arena_on(context)};
    lay_out(out, (size_t)seen->pointers[catalog->users]);
    if (out->arena.failed) {
        diffmm__pairs_end(out);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    for (size_t u = 0; u < catalog->users; u++) {
        int64_t degree = seen->pointers[u + 1] - seen->pointers[u];
        if ((size_t)degree == catalog->items)
            continue; /* has touched everything: there is no item to rank below another */
        for (int64_t e = seen->pointers[u]; e < seen->pointers[u + 1]; e++) {
            out->user[out->count] = (int32_t)u;
            out->positive[out->count++] = seen->indices[e];
        }
    }
    return DIFFMM_OK;
}

void diffmm__pairs_end(struct diffmm__pairs *pairs)
{
    diffmm__arena_end(&pairs->arena);
}

/* The item with `rank` untouched items below it. The row ascends, so that its entry j has
 * items[j] - j untouched items below it, a number that never falls: those entries that the item
 * stands above are found by halving. */
static int32_t untouched(const struct diffmm__csr *seen, int32_t user, uint64_t rank)
{
    const int32_t *row = seen->indices + seen->pointers[user];
    int64_t low = 0, high = seen->pointers[user + 1] - seen->pointers[user];
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (row[middle] - middle <= (int64_t)rank)
            low = middle + 1;
        else
            high = middle;
    }
    return (int32_t)((int64_t)rank + low);
}

struct draw {
    struct diffmm__pairs *pairs;
    const struct diffmm__catalog *catalog;
    uint64_t seed, stream;
};

static void draw_range(void *argument, size_t begin, size_t end)
{
    const struct draw *d = argument;
    const struct diffmm__csr *seen = &d->catalog->train;
    for (size_t b = begin; b < end; b++) {
        size_t pair = (size_t)d->pairs->order[b];
        int32_t user = d->pairs->user[pair];
        uint64_t degree = (uint64_t)(seen->pointers[user + 1] - seen->pointers[user]);
        uint64_t rank = diffmm__random_below(d->seed, d->stream, pair, d->catalog->items - degree);
        d->pairs->batch_user[b] = user;
        d->pairs->batch_positive[b] = d->pairs->positive[pair];
        d->pairs->batch_negative[b] = untouched(seen, user, rank);
    }
}

void diffmm__pairs_draw(struct diffmm__pairs *pairs, const diffmm_context *context,
                        const struct diffmm__catalog *catalog, uint64_t seed, uint64_t epoch)
{
    struct draw d = {.pairs = pairs,
                     .catalog = catalog,
                     .seed = seed,
                     .stream = diffmm__stream_negatives(epoch)};
    diffmm__random_shuffle(seed, diffmm__stream_pair_order(epoch), pairs->count, pairs->order);
    diffmm__parallel_ranges(context, pairs->count, 2048, draw_range, &d);
}

static diffmm_status check_sample(const diffmm_dataset *dataset, uint64_t epoch,
                                  const int32_t *user, const int32_t *positive,
                                  const int32_t *negative, const size_t *count)
{
    if (!dataset)
        return diffmm__null("dataset");
    if (!dataset->sealed)
        return diffmm__fail(DIFFMM_ERROR_STATE, "the data set is not sealed");
    if (!user || !positive || !negative || !count)
        return diffmm__null(!user       ? "user"
                            : !positive ? "positive"
                            : !negative ? "negative"
                                        : "count");
    if (epoch > UINT32_MAX)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "epoch is %llu, more than %lu",
                            (unsigned long long)epoch, (unsigned long)UINT32_MAX);
    return DIFFMM_OK;
}

diffmm_status diffmm_sample_pairs(const diffmm_dataset *dataset, uint64_t seed, uint64_t epoch,
                                  int32_t *user, int32_t *positive, int32_t *negative,
                                  size_t *count)
{
    DIFFMM__CALL call = diffmm__call_reads(dataset);
    diffmm_status status = check_sample(dataset, epoch, user, positive, negative, count);
    if (status)
        return status;
    struct diffmm__pairs pairs;
    status = diffmm__pairs_create(dataset->context, dataset->catalog, &pairs);
    if (status)
        return status;
    diffmm__pairs_draw(&pairs, dataset->context, dataset->catalog, seed, epoch);
    memcpy(user, pairs.batch_user, pairs.count * sizeof *user);
    memcpy(positive, pairs.batch_positive, pairs.count * sizeof *positive);
    memcpy(negative, pairs.batch_negative, pairs.count * sizeof *negative);
    *count = pairs.count;
    diffmm__pairs_end(&pairs);
    return DIFFMM_OK;
}

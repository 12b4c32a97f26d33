/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/synthetic_near.h"

#include <stdbool.h>

#include "base/random.h"
#include "base/streams.h"
#include "dataset/synthetic_draws.h"

static bool after(struct diffmm__synthetic_candidate a, struct diffmm__synthetic_candidate b)
{
    return a.key > b.key || (a.key == b.key && a.item > b.item);
}

/* Puts `entry` at the root of a heap that has its last candidate on top. */
static void sink(struct diffmm__synthetic_candidate *heap, size_t count, size_t root,
                 struct diffmm__synthetic_candidate entry)
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

static double affinity(size_t factors, const double *user, const double *item)
{
    double product = 0;
    for (size_t f = 0; f < factors; f++)
        product += user[f] * item[f];
    double square = product > 0 ? product * product : 0;
    return square * square + 1e-4;
}

void diffmm__synthetic_near_choose(const diffmm_synthetic *spec, const double *items,
                                   const double *popularity, size_t user, size_t first,
                                   size_t count, struct diffmm__synthetic_candidate *room,
                                   int32_t *out)
{
    double p[DIFFMM__SYNTHETIC_MOST_FACTORS];
    uint64_t key_stream = diffmm__stream_synthetic(DIFFMM__SYNTHETIC_KEYS),
             order_stream = diffmm__stream_synthetic(DIFFMM__SYNTHETIC_ORDER);
    uint64_t position = (uint64_t)user * ((spec->items + 3) / 4);
    uint32_t draw[4] = {0};
    diffmm__synthetic_direction(spec->seed, DIFFMM__SYNTHETIC_USERS, user, spec->factors, p);
    for (size_t i = 0; i < spec->items && count > 0; i++) {
        if (i % 4 == 0)
            diffmm__random4(spec->seed, key_stream, position + i / 4, draw);
        double real = ((double)draw[i % 4] + 0.5) * 0x1p-32;
        double weight = popularity[i] * affinity(spec->factors, p, items + i * spec->factors);
        struct diffmm__synthetic_candidate candidate = {real / weight, (int32_t)i};
        if (i < count) {
            room[i] = candidate;
            for (size_t root = i + 1 == count ? count / 2 : 0; root-- > 0;)
                sink(room, count, root, room[root]);
        } else if (after(room[0], candidate)) {
            sink(room, count, 0, candidate);
        }
    }
    for (size_t i = count; i > 0; i--) {
        size_t j = i == 1 ? 0
                          : (size_t)diffmm__random_below(spec->seed, order_stream,
                                                         (uint64_t)first + i - 1, i);
        out[i - 1] = room[j].item;
        room[j] = room[i - 1];
    }
}

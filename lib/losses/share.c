/* SPDX-License-Identifier: BSD-2-Clause */
#include "losses/share.h"

#include <string.h>

#include "base/sizes.h"
#include "linalg/normalize_rows.h"
#include "linalg/vectors.h"

enum { unit_rows = 16 }; /* which products compute at once */

struct diffmm__share diffmm__share_alone(size_t users, size_t items, size_t d)
{
    return (struct diffmm__share){.peers = diffmm__peers_alone(),
                                  .users = users,
                                  .nodes = users + items,
                                  .d = d,
                                  .user = {0, users}};
}

struct diffmm__spans diffmm__share_spans(const struct diffmm__share *share)
{
    if (share->user.end == share->users)
        return (struct diffmm__spans){.count = 1, .parts = {{share->user.first, share->nodes}}};
    return (struct diffmm__spans){.count = 2, .parts = {share->user, {share->users, share->nodes}}};
}

void diffmm__share_clear(const struct diffmm__share *share, const diffmm_context *context, float *y)
{
    struct diffmm__spans spans = diffmm__share_spans(share);
    for (size_t s = 0; s < spans.count; s++)
        diffmm__vector_clear(context, (spans.parts[s].end - spans.parts[s].first) * share->d,
                             y + spans.parts[s].first * share->d);
}

void diffmm__share_copy(const struct diffmm__share *share, const diffmm_context *context,
                        const float *x, float *y)
{
    struct diffmm__spans spans = diffmm__share_spans(share);
    for (size_t s = 0; s < spans.count; s++) {
        size_t skip = spans.parts[s].first * share->d;
        diffmm__vector_copy(context, spans.parts[s].end * share->d - skip, x + skip, y + skip);
    }
}

void diffmm__share_add_scaled(const struct diffmm__share *share, const diffmm_context *context,
                              float factor, const float *x, float *y)
{
    struct diffmm__spans spans = diffmm__share_spans(share);
    for (size_t s = 0; s < spans.count; s++) {
        size_t skip = spans.parts[s].first * share->d;
        diffmm__vector_add_scaled(context, spans.parts[s].end * share->d - skip, factor, x + skip,
                                  y + skip);
    }
}

void diffmm__share_normalize(const struct diffmm__share *share, const diffmm_context *context,
                             const float *x, float *y, float *norms)
{
    size_t d = share->d;
    struct diffmm__spans spans = diffmm__share_spans(share);
    for (size_t s = 0; s < spans.count; s++) {
        size_t first = spans.parts[s].first, skip = first * d;
        diffmm__normalize_rows(context, spans.parts[s].end - first, d, x + skip, d, y + skip, d,
                               norms ? norms + first : NULL);
    }
}

struct diffmm__part diffmm__share_rows(const struct diffmm__share *share, size_t rows)
{
    struct diffmm__part units =
        diffmm__peers_part(&share->peers, (rows + unit_rows - 1) / unit_rows);
    return (struct diffmm__part){diffmm__size_lesser(units.first * unit_rows, rows),
                                 diffmm__size_lesser(units.end * unit_rows, rows)};
}

diffmm_status diffmm__share_gather_rows(const struct diffmm__share *share, size_t rows,
                                        size_t bytes, void *data)
{
    return diffmm__peers_gather(&share->peers, data, unit_rows * bytes, rows * bytes);
}

diffmm_status diffmm__share_gather_users(const struct diffmm__share *share, size_t bytes,
                                         void *data)
{
    return diffmm__peers_gather_parts(&share->peers, share->peers.firsts[0], 0, share->users, data,
                                      bytes);
}

/* The peer that has a user. */
static size_t owner_of(const struct diffmm__share *share, int32_t user)
{
    const size_t *firsts = share->peers.firsts[0];
    size_t low = 0, high = share->peers.size;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (firsts[middle] <= (size_t)user)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Where each peer's users begin, if the listed ones are sorted by peers; the same numbers in `next`. */
static void count_owners(const struct diffmm__share *share, size_t count, const int32_t *users,
                         size_t *firsts, uint64_t *next)
{
    size_t size = share->peers.size;
    memset(firsts, 0, (size + 1) * sizeof *firsts);
    for (size_t i = 0; i < count; i++)
        firsts[owner_of(share, users[i]) + 1]++;
    for (size_t rank = 0; rank < size; rank++) {
        firsts[rank + 1] += firsts[rank];
        next[rank] = firsts[rank];
    }
}

static void copy_row(const struct diffmm__share *share, const float *from, float *to)
{
    memcpy(to, from, share->d * sizeof *to);
}

diffmm_status diffmm__share_collect(const struct diffmm__share *share, size_t count,
                                    const int32_t *users, const float *matrix, float *rows,
                                    float *scratch)
{
    const struct diffmm__peers *peers = &share->peers;
    size_t *firsts = peers->firsts[1], d = share->d;
    uint64_t *next = peers->words;
    if (peers->size == 1) {
        for (size_t i = 0; i < count; i++)
            copy_row(share, matrix + (size_t)users[i] * d, rows + i * d);
        return DIFFMM_OK;
    }
    count_owners(share, count, users, firsts, next);
    for (size_t i = 0; i < count; i++)
        if (diffmm__part_has(share->user, (size_t)users[i]))
            copy_row(share, matrix + (size_t)users[i] * d, scratch + next[peers->rank]++ * d);
    diffmm_status status =
        diffmm__peers_gather_parts(peers, firsts, 0, count, scratch, d * sizeof *scratch);
    next[peers->rank] = firsts[peers->rank];
    for (size_t i = 0; i < count && !status; i++)
        copy_row(share, scratch + next[owner_of(share, users[i])]++ * d, rows + i * d);
    return status;
}

size_t diffmm__share_dot_sums(size_t nodes, size_t d)
{
    return diffmm__size_product(nodes, d) / DIFFMM__DOT_STRETCH + 1;
}

/* The first stretch that begins at a float or after it. */
static size_t stretch_from(size_t place)
{
    return (place + DIFFMM__DOT_STRETCH - 1) / DIFFMM__DOT_STRETCH;
}

/* The floats of a peer's users, and of those after them, that belong to a stretch which begins before. */
static struct diffmm__part head_of(const struct diffmm__share *share, size_t rank)
{
    size_t begin = share->peers.firsts[0][rank] * share->d;
    return (struct diffmm__part){
        begin,
        diffmm__size_lesser(stretch_from(begin) * DIFFMM__DOT_STRETCH, share->users * share->d)};
}

static struct diffmm__message message(size_t peer, struct diffmm__part part, float *x)
{
    return (struct diffmm__message){
        .peer = peer, .bytes = (part.end - part.first) * sizeof *x, .data = x + part.first};
}

/* A stretch is multiplied by the peer that has its first float. The others hand it what they have of the
 * stretch, from the last peer to the first: where all of a peer's floats belong to one stretch, it passes
 * on what it has received. */
static diffmm_status complete_stretches(const struct diffmm__share *share, float *x)
{
    const struct diffmm__peers *peers = &share->peers;
    const struct diffmm__message nothing = {.bytes = 0};
    struct diffmm__message out = nothing, in = nothing;
    struct diffmm__part own = head_of(share, peers->rank);
    if (peers->rank > 0)
        out = message(peers->rank - 1, own, x);
    if (peers->rank + 1 < peers->size)
        in = message(peers->rank + 1, head_of(share, peers->rank + 1), x);
    if (own.end <= share->user.end * share->d)
        return diffmm__peers_exchange(peers, &out, &in);
    diffmm_status status = diffmm__peers_exchange(peers, &nothing, &in);
    return status ? status : diffmm__peers_exchange(peers, &out, &nothing);
}

diffmm_status diffmm__share_dot(const struct diffmm__share *share, const diffmm_context *context,
                                float *x, float *y, double *sums, double *out)
{
    const struct diffmm__peers *peers = &share->peers;
    size_t floats = share->nodes * share->d, *firsts = peers->firsts[1];
    if (peers->size == 1) {
        *out = diffmm__vector_dot(context, floats, x, y);
        return DIFFMM_OK;
    }
    diffmm_status status = complete_stretches(share, x);
    if (!status && y != x)
        status = complete_stretches(share, y);
    if (status)
        return status;
    for (size_t rank = 0; rank <= peers->size; rank++)
        firsts[rank] = stretch_from(peers->firsts[0][rank] * share->d);
    size_t of_users = firsts[peers->size], all = stretch_from(floats);
    diffmm__vector_dot_stretches(context, floats, x, y, firsts[peers->rank],
                                 firsts[peers->rank + 1], sums);
    diffmm__vector_dot_stretches(context, floats, x, y, of_users, all, sums);
    status = diffmm__peers_gather_parts(peers, firsts, 0, of_users, sums, sizeof *sums);
    *out = 0.0;
    for (size_t s = 0; s < all && !status; s++)
        *out += sums[s];
    return status;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What peers know of a batch's rows, put together, has the bits of one process. */
#include "losses/share.h"

#include "linalg/normalize_rows.h"
#include "linalg/vectors.h"
#include "support/failure.h"
#include "support/network.h"
#include "support/together.h"

/* Peers that have their users' rows of two matrices; the rows of others are not numbers. */
struct world {
    struct network network;
    size_t users, items, d, firsts[network_most + 1];
    float *x, *y; /* as one process has them */
};

static size_t floats_of(const struct world *w)
{
    return (w->users + w->items) * w->d;
}

static void world_begin(struct world *w, uint32_t size)
{
    network_begin(&w->network, size);
    w->x = calloc(floats_of(w), sizeof *w->x);
    w->y = calloc(floats_of(w), sizeof *w->y);
    for (size_t i = 0; i < floats_of(w); i++) {
        w->x[i] = (float)(i * 37 % 101) / 50.0F - 1.0F;
        w->y[i] = (float)(i * 41 % 103) / 40.0F - 1.0F;
    }
}

static void world_end(struct world *w)
{
    free(w->x);
    free(w->y);
    network_end(&w->network);
}

static struct diffmm__share share_of(const struct world *w, const struct diffmm__peers *peers)
{
    struct diffmm__share share = diffmm__share_alone(w->users, w->items, w->d);
    if (peers->size == 1)
        return share;
    memcpy(peers->firsts[0], w->firsts, (peers->size + 1) * sizeof *w->firsts);
    share.peers = *peers;
    share.user = (struct diffmm__part){w->firsts[peers->rank], w->firsts[peers->rank + 1]};
    return share;
}

static bool has(const struct diffmm__share *share, size_t node)
{
    return node >= share->users || diffmm__part_has(share->user, node);
}

/* The rows of a matrix that a peer has; NaN elsewhere. */
static float *own_rows(const struct diffmm__share *share, const float *matrix)
{
    size_t bytes = share->nodes * share->d * sizeof *matrix;
    float *own = malloc(bytes);
    memset(own, 0xff, bytes);
    for (size_t i = 0; i < share->nodes * share->d; i++)
        if (has(share, i / share->d))
            own[i] = matrix[i];
    return own;
}

static size_t dots(const struct world *w, const struct diffmm__share *share)
{
    double *sums = malloc(diffmm__share_dot_sums(share->nodes, share->d) * sizeof *sums), dot;
    float *x = own_rows(share, w->x), *y = own_rows(share, w->y);
    size_t faults = 0, n = floats_of(w);
    faults += diffmm__share_dot(share, NULL, x, y, sums, &dot) != DIFFMM_OK;
    faults += dot != diffmm__vector_dot(NULL, n, w->x, w->y);
    faults += diffmm__share_dot(share, NULL, x, x, sums, &dot) != DIFFMM_OK;
    faults += dot != diffmm__vector_dot(NULL, n, w->x, w->x);
    free(x);
    free(y);
    free(sums);
    return faults;
}

/* Users in no order, some of them twice. */
static size_t collected(const struct world *w, const struct diffmm__share *share)
{
    enum { count = 57 };
    int32_t listed[count];
    size_t d = share->d, faults = 0;
    float *x = own_rows(share, w->x), *rows = calloc(count * d, sizeof *rows),
          *scratch = calloc(count * d, sizeof *scratch);
    for (size_t i = 0; i < count; i++)
        listed[i] = (int32_t)(i * i * 31 % w->users);
    faults += diffmm__share_collect(share, count, listed, x, rows, scratch) != DIFFMM_OK;
    for (size_t i = 0; i < count; i++)
        faults += memcmp(rows + i * d, w->x + (size_t)listed[i] * d, d * sizeof *rows) != 0;
    faults += diffmm__share_collect(share, 0, listed, x, rows, scratch) != DIFFMM_OK;
    free(scratch);
    free(rows);
    free(x);
    return faults;
}

static size_t gathered(const struct world *w, const struct diffmm__share *share)
{
    float *x = own_rows(share, w->x);
    size_t faults = diffmm__share_gather_users(share, w->d * sizeof *x, x) != DIFFMM_OK;
    faults += memcmp(x, w->x, floats_of(w) * sizeof *x) != 0;
    free(x);
    struct diffmm__part part = diffmm__share_rows(share, w->items);
    float *rows = calloc(w->items, sizeof *rows);
    for (size_t i = part.first; i < part.end; i++)
        rows[i] = (float)i;
    faults += diffmm__share_gather_rows(share, w->items, sizeof *rows, rows) != DIFFMM_OK;
    for (size_t i = 0; i < w->items; i++)
        faults += rows[i] != (float)i;
    free(rows);
    return faults;
}

/* Rows that a peer does not have are neither read nor written. */
static size_t row_by_row(const struct world *w, const struct diffmm__share *share)
{
    size_t n = floats_of(w), faults = 0, nodes = share->nodes;
    float *x = own_rows(share, w->x), *y = own_rows(share, w->y), *norms = calloc(n, sizeof *norms),
          *want = calloc(n, sizeof *want), *want_norms = calloc(n, sizeof *want_norms);
    diffmm__share_add_scaled(share, NULL, 0.5F, x, y);
    for (size_t i = 0; i < n; i++)
        want[i] = w->y[i];
    diffmm__vector_add_scaled(NULL, n, 0.5F, w->x, want);
    for (size_t i = 0; i < n; i++)
        faults += has(share, i / w->d) ? y[i] != want[i] : y[i] == y[i];
    diffmm__share_normalize(share, NULL, x, y, norms);
    diffmm__normalize_rows(NULL, nodes, w->d, w->x, w->d, want, w->d, want_norms);
    for (size_t i = 0; i < n; i++)
        faults += has(share, i / w->d) ? y[i] != want[i] : y[i] == y[i];
    for (size_t r = 0; r < nodes; r++)
        faults += norms[r] != (has(share, r) ? want_norms[r] : 0.0F);
    diffmm__share_copy(share, NULL, w->x, y);
    for (size_t i = 0; i < n; i++)
        faults += has(share, i / w->d) ? y[i] != w->x[i] : y[i] == y[i];
    diffmm__share_clear(share, NULL, y);
    for (size_t i = 0; i < n; i++)
        faults += has(share, i / w->d) ? y[i] != 0.0F : y[i] == y[i];
    free(want_norms);
    free(want);
    free(norms);
    free(y);
    free(x);
    return faults;
}

/* Everything, as one peer; counts what went wrong. */
static size_t take_part(void *argument, size_t rank)
{
    struct world *w = argument;
    diffmm_peers host = network_peers(&w->network, (uint32_t)rank);
    struct diffmm__peers peers = diffmm__peers_alone();
    if (w->network.size > 1 && diffmm__peers_begin(NULL, &host, &peers))
        return 1;
    struct diffmm__share share = share_of(w, &peers);
    size_t faults =
        dots(w, &share) + collected(w, &share) + gathered(w, &share) + row_by_row(w, &share);
    diffmm__peers_end(NULL, &peers);
    return faults;
}

/* Stretches of a dot product are 32,768 floats: some peers have several, and some a part of one, in which
 * several peers' users meet; the last one goes on into the items. */
START_TEST(rows)
{
    static const struct {
        size_t users, items, d, size, firsts[network_most + 1];
    } cases[] = {{4000, 700, 44, 2, {0, 1999, 4000}},
                 {4000, 700, 44, 5, {0, 10, 11, 3000, 3500, 4000}},
                 {4096, 512, 64, 4, {0, 1024, 2048, 3072, 4096}},
                 {4096, 512, 64, 4, {0, 0, 2047, 2048, 4096}},
                 {300, 200, 5, 6, {0, 0, 100, 100, 200, 300, 300}},
                 {3, 4, 5, 9, {0, 1, 1, 1, 2, 2, 2, 2, 2, 3}},
                 {3, 4, 5, 3, {0, 3, 3, 3}},
                 {60, 40, 8, 1, {0, 60}}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct world w = {.users = cases[c].users, .items = cases[c].items, .d = cases[c].d};
        memcpy(w.firsts, cases[c].firsts, sizeof w.firsts);
        world_begin(&w, (uint32_t)cases[c].size);
        ck_assert_uint_eq(together(cases[c].size, take_part, &w), 0);
        world_end(&w);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {rows};
    return run_tests("losses/share", tests, sizeof tests / sizeof *tests) != 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What peers compute of a batch's matrices, put together, has the bits of one process. */
#include "model/share.h"

#include "graph/propagate.h"
#include "linalg/vectors.h"
#include "support/failure.h"
#include "support/model_world.h"
#include "support/network.h"
#include "support/together.h"

static const struct model_case many = {.users = 900, .items = 700, .d = 44},
                               few = {.users = 3, .items = 4, .d = 5};

/* Peers that have the same model, and what each of them makes. */
struct world {
    struct network network;
    struct model_world model;
    diffmm_graph *graph;
    size_t nodes, d, layers;
    float *x, *y;
    float *wanted;             /* what one process makes of x */
    float *made[network_most]; /* what the peers make */
    struct diffmm__share shares[network_most];
    size_t firsts[network_most][network_most + 1];
};

static void world_begin(struct world *w, uint32_t size, const struct model_case *c)
{
    network_begin(&w->network, size);
    model_world_begin(c, &w->model);
    diffmm_model *model = w->model.model;
    w->graph = model->modalities[0].graph;
    w->nodes = model->users + model->items;
    w->d = model->d;
    float **const arrays[] = {&w->x, &w->y, &w->wanted};
    for (size_t a = 0; a < 3; a++) {
        *arrays[a] = calloc(w->nodes * w->d, sizeof(float));
        for (size_t i = 0; i < w->nodes * w->d; i++)
            (*arrays[a])[i] = (float)((i * 37 + a * 11) % 101) / 50.0F - 1.0F;
    }
    for (uint32_t rank = 0; rank < size; rank++)
        w->made[rank] = calloc(w->nodes * w->d, sizeof(float));
}

static void world_end(struct world *w)
{
    for (uint32_t rank = 0; rank < w->network.size; rank++)
        free(w->made[rank]);
    free(w->x);
    free(w->y);
    free(w->wanted);
    model_world_end(&w->model);
    network_end(&w->network);
}

/* Everything that a share does, as one peer; counts what went wrong. */
static size_t take_part(void *argument, size_t rank)
{
    struct world *w = argument;
    diffmm_model *model = w->model.model;
    diffmm_peers host = network_peers(&w->network, (uint32_t)rank);
    struct diffmm__peers peers;
    if (diffmm__peers_begin(NULL, &host, &peers))
        return 1;
    struct diffmm__share share = diffmm__share_among(model, &peers);
    size_t items = model->items, faults = 0, bytes = w->nodes * w->d * sizeof(float);
    float *made = w->made[rank], *scratch = malloc(bytes), *rows = calloc(items, sizeof *rows);
    double *sums = malloc(bytes), dot = 0.0;

    diffmm__share_multiply(&share, w->graph, false, 0.5F, w->x, NULL, made);
    faults += diffmm__share_gather_users(&share, made) != DIFFMM_OK;
    faults += diffmm__share_gather_items(&share, made + model->users * w->d) != DIFFMM_OK;
    diffmm__graph_multiply(w->graph, false, w->d, 0.5F, w->x, NULL, scratch);
    faults += memcmp(made, scratch, bytes) != 0;

    faults += diffmm__share_propagate(&share, w->graph, true, w->layers, w->x, made, scratch) != 0;
    faults += diffmm__share_gather(&share, made) != DIFFMM_OK;
    faults += memcmp(made, w->wanted, bytes) != 0;

    for (size_t begin = 0; begin <= model->users; begin += model->users) {
        /* Only what the peer has to know is there. */
        size_t from = diffmm__share_dot_from(&share, begin), skip = begin * w->d;
        faults += from > share.node.first;
        memset(scratch, 0xff, bytes); /* NaN */
        for (size_t i = from * w->d; i < share.node.end * w->d; i++)
            scratch[i] = w->x[i];
        faults += diffmm__share_dot(&share, NULL, begin, scratch + skip, w->y + skip, sums, &dot) !=
                  DIFFMM_OK;
        faults += dot != diffmm__vector_dot(NULL, w->nodes * w->d - skip, w->x + skip, w->y + skip);
    }

    struct diffmm__part part = diffmm__share_rows(&share, items);
    for (size_t i = part.first; i < part.end; i++)
        rows[i] = (float)i;
    faults += diffmm__share_gather_rows(&share, items, sizeof *rows, rows) != DIFFMM_OK;
    for (size_t i = 0; i < items; i++)
        faults += rows[i] != (float)i;

    w->shares[rank] = share;
    if (peers.size > 1)
        memcpy(w->firsts[rank], peers.firsts[0], (peers.size + 1) * sizeof *peers.firsts[0]);
    diffmm__peers_end(NULL, &peers);
    free(sums);
    free(rows);
    free(scratch);
    return faults;
}

static void try_sizes(const struct model_case *c)
{
    for (uint32_t size = 1; size <= network_most; size += 1 + size / 3)
        for (size_t layers = 0; layers <= 3; layers += 2) {
            struct world w = {.layers = layers};
            float *scratch;
            world_begin(&w, size, c);
            scratch = malloc(w.nodes * w.d * sizeof *scratch);
            diffmm__propagate(w.graph, true, layers, w.d, w.x, w.wanted, scratch);
            ck_assert_uint_eq(together(size, take_part, &w), 0);
            free(scratch);
            world_end(&w);
        }
}

START_TEST(of_many_nodes)
{
    try_sizes(&many);
}
END_TEST

START_TEST(of_fewer_nodes_than_peers)
{
    try_sizes(&few);
}
END_TEST

/* All cut alike, and so that each has as much to do, up to one row. */
START_TEST(cut)
{
    enum { size = 4 };
    struct world w = {.layers = 1};
    world_begin(&w, size, &many);
    diffmm__propagate(w.graph, true, 1, w.d, w.x, w.wanted, NULL);
    ck_assert_uint_eq(together(size, take_part, &w), 0);
    const diffmm_model *model = w.model.model;
    const struct diffmm__csr *graphs[] = {&model->adjacency->rows,
                                          &model->modalities[0].graph->rows,
                                          &model->modalities[1].graph->rows};
    size_t work[size] = {0}, all = 0, longest = 0;
    for (size_t rank = 0; rank < size; rank++) {
        const struct diffmm__share *share = &w.shares[rank];
        ck_assert_mem_eq(w.firsts[rank], w.firsts[0], sizeof w.firsts[0]);
        ck_assert_uint_eq(share->node.first, w.firsts[0][rank]);
        ck_assert_uint_eq(share->node.end, w.firsts[0][rank + 1]);
        ck_assert_uint_eq(share->user.end - share->user.first + share->item.end - share->item.first,
                          share->node.end - share->node.first);
        for (size_t r = share->node.first; r < share->node.end; r++) {
            size_t row = 1;
            for (size_t g = 0; g < 3; g++)
                row += diffmm__csr_row_entries(graphs[g], r);
            work[rank] += row;
            longest = row > longest ? row : longest;
        }
        all += work[rank];
    }
    ck_assert_uint_eq(w.firsts[0][0], 0);
    ck_assert_uint_eq(w.firsts[0][size], w.nodes);
    for (size_t rank = 0; rank < size; rank++)
        ck_assert(work[rank] <= all / size + longest + 1 && work[rank] + longest + 1 >= all / size);
    world_end(&w);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {of_many_nodes, of_fewer_nodes_than_peers, cut};
    return run_tests("model/share", tests, sizeof tests / sizeof *tests) != 0;
}

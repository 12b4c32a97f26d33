/* SPDX-License-Identifier: BSD-2-Clause */
/* Products with a graph, alone and shared by peers: of whatever rows a peer has, the bits are the same. */
#include "graph/multiply.h"

#include "graph/propagate.h"
#include "support/failure.h"
#include "support/model_world.h"
#include "support/network.h"
#include "support/together.h"

static const struct model_case many = {.users = 90, .items = 800, .d = 150},
                               few = {.users = 3, .items = 4, .d = 5};

struct world {
    struct network network;
    struct model_world model;
    size_t users, nodes, d, layers;
    float *x, *y;
    bool even; /* cut evenly; else the first and the last peer have all users */
};

static void world_begin(struct world *w, const struct model_case *wanted)
{
    struct model_case c = *wanted;
    c.fusion_ratio = 0.3;
    model_world_begin(&c, &w->model);
    w->users = w->model.model->users;
    w->nodes = w->users + w->model.model->items;
    w->d = w->model.model->d;
    float **const arrays[] = {&w->x, &w->y};
    for (size_t a = 0; a < 2; a++) {
        *arrays[a] = calloc(w->nodes * w->d, sizeof(float));
        for (size_t i = 0; i < w->nodes * w->d; i++)
            (*arrays[a])[i] = (float)((i * 37 + a * 11) % 101) / 50.0F - 1.0F;
    }
}

static void world_end(struct world *w)
{
    free(w->x);
    free(w->y);
    model_world_end(&w->model);
}

static struct diffmm__share share_of(const struct world *w, const struct diffmm__peers *peers)
{
    struct diffmm__share share = diffmm__share_alone(w->users, w->nodes - w->users, w->d);
    for (size_t rank = 0; rank <= peers->size && peers->size > 1; rank++)
        peers->firsts[0][rank] = w->even              ? diffmm__peers_first(peers, w->users, rank)
                                 : rank == 0          ? 0
                                 : rank < peers->size ? w->users / 3
                                                      : w->users;
    if (peers->size > 1) {
        share.peers = *peers;
        share.user =
            (struct diffmm__part){peers->firsts[0][peers->rank], peers->firsts[0][peers->rank + 1]};
    }
    return share;
}

/* Rows that the peer does not have become NaN. */
static void forget(const struct diffmm__share *share, float *matrix)
{
    for (size_t u = 0; u < share->users; u++)
        if (!diffmm__part_has(share->user, u))
            memset(matrix + u * share->d, 0xff, share->d * sizeof *matrix);
}

/* The rows that it has are as they should be. */
static size_t differs(const struct diffmm__share *share, const float *made, const float *wanted)
{
    size_t faults = 0;
    for (size_t r = 0; r < share->nodes; r++)
        if (r >= share->users || diffmm__part_has(share->user, r))
            faults +=
                memcmp(made + r * share->d, wanted + r * share->d, share->d * sizeof *made) != 0;
    return faults;
}

static size_t take_part(void *argument, size_t rank)
{
    struct world *w = argument;
    const diffmm_model *model = w->model.model;
    diffmm_peers host = network_peers(&w->network, (uint32_t)rank);
    struct diffmm__peers peers = diffmm__peers_alone();
    if (w->network.size > 1 && diffmm__peers_begin(NULL, &host, &peers))
        return 1;
    struct diffmm__share share = share_of(w, &peers);
    size_t faults = 0, bytes = w->nodes * w->d * sizeof(float);
    float *x = malloc(bytes), *made = malloc(bytes), *wanted = malloc(bytes),
          *scratch = malloc(bytes);
    memcpy(x, w->x, bytes);
    forget(&share, x);
    const diffmm_graph *const graphs[] = {model->adjacency, model->modalities[0].graph,
                                          model->modalities[1].observed};
    for (size_t g = 0; g < 3; g++)
        for (int transposed = 0; transposed < 2; transposed++) {
            /* Into other memory, onto what is there, and without anything to add. */
            memcpy(made, w->y, bytes);
            forget(&share, made);
            faults += diffmm__graph_multiply_shared(&share, graphs[g], transposed, 0.5F, x, made,
                                                    made) != DIFFMM_OK;
            diffmm__graph_multiply(graphs[g], transposed, w->d, 0.5F, w->x, w->y, wanted);
            faults += differs(&share, made, wanted);
            faults += diffmm__graph_multiply_shared(&share, graphs[g], transposed, 1.0F, x, NULL,
                                                    made) != DIFFMM_OK;
            diffmm__graph_multiply(graphs[g], transposed, w->d, 1.0F, w->x, NULL, wanted);
            faults += differs(&share, made, wanted);
            faults += diffmm__propagate_shared(&share, graphs[g], transposed, w->layers, x, made,
                                               scratch) != DIFFMM_OK;
            diffmm__propagate(graphs[g], transposed, w->layers, w->d, w->x, wanted, scratch);
            faults += differs(&share, made, wanted);
        }
    free(scratch);
    free(wanted);
    free(made);
    free(x);
    diffmm__peers_end(NULL, &peers);
    return faults;
}

static void try_sizes(const struct model_case *c)
{
    struct world w = {.layers = 0};
    world_begin(&w, c);
    for (uint32_t size = 1; size <= network_most; size += 1 + size / 3)
        for (w.layers = 0; w.layers <= 3; w.layers += size == 3 ? 1 : 3) {
            w.even = size % 2;
            network_begin(&w.network, size);
            ck_assert_uint_eq(together(size, take_part, &w), 0);
            network_end(&w.network);
        }
    world_end(&w);
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

/* Every exchange of a product may fail: the others end, too. */
static size_t multiply(void *argument, size_t rank)
{
    struct world *w = argument;
    diffmm_peers host = network_peers(&w->network, (uint32_t)rank);
    struct diffmm__peers peers;
    if (diffmm__peers_begin(NULL, &host, &peers))
        return 1;
    struct diffmm__share share = share_of(w, &peers);
    float *y = calloc(w->nodes * w->d, sizeof *y);
    diffmm_status status = diffmm__graph_multiply_shared(&share, w->model.model->adjacency, false,
                                                         1.0F, w->x, NULL, y);
    if (status)
        host.abandon((int32_t)status, host.user_data);
    free(y);
    diffmm__peers_end(NULL, &peers);
    return status != DIFFMM_OK && status != DIFFMM_ERROR_PEER;
}

START_TEST(failing)
{
    enum { size = 4 };
    struct world w = {.even = true};
    world_begin(&w, &many);
    for (size_t k = 1; k <= 4; k++) {
        network_begin(&w.network, size);
        w.network.ends[2].fails_at = k;
        ck_assert_uint_eq(together(size, multiply, &w), 0);
        for (size_t rank = 0; rank < size; rank++)
            ck_assert_uint_eq(w.network.ends[rank].after_failure, 0);
        ck_assert(w.network.ends[2].failed);
        network_end(&w.network);
    }
    world_end(&w);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {of_many_nodes, of_fewer_nodes_than_peers, failing};
    return run_tests("graph/multiply", tests, sizeof tests / sizeof *tests) != 0;
}

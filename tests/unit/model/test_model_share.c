/* SPDX-License-Identifier: BSD-2-Clause */
/* How users are cut among peers. */
#include "model/model_share.h"

#include "graph/graph.h"

#include "support/failure.h"
#include "support/model_world.h"
#include "support/network.h"

/* The share of each peer; no peer calls another. */
static void cut(const diffmm_model *model, uint32_t size, struct diffmm__part *users)
{
    struct network network;
    network_begin(&network, size);
    for (uint32_t rank = 0; rank < size; rank++) {
        diffmm_peers host = network_peers(&network, rank);
        struct diffmm__peers peers;
        ck_assert_int_eq(diffmm__peers_begin(NULL, &host, &peers), DIFFMM_OK);
        struct diffmm__share share = diffmm__model_share_among(model, &peers);
        ck_assert_uint_eq(share.users, model->users);
        ck_assert_uint_eq(share.nodes, model->users + model->items);
        ck_assert_uint_eq(share.d, model->d);
        users[rank] = share.user;
        for (uint32_t r = 0; r < rank && size > 1; r++)
            ck_assert_uint_eq(peers.firsts[0][r], users[r].first);
        diffmm__peers_end(NULL, &peers);
    }
    network_end(&network);
}

/* So that each has as much to do, up to one user. */
START_TEST(evenly)
{
    enum { size = 4 };
    static const struct model_case many = {.users = 900, .items = 700};
    struct model_world world;
    struct diffmm__part users[size];
    model_world_begin(&many, &world);
    const diffmm_model *model = world.model;
    const struct diffmm__csr *graphs[] = {&model->adjacency->rows,
                                          &model->modalities[0].graph->rows,
                                          &model->modalities[1].graph->rows};
    size_t work[size] = {0}, all = 0, longest = 0;
    cut(model, size, users);
    for (size_t rank = 0; rank < size; rank++) {
        ck_assert_uint_eq(users[rank].first, rank == 0 ? 0 : users[rank - 1].end);
        for (size_t u = users[rank].first; u < users[rank].end; u++) {
            size_t row = 1;
            for (size_t g = 0; g < 3; g++)
                row += diffmm__csr_row_entries(graphs[g], u);
            work[rank] += row;
            longest = row > longest ? row : longest;
        }
        all += work[rank];
    }
    ck_assert_uint_eq(users[size - 1].end, model->users);
    for (size_t rank = 0; rank < size; rank++)
        ck_assert(work[rank] <= all / size + longest + 1 && work[rank] + longest + 1 >= all / size);
    model_world_end(&world);
}
END_TEST

START_TEST(of_fewer_users_than_peers)
{
    static const struct model_case few = {.users = 3, .items = 4};
    struct model_world world;
    struct diffmm__part users[network_most];
    model_world_begin(&few, &world);
    cut(world.model, network_most, users);
    for (size_t rank = 0; rank < network_most; rank++)
        ck_assert_uint_eq(users[rank].first, rank == 0 ? 0 : users[rank - 1].end);
    ck_assert_uint_eq(users[network_most - 1].end, 3);
    cut(world.model, 1, users);
    ck_assert_uint_eq(users[0].first, 0);
    ck_assert_uint_eq(users[0].end, 3);
    struct diffmm__share alone = diffmm__model_share_alone(world.model);
    ck_assert_uint_eq(alone.peers.size, 1);
    ck_assert_uint_eq(alone.user.end, 3);
    model_world_end(&world);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {evenly, of_fewer_users_than_peers};
    return run_tests("model/model_share", tests, sizeof tests / sizeof *tests) != 0;
}

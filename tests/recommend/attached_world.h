/* SPDX-License-Identifier: BSD-2-Clause */
/* A scorer of a small model, and users attached to it, in the scorer's terms and in the oracle's.
 */
#ifndef DIFFMM_TESTS_ATTACHED_WORLD_H
#define DIFFMM_TESTS_ATTACHED_WORLD_H

#include <diffmm/recommend.h>

#include "../support/model_world.h"
#include "../support/oracle_attach.h"

enum { attached_users = 6, attached_items = 7, attached_d = 4 };

struct attached_world {
    struct model_world model;
    struct attach_world frozen;
    diffmm_scorer *scorer;
    double mean[attached_d]; /* of E_U, over users with training items */
    double none[attached_d]; /* zeros */
    double generated[attached_d];
};

static inline void attached_begin(struct attached_world *world, size_t layers, size_t modalities)
{
    memset(world, 0, sizeof *world);
    model_world_begin(&(struct model_case){.layers = layers, .modalities = modalities, .linear = 2},
                      &world->model);
    expect_success(diffmm_model_forward(world->model.model));
    expect_success(diffmm_scorer_create(world->model.model, &world->scorer));
    world->frozen = attach_world_begin(&world->model.oracle);
    size_t learnt = 0;
    for (int32_t u = 0; u < attached_users; u++) {
        const int32_t *items;
        size_t count;
        expect_success(diffmm_scorer_seen(world->scorer, u, &items, &count));
        learnt += count > 0;
        for (size_t j = 0; j < attached_d && count > 0; j++)
            world->mean[j] += world->model.oracle.user[(size_t)u * attached_d + j];
    }
    for (size_t j = 0; j < attached_d; j++)
        world->mean[j] /= (double)learnt;
}

static inline void attached_end(struct attached_world *world)
{
    attach_world_end(&world->frozen);
    diffmm_scorer_destroy(world->scorer);
    model_world_end(&world->model);
}

static inline bool attached_knows(const diffmm_scorer *scorer, int32_t user, int32_t item)
{
    const int32_t *items;
    size_t count;
    if (user == DIFFMM_NEW_USER)
        return false;
    expect_success(diffmm_scorer_seen(scorer, user, &items, &count));
    while (count > 0 && items[count - 1] != item)
        count--;
    return count > 0;
}

/* The user as the oracle sees it; wanted[i]: item i is among the items just touched. */
static inline struct attach_user attached_user(struct attached_world *world, int32_t user,
                                               const bool wanted[attached_items])
{
    const struct oracle *o = &world->model.oracle;
    struct attach_user out = {.e = world->mean, .g = world->none};
    for (int32_t i = 0; i < attached_items; i++) {
        bool known = attached_knows(world->scorer, user, i);
        if (!known && !wanted[i])
            continue;
        double degree = known ? 1.0 : 2.0;
        for (int32_t u = 0; u < attached_users; u++)
            degree += attached_knows(world->scorer, u, i);
        out.degrees[out.count] = degree;
        out.items[out.count++] = (size_t)i;
    }
    if (user != DIFFMM_NEW_USER) {
        out.e = o->user + (size_t)user * attached_d;
        out.g = world->generated;
        attach_generated(o, (size_t)user, world->generated);
    }
    return out;
}

#endif

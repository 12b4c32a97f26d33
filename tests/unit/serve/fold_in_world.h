/* SPDX-License-Identifier: BSD-2-Clause */
/* A scorer of a small model, and users folded in, in the scorer's terms and in the oracle's. */
#ifndef DIFFMM_TESTS_FOLD_IN_WORLD_H
#define DIFFMM_TESTS_FOLD_IN_WORLD_H

#include <diffmm/recommend.h>

#include "support/failure.h"
#include "support/model_world.h"
#include "support/oracle_fold_in.h"

enum { fold_in_users = 6, fold_in_items = 7, fold_in_d = 4 };

struct fold_in_world {
    struct model_world model;
    struct fold_in_oracle frozen;
    diffmm_scorer *scorer;
    double mean[fold_in_d]; /* of E_U, over users with training items */
    double none[fold_in_d]; /* zeros */
    double generated[fold_in_d];
};

static inline void fold_in_begin(struct fold_in_world *world, size_t layers, size_t modalities)
{
    memset(world, 0, sizeof *world);
    model_world_begin(&(struct model_case){.layers = layers, .modalities = modalities, .linear = 2},
                      &world->model);
    expect_success(diffmm_model_forward(world->model.model));
    expect_success(diffmm_scorer_create(world->model.model, &world->scorer));
    world->frozen = fold_in_oracle_begin(&world->model.oracle);
    size_t learnt = 0;
    for (int32_t u = 0; u < fold_in_users; u++) {
        const int32_t *items;
        size_t count;
        expect_success(diffmm_scorer_seen(world->scorer, u, &items, &count));
        learnt += count > 0;
        for (size_t j = 0; j < fold_in_d && count > 0; j++)
            world->mean[j] += world->model.oracle.user[(size_t)u * fold_in_d + j];
    }
    for (size_t j = 0; j < fold_in_d; j++)
        world->mean[j] /= (double)learnt;
}

static inline void fold_in_end(struct fold_in_world *world)
{
    fold_in_oracle_end(&world->frozen);
    diffmm_scorer_destroy(world->scorer);
    model_world_end(&world->model);
}

static inline bool fold_in_knows(const diffmm_scorer *scorer, int32_t user, int32_t item)
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
static inline struct fold_in_user fold_in_user_with(struct fold_in_world *world, int32_t user,
                                                    const bool wanted[fold_in_items])
{
    const struct oracle *o = &world->model.oracle;
    struct fold_in_user out = {.e = world->mean, .g = world->none};
    for (int32_t i = 0; i < fold_in_items; i++) {
        bool known = fold_in_knows(world->scorer, user, i);
        if (!known && !wanted[i])
            continue;
        double degree = known ? 1.0 : 2.0;
        for (int32_t u = 0; u < fold_in_users; u++)
            degree += fold_in_knows(world->scorer, u, i);
        out.degrees[out.count] = degree;
        out.items[out.count++] = (size_t)i;
    }
    if (user != DIFFMM_NEW_USER) {
        out.e = o->user + (size_t)user * fold_in_d;
        out.g = world->generated;
        fold_in_generated(o, (size_t)user, world->generated);
    }
    return out;
}

#endif

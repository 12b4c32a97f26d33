/* SPDX-License-Identifier: BSD-2-Clause */
/* A user attached to the oracle's graph, layer by layer: all other nodes keep their values. */
#ifndef DIFFMM_TESTS_ORACLE_ATTACH_H
#define DIFFMM_TESTS_ORACLE_ATTACH_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "oracle_model.h"

enum { ATTACH_MOST = 16, ATTACH_LAYERS = 4, ATTACH_ALL = -1, ATTACH_NONE = -2 };

/* What every attached user finds. */
struct attach_world {
    const struct oracle *oracle;
    double *propagated[ATTACH_LAYERS]; /* N x d: sum_{k <= l} A_hat^k V */
};

/* The user's items, each with its degree (self loop and attached user counted); learnt embedding
 * and what generated neighbours bring, d each. */
struct attach_user {
    size_t count;
    size_t items[ATTACH_MOST];
    double degrees[ATTACH_MOST];
    const double *e, *g;
};

/* Which sources are let through. */
struct attach_sources {
    bool own;     /* e and g */
    bool learnt;  /* E_I and what propagation hands on */
    int item;     /* only this one of the user's items, or ATTACH_ALL, ATTACH_NONE */
    int modality; /* only this one's features, or ATTACH_ALL, ATTACH_NONE */
};

static const struct attach_sources attach_everything = {true, true, ATTACH_ALL, ATTACH_ALL};

static inline struct attach_world attach_world_begin(struct oracle *oracle)
{
    struct attach_world world = {.oracle = oracle};
    size_t layers = oracle->layers;
    double ris_lambda = oracle->ris_lambda;
    oracle->ris_lambda = 0.0;
    for (size_t l = 0; l < ATTACH_LAYERS; l++) {
        oracle->layers = l;
        world.propagated[l] = oracle_zeros((oracle->users + oracle->items) * oracle->d);
        oracle_aggregate(oracle, world.propagated[l]);
    }
    oracle->layers = layers;
    oracle->ris_lambda = ris_lambda;
    return world;
}

static inline void attach_world_end(struct attach_world *world)
{
    for (size_t l = 0; l < ATTACH_LAYERS; l++)
        free(world->propagated[l]);
}

/* x += weight * sum over the user's items that are let through of row i / sqrt(s degree). */
static inline void attach_gather(const struct attach_user *user, size_t d, int only, double weight,
                                 const double *rows, double *x)
{
    for (size_t i = 0; i < user->count; i++)
        for (size_t j = 0; j < d && (only == ATTACH_ALL || only == (int)i); j++)
            x[j] += weight * rows[user->items[i] * d + j] /
                    sqrt((double)(user->count + 1) * user->degrees[i]);
}

/* The final embedding as far as `sources` bring it, with the norm of V given, or, where that is 0,
 * taken from V; returns that norm. */
static inline double attach_final(const struct attach_world *world, const struct attach_user *user,
                                  struct attach_sources sources, double norm, double *final)
{
    const struct oracle *o = world->oracle;
    size_t d = o->d;
    double s = (double)(user->count + 1), weights[ORACLE_MODALITIES], squares = 0.0;
    double *y = oracle_zeros(d), *v = oracle_zeros(d), *h = oracle_zeros(d);
    oracle_weights(o, weights);
    /* Y = A_hat [E_U; X] */
    for (size_t j = 0; j < d && sources.own; j++)
        y[j] = user->e[j] / s;
    for (size_t m = 0; m < o->modality_count; m++)
        if (sources.modality == ATTACH_ALL || sources.modality == (int)m)
            attach_gather(user, d, sources.item, weights[m], o->modality[m].normalized, y);
    /* V = Y + A_hat [users of Y; E_I] + G */
    for (size_t j = 0; j < d; j++)
        v[j] = y[j] + y[j] / s + (sources.own ? user->g[j] : 0.0);
    if (sources.learnt)
        attach_gather(user, d, sources.item, 1.0, o->item, v);
    /* H_l = V + A_hat H_(l-1) */
    memcpy(h, v, d * sizeof *h);
    for (size_t l = 0; l < o->layers; l++) {
        for (size_t j = 0; j < d; j++)
            h[j] = v[j] + h[j] / s;
        if (sources.learnt)
            attach_gather(user, d, sources.item, 1.0, world->propagated[l] + o->users * d, h);
    }
    for (size_t j = 0; j < d; j++)
        squares += v[j] * v[j];
    if (norm == 0.0)
        norm = fmax(sqrt(squares), 1e-12);
    for (size_t j = 0; j < d; j++)
        final[j] = h[j] + o->ris_lambda * v[j] / norm;
    free(y);
    free(v);
    free(h);
    return norm;
}

/* What generated neighbours bring to a known user: a row of ris_adj_lambda sum_m w_m A_m [E_U;
 * E_I]. */
static inline void attach_generated(const struct oracle *o, size_t user, double *g)
{
    size_t d = o->d, n = o->users + o->items;
    double weights[ORACLE_MODALITIES];
    oracle_weights(o, weights);
    memset(g, 0, d * sizeof *g);
    for (size_t m = 0; m < o->modality_count; m++)
        for (size_t c = 0; c < n; c++)
            for (size_t j = 0; j < d; j++)
                g[j] += o->ris_adj_lambda * weights[m] * o->modality[m].generated[user * n + c] *
                        (c < o->users ? o->user[c * d + j] : o->item[(c - o->users) * d + j]);
}

#endif

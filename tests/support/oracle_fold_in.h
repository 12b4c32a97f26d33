/* SPDX-License-Identifier: BSD-2-Clause */
/* A user folded into the oracle's graph, layer by layer: all other nodes keep their values. */
#ifndef DIFFMM_TESTS_ORACLE_FOLD_IN_H
#define DIFFMM_TESTS_ORACLE_FOLD_IN_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "oracle_model.h"

enum { FOLD_IN_MOST = 16, FOLD_IN_LAYERS = 4, FOLD_IN_ALL = -1, FOLD_IN_NONE = -2 };

/* What every folded user finds. */
struct fold_in_oracle {
    const struct oracle *oracle;
    double *propagated[FOLD_IN_LAYERS]; /* N x d: sum_{k <= l} A_hat^k V */
};

/* The user's items, each with its degree (self loop and folded user counted); learnt embedding
 * and what generated neighbours bring, d each. */
struct fold_in_user {
    size_t count;
    size_t items[FOLD_IN_MOST];
    double degrees[FOLD_IN_MOST];
    const double *e, *g;
};

/* Which sources are let through. */
struct fold_in_sources {
    bool own;     /* e and g */
    bool learnt;  /* E_I and what propagation hands on */
    int item;     /* only this one of the user's items, or FOLD_IN_ALL, FOLD_IN_NONE */
    int modality; /* only this one's features, or FOLD_IN_ALL, FOLD_IN_NONE */
};

static const struct fold_in_sources fold_in_everything = {true, true, FOLD_IN_ALL, FOLD_IN_ALL};

static inline struct fold_in_oracle fold_in_oracle_begin(struct oracle *oracle)
{
    struct fold_in_oracle world = {.oracle = oracle};
    size_t layers = oracle->layers;
    double ris_lambda = oracle->ris_lambda;
    oracle->ris_lambda = 0.0;
    for (size_t l = 0; l < FOLD_IN_LAYERS; l++) {
        oracle->layers = l;
        world.propagated[l] = oracle_zeros((oracle->users + oracle->items) * oracle->d);
        oracle_aggregate(oracle, world.propagated[l]);
    }
    oracle->layers = layers;
    oracle->ris_lambda = ris_lambda;
    return world;
}

static inline void fold_in_oracle_end(struct fold_in_oracle *world)
{
    for (size_t l = 0; l < FOLD_IN_LAYERS; l++)
        free(world->propagated[l]);
}

/* x += weight * sum over the user's items that are let through of row i / sqrt(s degree). */
static inline void fold_in_gather(const struct fold_in_user *user, size_t d, int only,
                                  double weight, const double *rows, double *x)
{
    for (size_t i = 0; i < user->count; i++)
        for (size_t j = 0; j < d && (only == FOLD_IN_ALL || only == (int)i); j++)
            x[j] += weight * rows[user->items[i] * d + j] /
                    sqrt((double)(user->count + 1) * user->degrees[i]);
}

/* The final embedding as far as `sources` bring it, with the norm of V given, or, where that is 0,
 * taken from V; returns that norm. */
static inline double fold_in_final(const struct fold_in_oracle *world,
                                   const struct fold_in_user *user, struct fold_in_sources sources,
                                   double norm, double *final)
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
        if (sources.modality == FOLD_IN_ALL || sources.modality == (int)m)
            fold_in_gather(user, d, sources.item, weights[m], o->modality[m].normalized, y);
    /* V = Y + A_hat [users of Y; E_I] + G */
    for (size_t j = 0; j < d; j++)
        v[j] = y[j] + y[j] / s + (sources.own ? user->g[j] : 0.0);
    if (sources.learnt)
        fold_in_gather(user, d, sources.item, 1.0, o->item, v);
    /* H_l = V + A_hat H_(l-1) */
    memcpy(h, v, d * sizeof *h);
    for (size_t l = 0; l < o->layers; l++) {
        for (size_t j = 0; j < d; j++)
            h[j] = v[j] + h[j] / s;
        if (sources.learnt)
            fold_in_gather(user, d, sources.item, 1.0, world->propagated[l] + o->users * d, h);
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
static inline void fold_in_generated(const struct oracle *o, size_t user, double *g)
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

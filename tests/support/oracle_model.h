/* SPDX-License-Identifier: BSD-2-Clause */
/* The recommender in double precision, formula by formula and the slow way: dense N x N matrices,
 * one modality after the other, nothing folded together. N = users + items, users first. */
#ifndef DIFFMM_TESTS_ORACLE_MODEL_H
#define DIFFMM_TESTS_ORACLE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ORACLE_MODALITIES = 4 };

struct oracle_modality {
    size_t dimensions; /* D */
    bool linear;
    double *features;   /* I x D */
    double *weight;     /* D x d where leaky, d x D where linear */
    double *bias;       /* d, where linear */
    double *generated;  /* A_m, N x N */
    double *observed;   /* A', N x N, or NULL: nothing is mixed in */
    double *normalized; /* Xn_m, I x d: what aggregation and views read */
};

struct oracle {
    size_t users, items, d, modality_count, layers;
    double ris_lambda, ris_adj_lambda, fusion_ratio;
    double tau, ssl_reg, reg, alignment, batch;
    bool contrastive, main_anchor;
    size_t negative_count; /* drawn users and items, not owned; 0: all */
    const int32_t *user_negatives, *item_negatives;
    double *adjacency;   /* A_hat, N x N */
    double *user, *item; /* E_U, E_I */
    double *logits;      /* kappa */
    struct oracle_modality modality[ORACLE_MODALITIES];
};

struct oracle_losses {
    double bpr, contrastive, regularizer, alignment, total;
};

/* `count` zeros, to be freed. */
double *oracle_zeros(size_t count);
/* Release every array. */
void oracle_end(struct oracle *oracle);

/* Keep entry e (of those that are not 0, in row-major order) where kept[e]; divide by keep_rate. */
void oracle_drop(size_t nodes, double *matrix, double keep_rate, const uint8_t *kept);

/* X_m, I x d; and its rows over max(norm, 1e-12). */
void oracle_project(const struct oracle *oracle, size_t m, double *projected, double *normalized);
/* Projections of all modalities into their `normalized`. */
void oracle_project_all(struct oracle *oracle);

/* softmax(kappa). */
void oracle_weights(const struct oracle *oracle, double *weights);
/* Final embeddings, N x d, from the present `normalized`. */
void oracle_aggregate(const struct oracle *oracle, double *final);
/* The contrastive view of a modality, N x d, from the present `normalized`. */
void oracle_view(const struct oracle *oracle, size_t m, double *view);

/* Everything, from the parameters. */
struct oracle_losses oracle_objective(struct oracle *oracle, size_t count, const int32_t *user,
                                      const int32_t *positive, const int32_t *negative);

/* d value / d *place by central differences. */
double oracle_derivative(double *place, double (*value)(void *argument), void *argument);

#endif

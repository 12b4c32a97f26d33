/* SPDX-License-Identifier: BSD-2-Clause */
/* The denoiser's training loss of one batch, value and gradient.
 *
 * There are two ways. The direct one (direct.c) makes x_hat and goes back through it. The Gram one
 * (gram.c) never makes x_hat: both terms are quadratic in it, so products of the last layer's
 * weights with themselves serve. Which is cheaper is a matter of shape; objective.c chooses. */
#ifndef DIFFMM_DIFFUSION_OBJECTIVE_H
#define DIFFMM_DIFFUSION_OBJECTIVE_H

#include "diffusion/corrupt.h"

/* The MSI term's constants: X and E, items x d; d = 0: no such term. */
struct diffmm__msi {
    size_t d;
    const float *features, *item_embedding;
    double weight; /* e_loss */
};

struct diffmm__denoiser_losses {
    double elbo, msi; /* means over users; msi not weighted */
};

/* Memory for batches of up to `rows` users. B users of a batch, I items, h inputs of the last
 * layer. */
struct diffmm__objective {
    const diffmm_context *context;
    struct diffmm__arena arena;
    struct diffmm__pass pass;
    size_t rows, d;
    bool gram;          /* the way taken */
    double *elbo, *msi; /* rows: each user's terms */
    /* U = x_hat X - x0 E, rows x d (direct); in the Gram way rows x (d + 1), see gram.c. */
    float *injected;
    /* The Gram way's own. */
    float *features_bias;         /* I x (d + 1): [X, b] */
    float *weights_gram;          /* h x h: S = W^T W */
    float *weights_features_bias; /* h x (d + 1): W^T [X, b] */
    float *bias_features;         /* d: b X */
    float *scaled;                /* rows x h: the activations times each user's weight */
    float *activations_gram;      /* h x h: Q */
    float *injected_activations;  /* (d + 1) x h */
    float *injected_sums;         /* d + 1 */
    float *column_squares;        /* h: the diagonal of S */
    float *pieces;                /* scratch of diffmm__gemm_symmetric */
    int64_t *item_pointers;       /* I + 1: the batch by items .. */
    int32_t *item_rows;           /* .. the batch rows that hold an item, .. */
    float *item_values;           /* .. with what value */
    /* Users whose loss is computed from x_hat itself (residual.h). */
    size_t residual_count;
    int32_t *residual_rows;                           /* their batch rows, ascending */
    int32_t *residual_place;                          /* rows: place among them, or -1 */
    float *residual_omega;                            /* rows: 2 w_t / (I B), or 0 for all others */
    float *residual_activations, *residual_gradients; /* residual_count x h: a and omega r W */
};

/* How the choice is made. */
enum diffmm__objective_way {
    DIFFMM__OBJECTIVE_CHEAPEST = 0,
    DIFFMM__OBJECTIVE_DIRECT = 1,
    DIFFMM__OBJECTIVE_GRAM = 2
};

/* Shape and way without memory, for diffmm__objective_flops and _bytes. */
void diffmm__objective_plan(const struct diffmm__layers *layers, size_t rows, size_t d,
                            enum diffmm__objective_way way, struct diffmm__objective *out);

/* What diffmm__objective_create will allocate for it. */
size_t diffmm__objective_bytes(const struct diffmm__objective *objective, size_t entries);

/* `entries`: how many interactions a batch has at most. d = 0: no MSI term. */
diffmm_status diffmm__objective_create(const diffmm_context *context,
                                       const struct diffmm__layers *layers, size_t rows, size_t d,
                                       size_t entries, enum diffmm__objective_way way,
                                       struct diffmm__objective *out);
void diffmm__objective_end(struct diffmm__objective *objective);

/* Mean over `rows` users of ELBO + weight MSI; gradients are overwritten, or not made where
 * `gradient` is NULL. A gradient that is taken as it is made, or that is wanted `if_finite`, is not
 * made where the loss is not finite: no parameter changes then. */
struct diffmm__denoiser_losses
diffmm__objective(struct diffmm__objective *objective, const diffmm_schedule *schedule,
                  const float *parameters, size_t rows, const struct diffmm__batch_rows *x0,
                  const int32_t *t, const struct diffmm__draws *draws,
                  const struct diffmm__msi *msi, struct diffmm__gradient *gradient);

/* FLOPs of matrix products of one batch of `rows` users, by the way taken and by the direct way. */
double diffmm__objective_flops(const struct diffmm__objective *objective, size_t rows);
double diffmm__objective_direct_flops(const struct diffmm__objective *objective, size_t rows);

/* Once every user's terms stand there: whether the gradient is to be made. */
bool diffmm__objective_goes_back(const struct diffmm__objective *objective, size_t rows,
                                 const struct diffmm__gradient *gradient);

/* The two ways: from the corrupted input in pass->input to objective->elbo, ->msi and gradients. */
void diffmm__objective_direct(struct diffmm__objective *objective, const diffmm_schedule *schedule,
                              const float *parameters, size_t rows,
                              const struct diffmm__batch_rows *x0, const int32_t *t,
                              const struct diffmm__msi *msi, struct diffmm__gradient *gradient);
diffmm_status diffmm__gram_create(struct diffmm__objective *objective, size_t entries);
size_t diffmm__gram_bytes(const struct diffmm__objective *objective, size_t entries);
void diffmm__objective_gram(struct diffmm__objective *objective, const diffmm_schedule *schedule,
                            const float *parameters, size_t rows,
                            const struct diffmm__batch_rows *x0, const int32_t *t,
                            const struct diffmm__msi *msi, struct diffmm__gradient *gradient);

#endif

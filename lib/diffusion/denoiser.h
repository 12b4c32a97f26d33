/* SPDX-License-Identifier: BSD-2-Clause */
/* The denoiser x_hat(x, t), an autoencoder (paper, section 3.2): h = [x, time(t)]; every layer
 * affine, tanh after each but the time layer and the last. Its forward and backward pass over a
 * batch, in memory allocated once. */
#ifndef DIFFMM_DIFFUSION_DENOISER_H
#define DIFFMM_DIFFUSION_DENOISER_H

#include "base/memory.h"
#include "diffusion/gradient.h"

/* Everything a pass over up to `rows` users holds. */
struct diffmm__denoiser_pass {
    const diffmm_context *context;
    struct diffmm__layers layers;
    size_t rows;
    float *input; /* rows x (items + e): x, then the time layer's output */
    float *time;  /* rows x e: the sinusoidal embedding, which the time layer reads */
    float *hidden[DIFFMM__MAX_LAYERS]; /* [l]: rows x outputs of layer l, for 1 <= l < count - 1 */
    float *output;                     /* rows x items: x_hat */
    int32_t *steps;                    /* rows; for callers whose users are all at one step */
    float *gradient[2];                /* rows x widest, for the backward pass */
    float *grad_time;                  /* rows x e, the same */
};

/* What a pass has room for. */
enum diffmm__pass_kind {
    DIFFMM__PASS_FORWARD = 0, /* the forward pass */
    DIFFMM__PASS_TRAIN = 1,   /* forward and backward */
    DIFFMM__PASS_HEAD = 2     /* both, without the last layer: no x_hat */
};

/* Memory for it, in the caller's arena; the context is the arena's. */
void diffmm__denoiser_pass_take(struct diffmm__arena *arena, const struct diffmm__layers *layers,
                                size_t rows, enum diffmm__pass_kind kind,
                                struct diffmm__denoiser_pass *out);

/* pass->input of `rows` users: x, row-normalised if the shape says so, then dropout (factors, or
 * NULL). */
void diffmm__denoiser_pass_read(struct diffmm__denoiser_pass *pass, size_t rows, const float *x,
                                const float *dropout_scale);

/* Sinusoidal embedding of one step. */
void diffmm__denoiser_embed_time(double t, size_t size, float *out);

/* x_hat into pass->output, of `rows` users whose x stands in pass->input, at steps t; and the same
 * without the last layer, whose input then stands in pass->hidden[count - 2]. */
void diffmm__denoiser_forward(struct diffmm__denoiser_pass *pass, const float *parameters,
                              size_t rows, const int32_t *t);
void diffmm__denoiser_forward_head(struct diffmm__denoiser_pass *pass, const float *parameters,
                                   size_t rows, const int32_t *t);

/* Gradient of every parameter, overwritten. The forward pass must have run. Where a step is taken on
 * the gradient as it is made, a layer's parameters are no longer read by then. */
void diffmm__denoiser_backward(struct diffmm__denoiser_pass *pass, const float *parameters,
                               size_t rows, const float *grad_x_hat,
                               const struct diffmm__gradient *gradient);

/* The part of it below the last layer, whose input's gradient stands in pass->gradient[0]. */
void diffmm__denoiser_backward_head(struct diffmm__denoiser_pass *pass, const float *parameters,
                                    size_t rows, const struct diffmm__gradient *gradient);

/* FLOPs of matrix products of one forward pass over `rows` users. */
double diffmm__denoiser_flops(const struct diffmm__layers *layers, size_t rows);

/* The same of every layer below the last, forward and backward: the gradients of all weights and of
 * all inputs but the first layer's. */
double diffmm__denoiser_head_flops(const struct diffmm__layers *layers, size_t rows);

#endif

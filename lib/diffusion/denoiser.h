/* SPDX-License-Identifier: BSD-2-Clause */
/* The denoiser x_hat(x, t), an autoencoder (paper, section 3.2): forward and backward pass over a
 * batch, in memory that is allocated once.
 *
 * The first layer's input is h = [x, time(t)]. Every layer is affine; tanh follows each but the
 * time layer and the last. */
#ifndef DIFFMM_DIFFUSION_DENOISER_H
#define DIFFMM_DIFFUSION_DENOISER_H

#include "base/memory.h"
#include "diffusion/gradient.h"

/* All memory of a pass over up to `rows` users. */
struct diffmm__denoiser_pass {
    const diffmm_context *context;
    struct diffmm__layers layers;
    size_t rows;
    float *input; /* rows x (items + e): x, then the time layer's output */
    float *time;  /* rows x e: the sinusoidal embedding, which the time layer reads */
    float *hidden[DIFFMM__MAX_LAYERS]; /* [l]: rows x outputs of layer l, for 1 <= l < count - 1 */
    float *output;                     /* rows x items: x_hat */
    int32_t *steps;                    /* rows: steps t, for callers that have no array of them */
    const float *linear;               /* items x items, or NULL: x times it is added to x_hat */
    float *gradient[2];                /* rows x widest, for the backward pass */
    float *grad_time;                  /* rows x e, the same */
};

/* Which arrays a pass has. */
enum diffmm__pass_kind {
    DIFFMM__PASS_FORWARD = 0, /* the forward pass */
    DIFFMM__PASS_TRAIN = 1,   /* forward and backward */
    DIFFMM__PASS_HEAD = 2     /* both, without the last layer: no x_hat */
};

/* Takes a pass's memory from the caller's arena, with which it ends; the pass computes on the
 * arena's context. */
void diffmm__denoiser_pass_take(struct diffmm__arena *arena, const struct diffmm__layers *layers,
                                size_t rows, enum diffmm__pass_kind kind,
                                struct diffmm__denoiser_pass *out);

/* Fills pass->input for `rows` users: x, row-normalised if the shape says so, then times the
 * dropout factors, unless they are NULL. */
void diffmm__denoiser_pass_read(struct diffmm__denoiser_pass *pass, size_t rows, const float *x,
                                const float *dropout_scale);

/* The forward pass of `rows` users, whose x stands in pass->input, at steps t: x_hat into
 * pass->output. Without parameters (NULL) it is the linear part alone. The second stops before the last layer; its input stands in
 * pass->hidden[count - 2]. */
void diffmm__denoiser_forward(struct diffmm__denoiser_pass *pass, const float *parameters,
                              size_t rows, const int32_t *t);
void diffmm__denoiser_forward_head(struct diffmm__denoiser_pass *pass, const float *parameters,
                                   size_t rows, const int32_t *t);

/* The gradient of every parameter, from that of x_hat. The forward pass must have run. A layer's
 * parameters are read for the last time before its gradient is made, so that a step may change
 * them. */
void diffmm__denoiser_backward(struct diffmm__denoiser_pass *pass, const float *parameters,
                               size_t rows, const float *grad_x_hat,
                               const struct diffmm__gradient *gradient);

/* The same for all layers but the last: the gradient of the last layer's input stands in
 * pass->gradient[0]. */
void diffmm__denoiser_backward_head(struct diffmm__denoiser_pass *pass, const float *parameters,
                                    size_t rows, const struct diffmm__gradient *gradient);

/* FLOPs of matrix products of one forward pass over `rows` users, and of its linear part alone. */
double diffmm__denoiser_linear_flops(const struct diffmm__layers *layers, size_t rows);
double diffmm__denoiser_flops(const struct diffmm__layers *layers, size_t rows);

/* FLOPs of all layers but the last, forward and backward: the gradients of all weights, and of all
 * inputs but the first layer's. */
double diffmm__denoiser_head_flops(const struct diffmm__layers *layers, size_t rows);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The denoiser's forward and backward pass over a batch, in memory allocated once. */
#ifndef DIFFMM_DIFFUSION_DENOISER_H
#define DIFFMM_DIFFUSION_DENOISER_H

#include "base/memory.h"
#include "diffusion/gradient.h"

/* Everything a pass over up to `rows` users holds. */
struct diffmm__pass {
    const diffmm_context *context;
    struct diffmm__arena arena;
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

diffmm_status diffmm__pass_create(const diffmm_context *context,
                                  const struct diffmm__layers *layers, size_t rows,
                                  enum diffmm__pass_kind kind, struct diffmm__pass *out);
size_t diffmm__pass_bytes(const struct diffmm__layers *layers, size_t rows,
                          enum diffmm__pass_kind kind);
void diffmm__pass_end(struct diffmm__pass *pass);

/* pass->input of `rows` users: x, row-normalised if the shape says so, then dropout (factors, or
 * NULL). */
void diffmm__pass_read(struct diffmm__pass *pass, size_t rows, const float *x,
                       const float *dropout_scale);

/* Sinusoidal embedding of one step. */
void diffmm__time_embedding(double t, size_t size, float *out);

/* x_hat into pass->output, of `rows` users whose x stands in pass->input, at steps t; and the same
 * without the last layer, whose input then stands in pass->hidden[count - 2]. */
void diffmm__denoiser_forward(struct diffmm__pass *pass, const float *parameters, size_t rows,
                              const int32_t *t);
void diffmm__denoiser_forward_head(struct diffmm__pass *pass, const float *parameters, size_t rows,
                                   const int32_t *t);

/* Gradient of every parameter, overwritten. The forward pass must have run. Where the gradient is
 * taken as it is made, a layer's parameters are no longer read by then. */
void diffmm__denoiser_backward(struct diffmm__pass *pass, const float *parameters, size_t rows,
                               const float *grad_x_hat, struct diffmm__gradient *gradient);

/* The part of it below the last layer, whose input's gradient stands in pass->gradient[0]. */
void diffmm__denoiser_backward_head(struct diffmm__pass *pass, const float *parameters, size_t rows,
                                    struct diffmm__gradient *gradient);

/* FLOPs of matrix products of one forward pass over `rows` users. */
double diffmm__denoiser_flops(const struct diffmm__layers *layers, size_t rows);

#endif

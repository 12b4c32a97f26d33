/* SPDX-License-Identifier: BSD-2-Clause */
/* The layers of a denoiser, and where their parameters stand. */
#ifndef DIFFMM_DIFFUSION_LAYERS_H
#define DIFFMM_DIFFUSION_LAYERS_H

#include <stdbool.h>

#include <diffmm/diffusion.h>

enum { DIFFMM__MAX_HIDDEN = 16, DIFFMM__MAX_LAYERS = 2 * DIFFMM__MAX_HIDDEN + 1 };

/* y = W x + b. `weight` (outputs x inputs) and `bias` are offsets into the parameters. */
struct diffmm__layer {
    size_t inputs, outputs, weight, bias;
};

/* Layer 0 is the time layer; the encoder's and then the decoder's follow. */
struct diffmm__layers {
    size_t items, time_size, hidden_count; /* items: those of x, or the rank of a basis */
    bool normalize;
    size_t basis_items; /* the items that a basis stands for; 0: there is no basis */
    size_t count;       /* 1 + 2 hidden_count */
    struct diffmm__layer layer[DIFFMM__MAX_LAYERS];
    bool linear;   /* a linear part of items x items weights is added (diffusion/basis.h) */
    bool silent;   /* for counting FLOPs: the layers are known to add nothing to it */
    size_t size;   /* floats in all */
    size_t widest; /* largest hidden layer */
};

/* Reads and checks a caller's shape. */
diffmm_status diffmm__layers_read(const diffmm_denoiser_shape *shape, struct diffmm__layers *out);

/* Makes the layers of a spectral denoiser from those that take the coordinates of a basis in place of
 * items: of a basis for `items` items. */
void diffmm__layers_set_basis(struct diffmm__layers *layers, size_t items);

/* Tensor `index` of the parameters, below 2 count: a layer's weight, then its bias. */
struct diffmm__layer_tensor {
    char name[32];
    size_t rows, columns, offset;
};
struct diffmm__layer_tensor diffmm__layers_tensor(const struct diffmm__layers *layers,
                                                  size_t index);

/* Whether the last layer's weights and biases are all 0: then so is what the layers compute. */
bool diffmm__layers_silent(const struct diffmm__layers *layers, const float *parameters);

/* Initial values: weights N(0, 2 / (rows + columns)), biases N(0, 0.001^2), where the second number
 * is the variance. With a basis, rows and columns are counted as if its items stood there: then
 * W B^T, which acts upon the items, has the variance that a full denoiser's weights have. `stream`
 * is that of the first tensor (base/streams.h). */
void diffmm__layers_initialize(const struct diffmm__layers *layers, uint64_t seed, uint64_t stream,
                               float *parameters);

#endif

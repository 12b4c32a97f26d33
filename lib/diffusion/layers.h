/* SPDX-License-Identifier: BSD-2-Clause */
/* A denoiser's shape worked out: its layers and where their parameters stand. */
#ifndef DIFFMM_DIFFUSION_LAYERS_H
#define DIFFMM_DIFFUSION_LAYERS_H

#include <stdbool.h>

#include <diffmm/diffusion.h>

enum { DIFFMM__MAX_HIDDEN = 16, DIFFMM__MAX_LAYERS = 2 * DIFFMM__MAX_HIDDEN + 1 };

/* y = W x + b: weight outputs x inputs, then bias, at these offsets of the parameters. */
struct diffmm__layer {
    size_t inputs, outputs, weight, bias;
};

/* Layer 0 is the time layer, then the encoder's, then the decoder's. */
struct diffmm__layers {
    size_t items, time_size, hidden_count;
    bool normalize;
    size_t count; /* 1 + 2 hidden_count */
    struct diffmm__layer layer[DIFFMM__MAX_LAYERS];
    size_t size;   /* floats in all */
    size_t widest; /* largest hidden layer */
};

/* Check a caller's shape and work it out. */
diffmm_status diffmm__layers_read(const diffmm_denoiser_shape *shape, struct diffmm__layers *out);

/* Array `index`, below 2 count, of the parameters: a layer's weight, then its bias. */
struct diffmm__layer_tensor {
    char name[32];
    size_t rows, columns, offset;
};
struct diffmm__layer_tensor diffmm__layers_tensor(const struct diffmm__layers *layers,
                                                  size_t index);

/* diffmm_denoiser_initialize with the stream of the first array (base/streams.h). */
void diffmm__layers_initialize(const struct diffmm__layers *layers, uint64_t seed, uint64_t stream,
                               float *parameters);

#endif

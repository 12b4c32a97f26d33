/* SPDX-License-Identifier: BSD-2-Clause */
/* The formats of this library's files: the metadata's `format`, and what messages call a file. */
#ifndef DIFFMM_FILES_FORMATS_H
#define DIFFMM_FILES_FORMATS_H

#define DIFFMM__MODEL_FORMAT "diffmm-model"
#define DIFFMM__MODEL_KIND "a model file"
#define DIFFMM__CHECKPOINT_FORMAT "diffmm-checkpoint"
#define DIFFMM__CHECKPOINT_KIND "a training checkpoint"
#define DIFFMM__MODULE_FORMAT "diffmm-diffusion"
#define DIFFMM__MODULE_KIND "a diffusion module"
#define DIFFMM__COLD_START_FORMAT "diffmm-placer"
#define DIFFMM__COLD_START_KIND "a cold-start mapping"
#define DIFFMM__VECTORS_FORMAT "diffmm-vectors"

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of a model file that folding users into a blend takes (model/blend_state.h). */
#ifndef DIFFMM_FILES_BLEND_READ_H
#define DIFFMM_FILES_BLEND_READ_H

#include "files/model_served.h"
#include "model/blend_state.h"

/* Whether the file has this part. */
bool diffmm__blend_read_possible(const struct diffmm__safetensors *file);

/* Reads it, by the modalities' names. Matrices are in the file's memory. */
diffmm_status diffmm__blend_read(const struct diffmm__safetensors *file,
                                 const struct diffmm__served *served, size_t modality_count,
                                 char (*const names)[64], struct diffmm__blend_state **out);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* A parameter of a model or of a diffusion module, as the public interface gives it. */
#ifndef DIFFMM_MODULE_PARAMETER_H
#define DIFFMM_MODULE_PARAMETER_H

#include <diffmm/model.h>

/* Write rows x columns values to where a parameter stands: they must be its own shape, and finite.
 * They may be the parameter's own. */
diffmm_status diffmm__parameter_write(const diffmm_parameter *parameter, size_t rows,
                                      size_t columns, const float *values, float *place);

#endif

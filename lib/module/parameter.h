/* SPDX-License-Identifier: BSD-2-Clause */
/* A parameter of a model or of a diffusion module, as the public interface gives it. */
#ifndef DIFFMM_MODULE_PARAMETER_H
#define DIFFMM_MODULE_PARAMETER_H

#include <diffmm/model.h>

/* Writes rows x columns values to `place`, where a parameter stands, after a check that they have
 * its shape and are finite. They may be the parameter's own. */
diffmm_status diffmm__parameter_write(const diffmm_parameter *parameter, size_t rows,
                                      size_t columns, const float *values, float *place);

#endif

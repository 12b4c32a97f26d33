/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a score comes from. */
#ifndef DIFFMM_EXAMPLES_SERVE_EXPLAIN_H
#define DIFFMM_EXAMPLES_SERVE_EXPLAIN_H

#include "answers.h"

/* {"user":"7","item":"12","score":..,"modalities":{"image":..},"collaborative":..,
 *  "denoisers":{"image":..},"items":[{"item":"3","score":..}, ..],"rest":..}, items that bring most
 * first. */
bool explain(const struct answering *answering, const struct served *model,
             const json_t *parameters, struct answer *answer, struct failure *failure);

#endif

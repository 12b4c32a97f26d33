/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a training that began with some settings may go on with others: it may if they only
 * decide how long it goes on, not what it computes. */
#ifndef DIFFMM_OPTIONS_RESUMABLE_H
#define DIFFMM_OPTIONS_RESUMABLE_H

#include <stdbool.h>

#include <diffmm/options.h>

/* DIFFMM_ERROR_INVALID_ARGUMENT names a setting that differs between those with which a training
 * began and `now`, and that would change what is computed. */
diffmm_status diffmm__options_check_resumable(const diffmm_options *begun,
                                              const diffmm_options *now);

/* Whether the setting of that name may be another one. */
bool diffmm__options_may_change(const char *name);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a training begun with some settings may go on with others: it may where they decide how
 * long it goes on, not what it computes. */
#ifndef DIFFMM_OPTIONS_RESUMABLE_H
#define DIFFMM_OPTIONS_RESUMABLE_H

#include <diffmm/options.h>

/* DIFFMM_ERROR_INVALID_ARGUMENT names a setting in which `now` differs from what a training was
 * begun with, where that would change what it computes. */
diffmm_status diffmm__options_check_resumable(const diffmm_options *begun,
                                              const diffmm_options *now);

#endif

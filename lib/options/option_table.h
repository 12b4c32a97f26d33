/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of settings: the one place that says what can be set. */
#ifndef DIFFMM_OPTIONS_OPTION_TABLE_H
#define DIFFMM_OPTIONS_OPTION_TABLE_H

#include <diffmm/options.h>

/* Setting `index`, which must be below diffmm_option_count(). */
const diffmm_option_info *diffmm__option_at(size_t index);

#endif

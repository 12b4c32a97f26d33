/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of settings: the one place that says what can be set. */
#ifndef DIFFMM_OPTIONS_OPTION_TABLE_H
#define DIFFMM_OPTIONS_OPTION_TABLE_H

#include <stdbool.h>

#include <diffmm/options.h>

/* Setting `index`, which must be below diffmm_option_count(). */
const diffmm_option_info *diffmm__option_at(size_t index);

/* Whether the first version of the library did not have the setting. Such settings stand at the end
 * of the table, so that the index of a setting never changes. */
bool diffmm__option_is_younger(size_t index);

/* Whether the setting says which of several processes computes and keeps what, and not what that is: it
 * may change when a training goes on, and is written into no file. */
bool diffmm__option_is_of_peers(const char *name);

/* The word that stands for 0 where that lets the library choose; NULL where there is none. */
const char *diffmm__option_word_for_zero(const diffmm_option_info *info);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Values as text: checked, and brought into one canonical form ("yes" becomes "true", "1e-2"
 * becomes "0.01"). */
#ifndef DIFFMM_OPTIONS_OPTION_VALUES_H
#define DIFFMM_OPTIONS_OPTION_VALUES_H

#include <diffmm/options.h>

enum {
    DIFFMM__VALUE_TEXT = 512, /* room for any value in canonical form */
    DIFFMM__MAX_LIST = 16     /* numbers of a list */
};

/* Check a value against type and range, and write it in canonical form. `name` is the name by which
 * the caller set it, for messages. */
diffmm_status diffmm__option_value_normalize(const diffmm_option_info *info, const char *name,
                                             const char *text, char out[DIFFMM__VALUE_TEXT]);

/* The integers of a list in canonical form; returns how many. */
size_t diffmm__option_value_list(const char *text, size_t out[DIFFMM__MAX_LIST]);

#endif

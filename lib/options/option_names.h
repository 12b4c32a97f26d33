/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the setting of the table that a name means. */
#ifndef DIFFMM_OPTIONS_OPTION_NAMES_H
#define DIFFMM_OPTIONS_OPTION_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/status.h>

enum { DIFFMM__MODALITY_NAME = 64 }; /* room for a modality's name in "modality.NAME.setting" */

/* What a name means: a setting and, for "modality.NAME.setting", the modality. */
struct diffmm__option_key {
    size_t index; /* in the table */
    bool per_modality;
    char modality[DIFFMM__MODALITY_NAME];
};

/* Find a setting by name or symbol. An unknown name is an error that suggests the closest one. */
diffmm_status diffmm__option_find(const char *name, struct diffmm__option_key *out);

#endif

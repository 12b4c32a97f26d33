/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the unit `options`: the table of settings, their names, their values. */
#ifndef DIFFMM_OPTIONS_STORE_H
#define DIFFMM_OPTIONS_STORE_H

#include <diffmm/options.h>

#include "base/handle.h"
#include "base/index.h"
#include "options/options.h"

enum {
    DIFFMM__MODALITY_NAME = 64, /* with its NUL */
    DIFFMM__VALUE_TEXT = 512    /* room for any value in canonical form */
};

/* What a name stands for: a setting and, for "modality.NAME.setting", whose. */
struct diffmm__key {
    size_t index;
    bool per_modality;
    char modality[DIFFMM__MODALITY_NAME];
};

/* The value of one modality's own setting. */
struct diffmm__override {
    struct diffmm__key key;
    char *name; /* "modality.NAME.setting" */
    char *value;
};

/* Values are kept as text in canonical form: what is listed, saved and read is one thing. */
struct diffmm_options {
    struct diffmm__handle handle;
    diffmm_context *context;
    char **values; /* diffmm_option_count(); NULL: the default */
    size_t override_count, override_capacity;
    struct diffmm__override *overrides;
    struct diffmm__index override_index; /* of their names */
};

/* Setting `index`, which must be below diffmm_option_count(). */
const diffmm_option_info *diffmm__option_at(size_t index);

/* Find a setting by name or symbol; an unknown one is an error that suggests the closest known. */
diffmm_status diffmm__option_find(const char *name, struct diffmm__key *out);

/* Among `count` texts the one fewest edits away from `text`; NULL where none comes close. */
const char *diffmm__closest(const char *text, size_t count, const char *const *texts);

/* Check a value against type and range, and write it in canonical form. `name` is what the caller
 * called the setting. */
diffmm_status diffmm__value_normalize(const diffmm_option_info *info, const char *name,
                                      const char *text, char out[DIFFMM__VALUE_TEXT]);

/* Whether a key has a value of its own. */
bool diffmm__options_has(const diffmm_options *options, const struct diffmm__key *key);

/* The value of a key: its own, the general setting's, or the default. */
const char *diffmm__options_value(const diffmm_options *options, const struct diffmm__key *key);

/* The integers of a list in canonical form; returns how many. */
size_t diffmm__value_list(const char *text, size_t out[DIFFMM__MAX_LIST]);

#endif

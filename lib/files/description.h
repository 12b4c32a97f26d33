/* SPDX-License-Identifier: BSD-2-Clause */
/* The metadata of a file in the making (files/metadata.h lists it and reads it). */
#ifndef DIFFMM_FILES_DESCRIPTION_H
#define DIFFMM_FILES_DESCRIPTION_H

#include "base/json_write.h"
#include "files/formats.h"
#include "files/safetensors_write.h"
#include "model/model.h"

struct diffmm__description {
    const diffmm_context *context;
    size_t count;
    struct diffmm__metadata list[16];
    char *values[16]; /* the list's, owned */
};

/* Format, version and library. The description must be ended in any case. */
diffmm_status diffmm__description_begin(const diffmm_context *context, const char *format,
                                        struct diffmm__description *out);
void diffmm__description_end(struct diffmm__description *description);

/* Add a text (copied), a number, the settings. */
diffmm_status diffmm__description_add_text(struct diffmm__description *description, const char *key,
                                           const char *value);
diffmm_status diffmm__description_add_count(struct diffmm__description *description,
                                            const char *key, size_t value);
diffmm_status diffmm__description_add_options(struct diffmm__description *description,
                                              const diffmm_options *options);

/* Add a JSON value, which is taken over; NULL means that there was no memory for it. */
diffmm_status diffmm__description_add_json(struct diffmm__description *description, const char *key,
                                           json_t *value);

/* An epoch with its metrics as JSON; NULL without memory. */
json_t *diffmm__description_evaluated_json(const struct diffmm__evaluated *evaluated);

/* Add what model files and training checkpoints have in common. */
diffmm_status diffmm__description_add_model(struct diffmm__description *description,
                                            const diffmm_model *model);

#endif

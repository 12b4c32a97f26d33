/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the metadata that the library's files have in common: format, version, library, users,
 * items, d, modalities (a JSON list of name, dimensions, projection), options (JSON), and, where it
 * is known, evaluated (JSON: the epoch whose embeddings the file holds, with its metrics).
 * files/description.h writes it. */
#ifndef DIFFMM_FILES_METADATA_H
#define DIFFMM_FILES_METADATA_H

#include "base/json.h"
#include "files/formats.h"
#include "files/safetensors.h"
#include "model/model.h"

/* Check that a file is of that format, called `kind` in messages, and of the version that this
 * library reads. */
diffmm_status diffmm__metadata_check_format(const struct diffmm__safetensors *file,
                                            const char *format, const char *kind);

/* users, items or d: from 1 to 2^31 - 1. */
diffmm_status diffmm__metadata_count(const struct diffmm__safetensors *file, const char *key,
                                     size_t *out);

/* A value that must be there, as JSON, which the caller ends. */
diffmm_status diffmm__metadata_json(const struct diffmm__safetensors *file, const char *key,
                                    struct diffmm__json *out);

/* All options; or those of `count` names, while all others have their defaults. */
diffmm_status diffmm__metadata_options(const struct diffmm__safetensors *file,
                                       diffmm_options **out);
diffmm_status diffmm__metadata_options_some(const struct diffmm__safetensors *file, size_t count,
                                            const char *const *names, diffmm_options **out);

/* Name, dimensions and projection of each modality, no two of one name; the array is from the
 * context's allocator. */
diffmm_status diffmm__metadata_modalities(const struct diffmm__safetensors *file,
                                          struct diffmm__model_modality **modalities,
                                          size_t *count);

/* Name and dimensions (1 to 2^31 - 1) of entry `index` of the metadata's list of modalities; and
 * what is wrong with such an entry. */
diffmm_status diffmm__metadata_modality(const struct diffmm__safetensors *file,
                                        const struct diffmm__json_value *entry, size_t index,
                                        char name[64], size_t *dimensions);
diffmm_status diffmm__metadata_bad_modality(const struct diffmm__safetensors *file, size_t index,
                                            const char *why);

/* An epoch with its metrics, as diffmm__description_evaluated_json() writes it; where there is no
 * such key, `out` is left as it was. */
diffmm_status diffmm__metadata_evaluated(const struct diffmm__safetensors *file, const char *key,
                                         struct diffmm__evaluated *out);

#endif

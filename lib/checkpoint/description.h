/* SPDX-License-Identifier: BSD-2-Clause */
/* The metadata that model files and training checkpoints have in common, written and read: format,
 * version, library, users, items, d, modalities (a JSON list of name, dimensions, projection),
 * options (JSON), and, where it is known, evaluated (JSON: the epoch whose embeddings the file
 * holds, with its metrics). */
#ifndef DIFFMM_CHECKPOINT_DESCRIPTION_H
#define DIFFMM_CHECKPOINT_DESCRIPTION_H

#include "base/json.h"
#include "base/json_write.h"
#include "checkpoint/safetensors.h"
#include "model/model.h"

#define DIFFMM__MODEL_FORMAT "diffmm-model"
#define DIFFMM__MODEL_KIND "a model file"
#define DIFFMM__CHECKPOINT_FORMAT "diffmm-checkpoint"
#define DIFFMM__CHECKPOINT_KIND "a training checkpoint"

/* This library's version as text, the metadata's "library". */
struct diffmm__version_text {
    char text[64];
};
struct diffmm__version_text diffmm__version_text(void);

/* Metadata in the making. */
struct diffmm__description {
    const diffmm_context *context;
    size_t count;
    struct diffmm__metadata list[16];
    char *values[16]; /* the list's, owned */
};

/* The common part, for a file of that format. Ends with diffmm__description_end, unless it fails.
 */
diffmm_status diffmm__describe(const diffmm_model *model, const char *format,
                               struct diffmm__description *out);

/* Add a text (copied), a number, the settings. */
diffmm_status diffmm__describe_text(struct diffmm__description *description, const char *key,
                                    const char *value);
diffmm_status diffmm__describe_count(struct diffmm__description *description, const char *key,
                                     size_t value);
diffmm_status diffmm__describe_options(struct diffmm__description *description,
                                       const diffmm_options *options);

/* Add a JSON value, which is taken over; NULL means that there was no memory for it. */
diffmm_status diffmm__describe_json(struct diffmm__description *description, const char *key,
                                    json_t *value);
void diffmm__description_end(struct diffmm__description *description);

/* An epoch and its metrics as JSON; NULL without memory. */
json_t *diffmm__evaluated_json(const struct diffmm__evaluated *evaluated);

/* Check that a file is of that format, called `kind` in messages, and of the version this library
 * reads. */
diffmm_status diffmm__read_format(const struct diffmm__safetensors *file, const char *format,
                                  const char *kind);

/* users, items or d: from 1 to 2^31 - 1. */
diffmm_status diffmm__read_count(const struct diffmm__safetensors *file, const char *key,
                                 size_t *out);

/* A value that must be there, as JSON, to be ended by the caller. */
diffmm_status diffmm__read_json(diffmm_context *context, const struct diffmm__safetensors *file,
                                const char *key, struct diffmm__json *out);
diffmm_status diffmm__read_options(diffmm_context *context, const struct diffmm__safetensors *file,
                                   diffmm_options **out);

/* Name and dimensions (1 to 2^31 - 1) of entry `index` of the metadata's list of modalities. */
diffmm_status diffmm__read_modality(const char *path, const struct diffmm__json_value *entry,
                                    size_t index, char name[64], size_t *dimensions);
diffmm_status diffmm__bad_modality(const char *path, size_t index, const char *why);

/* Name, dimensions and projection of each modality, no two of one name; the array is from the
 * context's allocator. */
diffmm_status diffmm__read_modalities(diffmm_context *context,
                                      const struct diffmm__safetensors *file,
                                      struct diffmm__model_modality **modalities, size_t *count);

/* The value of `key` written by diffmm__evaluated_json; absent: `out` is left as it was. */
diffmm_status diffmm__read_evaluated(diffmm_context *context,
                                     const struct diffmm__safetensors *file, const char *key,
                                     struct diffmm__evaluated *out);

#endif

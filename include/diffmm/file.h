/* SPDX-License-Identifier: BSD-2-Clause */
/** @file file.h
 *  The metadata of a model file or a training checkpoint, without loading it.
 *
 *  Only the header is read, whatever the size of the file.
 *
 *  DIFFMM_ERROR_IO, DIFFMM_ERROR_FORMAT, DIFFMM_ERROR_VERSION for files.
 *
 *  Context and threads: a handle keeps its context; it never changes and may be read by any number
 *  of threads at once. */
#ifndef DIFFMM_FILE_H
#define DIFFMM_FILE_H

#include <diffmm/metrics.h>
#include <diffmm/options.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The metadata of a file. Opaque. */
typedef struct diffmm_file diffmm_file;

/** What a file is. */
typedef enum diffmm_file_kind {
    DIFFMM_FILE_MODEL = 1,     /**< for scoring: diffmm_model_load(), diffmm_scorer_open() */
    DIFFMM_FILE_CHECKPOINT = 2 /**< for training on: diffmm_trainer_resume() */
} diffmm_file_kind;

/** A file's metadata. Pointers are borrowed until the handle ends. */
typedef struct diffmm_file_info {
    size_t struct_size;     /**< as for diffmm_context_settings */
    diffmm_file_kind kind;  /**< model file or checkpoint */
    int32_t format_version; /**< of this kind of file */
    const char *library;    /**< version that wrote it; "" if unknown */
    size_t users;           /**< U */
    size_t items;           /**< I */
    size_t dimensions;      /**< d */
    size_t modality_count;  /**< M */
    size_t epochs_done;     /**< of a checkpoint; 0 for a model file */
    /** The epoch that was chosen: the one a model file holds, or a checkpoint's best so far; 0
     *  where there is none, or the model has changed since it was evaluated. */
    size_t chosen_epoch;
    size_t cutoff_count;         /**< 0 where chosen_epoch is 0 */
    const diffmm_metrics *valid; /**< per cutoff; users = 0 where the split is empty */
    const diffmm_metrics *test;  /**< the same of the test split */
} diffmm_file_info;

/** Read the header of a model file or training checkpoint. The file may change or be removed once
 *  this has returned. */
DIFFMM_API diffmm_status diffmm_file_open(diffmm_context *context, const char *path,
                                          diffmm_file **out);

/** The same for a file that is in memory.
 *  @param context  kept alive
 *  @param data     the file, borrowed during the call
 *  @param size     its bytes
 *  @param out      receives the handle */
DIFFMM_API diffmm_status diffmm_file_open_memory(diffmm_context *context, const void *data,
                                                 size_t size, diffmm_file **out);

/** Release; NULL is fine. */
DIFFMM_API void diffmm_file_destroy(diffmm_file *file);

/** Fill in the metadata. */
DIFFMM_API diffmm_status diffmm_file_describe(const diffmm_file *file, diffmm_file_info *out);

/** Every setting the model was made with; borrowed until the handle ends. */
DIFFMM_API const diffmm_options *diffmm_file_options(const diffmm_file *file);

/** Name of modality `index`; NULL if `index` is too large. Borrowed until the handle ends. */
DIFFMM_API const char *diffmm_file_modality_name(const diffmm_file *file, size_t index);

/** Raw features of an item of modality `index`; 0 if `index` is too large. */
DIFFMM_API size_t diffmm_file_modality_dimensions(const diffmm_file *file, size_t index);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading .npz archives (zip of .npy members) through libzip. Without libzip every call is
 * DIFFMM_ERROR_UNSUPPORTED. */
#ifndef DIFFMM_DATASET_NPZ_H
#define DIFFMM_DATASET_NPZ_H

#include "dataset/npy.h"

struct diffmm__npz; /* an open archive */

diffmm_status diffmm__npz_open(const diffmm_context *context, const char *path,
                               struct diffmm__npz **out);
void diffmm__npz_close(struct diffmm__npz *archive);

/* The number of members, and the name of one without ".npy". */
size_t diffmm__npz_count(const struct diffmm__npz *archive);
const char *diffmm__npz_name(const struct diffmm__npz *archive, size_t index);

/* Bytes of the archive as it is on disk. */
size_t diffmm__npz_file_size(const struct diffmm__npz *archive);

/* A member by name ("data", not "data.npy"). Its data lives until the archive is closed.
 * DIFFMM_ERROR_FORMAT, naming file and member, if there is none. */
diffmm_status diffmm__npz_array(struct diffmm__npz *archive, const char *name,
                                struct diffmm__npy *out);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading .npz archives (zip of .npy members) through libzip. Without libzip every call is
 * DIFFMM_ERROR_UNSUPPORTED. A member is read part by part, so that it can be refused before
 * all of it is unpacked. */
#ifndef DIFFMM_DATASET_READERS_NPZ_H
#define DIFFMM_DATASET_READERS_NPZ_H

#include "dataset/readers/npy.h"

struct diffmm__npz;        /* an open archive */
struct diffmm__npz_member; /* an array in it, as far as it has been read */

diffmm_status diffmm__npz_open(const diffmm_context *context, const char *path,
                               struct diffmm__npz **out);
void diffmm__npz_destroy(struct diffmm__npz *archive);

/* Bytes of the archive as it is on disk. */
size_t diffmm__npz_file_size(const struct diffmm__npz *archive);

/* As diffmm__zip_next(). */
bool diffmm__npz_next(const struct diffmm__npz *archive, size_t *place, const char **name,
                      size_t *length);

/* Open a member by name ("data", not "data.npy") and read its header, into *array (without data,
 * of which the member claims to have as much as the shape needs). DIFFMM_ERROR_FORMAT, naming file
 * and member, if there is none. A member must be destroyed before its archive. */
diffmm_status diffmm__npz_member_open(struct diffmm__npz *archive, const char *name,
                                      struct diffmm__npz_member **out, struct diffmm__npy *array);
void diffmm__npz_member_destroy(struct diffmm__npz_member *member);

/* "FILE:MEMBER", for messages. */
const char *diffmm__npz_member_name(const struct diffmm__npz_member *member);

/* The next `size` bytes of the array's data. */
diffmm_status diffmm__npz_member_read(struct diffmm__npz_member *member, void *out, size_t size);

/* Unpack and drop the rest: whether the member is as long as it claims, and its checksum right. */
diffmm_status diffmm__npz_member_finish(struct diffmm__npz_member *member);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Text that was compressed by gzip (RFC 1952) or zstd (RFC 8878), unpacked piece by piece, so that
 * memory does not depend on how much it becomes. Several members or frames may follow each other. */
#ifndef DIFFMM_DATASET_READERS_COMPRESSED_H
#define DIFFMM_DATASET_READERS_COMPRESSED_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/context.h>

/* Something that is read once, from its beginning on. */
struct diffmm__compressed;

/* Whether the bytes begin as a compressed file does. */
bool diffmm__compressed_looks(const unsigned char *bytes, size_t size);

/* Begin to unpack bytes that stay where they are. DIFFMM_ERROR_UNSUPPORTED where this build lacks
 * the library. */
diffmm_status diffmm__compressed_create(const diffmm_context *context, const unsigned char *bytes,
                                        size_t size, const char *path,
                                        struct diffmm__compressed **out);
void diffmm__compressed_destroy(struct diffmm__compressed *compressed);

/* Unpack up to `room` bytes; *count of 0 means the end. Damaged and truncated files are
 * DIFFMM_ERROR_FORMAT. */
diffmm_status diffmm__compressed_read(struct diffmm__compressed *compressed, char *out, size_t room,
                                      size_t *count);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The directory of a zip archive in memory: where each member's packed bytes are. Archives that two
 * readers could understand differently are refused: those with bytes before or after the archive,
 * with a directory that is not as long as it says, or with a member whose own header differs from
 * its entry in the directory. Time and memory are linear in the size of the directory. */
#ifndef DIFFMM_DATASET_READERS_ZIP_H
#define DIFFMM_DATASET_READERS_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diffmm/context.h>

struct diffmm__zip {
    const unsigned char *bytes;
    const char *path;      /* for messages */
    size_t directory, end; /* where the directory begins and ends */
    uint64_t count;
};

enum { DIFFMM__ZIP_STORED = 0, DIFFMM__ZIP_DEFLATED = 8 };

struct diffmm__zip_member {
    unsigned method; /* stored or deflated */
    uint32_t checksum;
    size_t offset, packed; /* its bytes in the archive */
    size_t size; /* unpacked, as it claims; checked that its packed bytes can hold as much */
};

diffmm_status diffmm__zip_parse(const unsigned char *bytes, size_t size, const char *path,
                                struct diffmm__zip *out);

/* The names of all members, one with each call; they are within the archive, and have no NUL.
 * *place begins as 0. False after the last. */
bool diffmm__zip_next(const struct diffmm__zip *zip, size_t *place, const char **name,
                      size_t *length);

/* The member "NAME.npy" or "NAME": the last of that name, as an archive is updated by appending.
 * Both names at once are an error, as is none. */
diffmm_status diffmm__zip_find(const struct diffmm__zip *zip, const char *name,
                               struct diffmm__zip_member *out);

#endif

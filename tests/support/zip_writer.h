/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes zip archives with stored members byte by byte, also such as no program writes. */
#ifndef DIFFMM_TESTS_ZIP_WRITER_H
#define DIFFMM_TESTS_ZIP_WRITER_H

#include <string.h>

#include "bytes.h"

struct zip_member {
    const char *name;
    const struct bytes *content;
    const char *local_name; /* in the member's own header; NULL: the same */
    int flags, method;      /* 0: none, stored */
    int wrong_local_size;   /* added to the size in the member's own header */
    int wrong_local_crc;    /* likewise */
    int wrong_offset;       /* added to where the directory says that it begins */
};

static inline uint32_t zip_checksum(const unsigned char *data, size_t size)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

/* What a member's own header and its entry in the directory have in common. */
static inline void zip_description(struct bytes *out, const struct zip_member *member,
                                   const char *name, int wrong_size, int wrong_crc)
{
    uint32_t size = (uint32_t)(member->content->size + (size_t)wrong_size);
    uint32_t crc = zip_checksum(member->content->data, member->content->size);
    bytes_add_number(out, 20, 2);
    bytes_add_number(out, (uint64_t)member->flags, 2);
    bytes_add_number(out, (uint64_t)member->method, 2);
    bytes_add_number(out, 0x21 << 16, 4);
    bytes_add_number(out, crc + (uint32_t)wrong_crc, 4);
    bytes_add_number(out, size, 4);
    bytes_add_number(out, size, 4);
    bytes_add_number(out, strlen(name), 2);
    bytes_add_number(out, 0, 2);
}

static inline void zip_write(struct bytes *out, const struct zip_member *members, size_t count)
{
    size_t offsets[64];
    ck_assert_uint_le(count, sizeof offsets / sizeof *offsets);
    for (size_t i = 0; i < count; i++) {
        const struct zip_member *member = &members[i];
        const char *name = member->local_name ? member->local_name : member->name;
        offsets[i] = out->size;
        bytes_add_number(out, 0x04034b50, 4);
        zip_description(out, member, name, member->wrong_local_size, member->wrong_local_crc);
        bytes_add_text(out, name);
        bytes_add(out, member->content->data, member->content->size);
    }
    size_t directory = out->size;
    for (size_t i = 0; i < count; i++) {
        bytes_add_number(out, 0x02014b50, 4);
        bytes_add_number(out, 20, 2);
        zip_description(out, &members[i], members[i].name, 0, 0);
        bytes_add_number(out, 0, 8);
        bytes_add_number(out, 0, 2);
        bytes_add_number(out, offsets[i] + (size_t)members[i].wrong_offset, 4);
        bytes_add_text(out, members[i].name);
    }
    size_t end = out->size;
    bytes_add_number(out, 0x06054b50, 4);
    bytes_add_number(out, 0, 4);
    bytes_add_number(out, count, 2);
    bytes_add_number(out, count, 2);
    bytes_add_number(out, end - directory, 4);
    bytes_add_number(out, directory, 4);
    bytes_add_number(out, 0, 2);
}

#endif

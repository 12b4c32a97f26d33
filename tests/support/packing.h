/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of gzip and zstd made by hand from their specifications (RFC 1952, RFC 1951, RFC 8878):
 * nothing in them is compressed. Each call adds a member or a frame. */
#ifndef DIFFMM_TESTS_SUPPORT_PACKING_H
#define DIFFMM_TESTS_SUPPORT_PACKING_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct packed {
    unsigned char *bytes;
    size_t size, capacity;
};

static inline void packed_end(struct packed *packed)
{
    free(packed->bytes);
    *packed = (struct packed){0};
}

static inline void pack_bytes(struct packed *packed, const void *bytes, size_t size)
{
    if (packed->size + size > packed->capacity) {
        packed->capacity = 2 * (packed->size + size);
        packed->bytes = realloc(packed->bytes, packed->capacity);
    }
    memcpy(packed->bytes + packed->size, bytes, size);
    packed->size += size;
}

static inline void pack_number(struct packed *packed, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)(number >> (8 * i));
        pack_bytes(packed, &byte, 1);
    }
}

static inline uint32_t crc_of(const char *text, size_t size)
{
    uint32_t crc = 0xffffffff, of_byte[256];
    for (uint32_t byte = 0; byte < 256; byte++) {
        of_byte[byte] = byte;
        for (int bit = 0; bit < 8; bit++)
            of_byte[byte] = of_byte[byte] >> 1 ^ (of_byte[byte] & 1 ? 0xedb88320 : 0);
    }
    for (size_t i = 0; i < size; i++)
        crc = crc >> 8 ^ of_byte[(crc ^ (unsigned char)text[i]) & 255];
    return ~crc;
}

static inline void pack_gzip(struct packed *packed, const char *text, size_t size)
{
    static const unsigned char header[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
    const size_t most = 65535;
    pack_bytes(packed, header, sizeof header);
    for (size_t at = 0; at == 0 || at < size; at += most) { /* stored blocks */
        size_t count = size - at < most ? size - at : most;
        pack_number(packed, at + count == size, 1);
        pack_number(packed, count, 2);
        pack_number(packed, ~count, 2);
        pack_bytes(packed, text + at, count);
    }
    pack_number(packed, crc_of(text, size), 4);
    pack_number(packed, size, 4);
}

static inline void pack_zstd(struct packed *packed, const char *text, size_t size)
{
    const size_t most = 1 << 17;
    pack_number(packed, 0xfd2fb528, 4);
    pack_number(packed, 0xa0, 1); /* a single segment whose size follows in 4 bytes */
    pack_number(packed, size, 4);
    for (size_t at = 0; at == 0 || at < size; at += most) { /* raw blocks */
        size_t count = size - at < most ? size - at : most;
        pack_number(packed, (at + count == size) | count << 3, 3);
        pack_bytes(packed, text + at, count);
    }
}

#endif

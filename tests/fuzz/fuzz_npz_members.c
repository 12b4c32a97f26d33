/* SPDX-License-Identifier: BSD-2-Clause */
/* Interactions from a .npz archive whose members are fuzzed. In fuzz_npz.c a changed member is
 * nearly always refused for its checksum; here the archive is put together around the input:
 * members one after another, each a byte that chooses its name, two bytes of length, content. */
#include <stdlib.h>
#include <string.h>

#include "interactions.h"

enum { most_members = 8 };

static const char *const names[] = {"format.npy", "shape.npy",  "data.npy",   "row.npy",
                                    "col.npy",    "indptr.npy", "indices.npy"};

struct archive {
    uint8_t *bytes;
    size_t size;
};

static void put(struct archive *archive, uint32_t number, size_t width)
{
    for (size_t i = 0; i < width; i++)
        archive->bytes[archive->size++] = (uint8_t)(number >> 8 * i);
}

static void put_bytes(struct archive *archive, const void *data, size_t size)
{
    memcpy(archive->bytes + archive->size, data, size);
    archive->size += size;
}

static uint32_t checksum(const uint8_t *data, size_t size)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

struct member {
    const char *name;
    const uint8_t *data;
    size_t size, offset;
};

/* What a member's local header and its entry in the directory have in common. */
static void put_description(struct archive *archive, const struct member *member)
{
    put(archive, 20, 2); /* version 2.0; no flags, stored, no time */
    put(archive, 0, 2);
    put(archive, 0, 2);
    put(archive, 0x21 << 16, 4);
    put(archive, checksum(member->data, member->size), 4);
    put(archive, (uint32_t)member->size, 4);
    put(archive, (uint32_t)member->size, 4);
    put(archive, (uint32_t)strlen(member->name), 2);
    put(archive, 0, 2);
}

static void put_archive(struct archive *archive, size_t count, struct member *members)
{
    for (size_t i = 0; i < count; i++) {
        members[i].offset = archive->size;
        put(archive, 0x04034b50, 4);
        put_description(archive, &members[i]);
        put_bytes(archive, members[i].name, strlen(members[i].name));
        put_bytes(archive, members[i].data, members[i].size);
    }
    size_t directory = archive->size;
    for (size_t i = 0; i < count; i++) {
        put(archive, 0x02014b50, 4);
        put(archive, 20, 2);
        put_description(archive, &members[i]);
        for (size_t zeros = 0; zeros < 10; zeros++) /* no comment, one disk, no attributes */
            put(archive, 0, 1);
        put(archive, (uint32_t)members[i].offset, 4);
        put_bytes(archive, members[i].name, strlen(members[i].name));
    }
    size_t end = archive->size;
    put(archive, 0x06054b50, 4);
    put(archive, 0, 4);
    put(archive, (uint32_t)count, 2);
    put(archive, (uint32_t)count, 2);
    put(archive, (uint32_t)(end - directory), 4);
    put(archive, (uint32_t)directory, 4);
    put(archive, 0, 2);
}

static size_t cut(const uint8_t *data, size_t size, struct member members[most_members])
{
    size_t count = 0, at = 0;
    while (size - at >= 3 && count < most_members) {
        size_t which = data[at] % (sizeof names / sizeof *names);
        size_t length = (size_t)data[at + 1] | (size_t)data[at + 2] << 8;
        at += 3;
        length = length < size - at ? length : size - at;
        members[count++] = (struct member){names[which], data + at, length, 0};
        at += length;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct member members[most_members];
    size_t count = cut(data, size, members);
    struct archive archive = {.bytes = malloc(size + 200 * most_members + 100)};
    fuzz_check(archive.bytes != NULL, "no memory");
    put_archive(&archive, count, members);
    fuzz_interactions("matrix.npz", archive.bytes, archive.size, 1024 * archive.size + (16 << 20));
    free(archive.bytes);
    return 0;
}

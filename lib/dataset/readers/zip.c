/* SPDX-License-Identifier: BSD-2-Clause */
/* .ZIP File Format Specification (APPNOTE.TXT of PKWARE), sections 4.3 to 4.5. */
#include "dataset/readers/zip.h"

#include <string.h>

#include "base/status.h"

enum { local_size = 30, entry_size = 46, end_size = 22, end64_size = 56, locator_size = 20 };
enum { most_comment = 65535 };
enum { newest = 63 }; /* version of the format, in tenths */

/* Flags: encrypted, a data descriptor follows the data, patch data, strongly encrypted, masked. */
enum { flag_described = 0x8, flags_not_read = 0x1 | 0x20 | 0x40 | 0x2000 };

/* What an entry of the directory, or a member's own header, says. */
struct entry {
    unsigned flags, method;
    uint64_t checksum, packed, size, offset;
    const unsigned char *name;
    size_t name_size;
};

static uint64_t number(const unsigned char *bytes, size_t width)
{
    uint64_t value = 0;
    for (size_t i = width; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

static bool has_mark(const unsigned char *bytes, char a, char b)
{
    return bytes[0] == 'P' && bytes[1] == 'K' && bytes[2] == (unsigned char)a &&
           bytes[3] == (unsigned char)b;
}

static diffmm_status fail_archive(const struct diffmm__zip *zip, const char *what)
{
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: %s", zip->path, what);
}

/* The place of the archive's last end record, whose comment must end the file. */
static diffmm_status find_end(const struct diffmm__zip *zip, size_t size, size_t *place)
{
    size_t first = size > end_size + most_comment ? size - end_size - most_comment : 0;
    for (size_t at = size; at-- > first;) {
        const unsigned char *p = zip->bytes + at;
        if (size - at < 4 || !has_mark(p, 5, 6))
            continue;
        if (size - at < end_size || number(p + 20, 2) != size - at - end_size)
            return fail_archive(zip, "bytes follow the end of the zip archive");
        *place = at;
        return DIFFMM_OK;
    }
    return fail_archive(zip, "the end of the zip archive is missing");
}

/* Reads the long form of the end record, right before the short one; *place moves there. */
static diffmm_status read_end64(const struct diffmm__zip *zip, size_t *place, uint64_t *count,
                                uint64_t *length, uint64_t *offset)
{
    unsigned char record[end64_size];
    uint64_t at = number(zip->bytes + *place - locator_size + 8, 8);
    if (*place < locator_size + end64_size || at != *place - locator_size - end64_size)
        return fail_archive(zip, "the zip archive's long end record is not where it belongs");
    memcpy(record, zip->bytes + at, sizeof record);
    if (!has_mark(record, 6, 6))
        return fail_archive(zip, "the zip archive has no long end record where it should be");
    *count = number(record + 32, 8);
    *length = number(record + 40, 8);
    *offset = number(record + 48, 8);
    *place = (size_t)at;
    if (number(record + 16, 8) != 0 || number(record + 24, 8) != *count)
        return fail_archive(zip, "the zip archive is one of several parts");
    return DIFFMM_OK;
}

static diffmm_status read_end(struct diffmm__zip *zip, size_t size)
{
    unsigned char record[end_size];
    size_t place = 0;
    diffmm_status status = find_end(zip, size, &place);
    if (status)
        return status;
    memcpy(record, zip->bytes + place, sizeof record);
    uint64_t count = number(record + 10, 2), length = number(record + 12, 4),
             offset = number(record + 16, 4);
    if (number(record + 4, 4) != 0 || number(record + 8, 2) != count)
        return fail_archive(zip, "the zip archive is one of several parts");
    if (place >= locator_size && has_mark(zip->bytes + place - locator_size, 6, 7)) {
        status = read_end64(zip, &place, &count, &length, &offset);
        if (status)
            return status;
    }
    if (offset > place || length != place - offset)
        return fail_archive(zip, "the zip archive's directory does not lie right before its end");
    zip->directory = (size_t)offset;
    zip->end = place;
    zip->count = count;
    return DIFFMM_OK;
}

/* Numbers that need 64 bits stand in an extra field, in this order, where the usual place of each
 * has all bits set. */
static bool read_extra(const unsigned char *extra, size_t size, struct entry *entry)
{
    while (size >= 4) {
        uint64_t kind = number(extra, 2), length = number(extra + 2, 2);
        if (length > size - 4)
            return false;
        const unsigned char *field = extra + 4, *end = field + length;
        uint64_t *const wide[] = {&entry->size, &entry->packed, &entry->offset};
        for (size_t i = 0; kind == 1 && i < sizeof wide / sizeof *wide; i++)
            if (*wide[i] == UINT32_MAX) {
                if (end - field < 8)
                    return false;
                *wide[i] = number(field, 8);
                field += 8;
            }
        extra += 4 + length;
        size -= 4 + (size_t)length;
    }
    return true;
}

/* The entry of the directory at *at, which moves behind it. */
static diffmm_status read_entry(const struct diffmm__zip *zip, size_t *at, struct entry *out)
{
    unsigned char fixed[entry_size];
    if (zip->end - *at < entry_size)
        return fail_archive(zip, "the zip archive's directory ends within an entry");
    memcpy(fixed, zip->bytes + *at, sizeof fixed);
    if (!has_mark(fixed, 1, 2))
        return fail_archive(zip, "the zip archive's directory has something that is not an entry");
    if (fixed[6] > newest)
        return fail_archive(zip, "the zip archive has a member of a later version than 6.3");
    size_t name = (size_t)number(fixed + 28, 2), extra = (size_t)number(fixed + 30, 2),
           comment = (size_t)number(fixed + 32, 2);
    if (name + extra + comment > zip->end - *at - entry_size)
        return fail_archive(zip, "the zip archive's directory ends within an entry");
    struct entry entry = {.flags = (unsigned)number(fixed + 8, 2),
                          .method = (unsigned)number(fixed + 10, 2),
                          .checksum = number(fixed + 16, 4),
                          .packed = number(fixed + 20, 4),
                          .size = number(fixed + 24, 4),
                          .offset = number(fixed + 42, 4),
                          .name = zip->bytes + *at + entry_size,
                          .name_size = name};
    if (memchr(entry.name, 0, name))
        return fail_archive(zip, "the zip archive has a member whose name holds a NUL");
    if (!read_extra(entry.name + name, extra, &entry) || number(fixed + 34, 2) != 0)
        return fail_archive(zip, "the zip archive's directory has a damaged entry");
    *at += entry_size + name + extra + comment;
    *out = entry;
    return DIFFMM_OK;
}

diffmm_status diffmm__zip_parse(const unsigned char *bytes, size_t size, const char *path,
                                struct diffmm__zip *out)
{
    struct diffmm__zip zip = {.bytes = bytes, .path = path};
    if (size < end_size || (!has_mark(bytes, 3, 4) && !has_mark(bytes, 5, 6)))
        return fail_archive(&zip, "this is not a zip archive");
    diffmm_status status = read_end(&zip, size);
    size_t at = zip.directory;
    for (uint64_t i = 0; i < zip.count && !status; i++) {
        struct entry entry;
        status = read_entry(&zip, &at, &entry);
    }
    if (!status && at != zip.end)
        status = fail_archive(&zip, "the zip archive's directory holds more than its entries");
    if (!status)
        *out = zip;
    return status;
}

bool diffmm__zip_next(const struct diffmm__zip *zip, size_t *place, const char **name,
                      size_t *length)
{
    size_t at = zip->directory + *place;
    struct entry entry;
    if (at == zip->end || read_entry(zip, &at, &entry) != DIFFMM_OK)
        return false;
    *place = at - zip->directory;
    *name = (const char *)entry.name;
    *length = entry.name_size;
    return true;
}

static diffmm_status fail_member(const struct diffmm__zip *zip, const char *name, const char *what)
{
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: member '%s' %s", zip->path, name, what);
}

/* The member's own header says the same as its entry; a member written as a stream may leave its
 * sizes and checksum to what follows it. */
static bool agree(const struct entry *entry, const struct entry *local)
{
    bool later = (local->flags & flag_described) && local->checksum == 0 && local->packed == 0 &&
                 local->size == 0;
    return local->method == entry->method && local->name_size == entry->name_size &&
           memcmp(local->name, entry->name, entry->name_size) == 0 &&
           (later || (local->checksum == entry->checksum && local->packed == entry->packed &&
                      local->size == entry->size));
}

/* Check an entry against the member's own header; where the data begins. */
static diffmm_status read_local(const struct diffmm__zip *zip, const char *name,
                                const struct entry *entry, size_t *data)
{
    unsigned char fixed[local_size];
    if (entry->offset > zip->directory || zip->directory - entry->offset < local_size)
        return fail_member(zip, name, "begins outside the archive");
    const unsigned char *begin = zip->bytes + entry->offset;
    size_t left = zip->directory - (size_t)entry->offset - local_size;
    memcpy(fixed, begin, sizeof fixed);
    size_t name_size = (size_t)number(fixed + 26, 2), extra = (size_t)number(fixed + 28, 2);
    if (!has_mark(fixed, 3, 4) || name_size + extra > left)
        return fail_member(zip, name, "does not begin where the archive's directory says");
    struct entry local = {.flags = (unsigned)number(fixed + 6, 2),
                          .method = (unsigned)number(fixed + 8, 2),
                          .checksum = number(fixed + 14, 4),
                          .packed = number(fixed + 18, 4),
                          .size = number(fixed + 22, 4),
                          .name = begin + local_size,
                          .name_size = name_size};
    if (!read_extra(local.name + name_size, extra, &local) || !agree(entry, &local))
        return fail_member(zip, name, "has another header than the archive's directory says");
    if (entry->packed > left - name_size - extra)
        return fail_member(zip, name, "ends outside the archive");
    *data = (size_t)entry->offset + local_size + name_size + extra;
    return DIFFMM_OK;
}

/* Whether the packed bytes can hold as many bytes as the member claims: deflate makes at most 1032
 * of one. */
static diffmm_status check_size(const struct diffmm__zip *zip, const char *name,
                                const struct entry *entry)
{
    uint64_t most = entry->method == DIFFMM__ZIP_STORED ? entry->packed
                    : entry->packed > SIZE_MAX / 2048   ? SIZE_MAX
                                                        : 1032 * entry->packed + 1024;
    if (entry->size > most)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: member '%s' claims %llu bytes, which its %llu compressed bytes "
                            "cannot hold",
                            zip->path, name, (unsigned long long)entry->size,
                            (unsigned long long)entry->packed);
    if (entry->method == DIFFMM__ZIP_STORED && entry->size != entry->packed)
        return fail_member(zip, name, "is stored in another size than its own");
    return DIFFMM_OK;
}

static diffmm_status take_entry(const struct diffmm__zip *zip, const char *name,
                                const struct entry *entry, struct diffmm__zip_member *out)
{
    size_t data = 0;
    if (entry->flags & flags_not_read)
        return fail_member(zip, name, "is encrypted");
    if (entry->method != DIFFMM__ZIP_STORED && entry->method != DIFFMM__ZIP_DEFLATED)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: member '%s' is compressed by method %u; only stored and "
                            "deflated ones are read",
                            zip->path, name, entry->method);
    diffmm_status status = read_local(zip, name, entry, &data);
    if (!status)
        status = check_size(zip, name, entry);
    if (status)
        return status;
    *out = (struct diffmm__zip_member){.method = entry->method,
                                       .checksum = (uint32_t)entry->checksum,
                                       .offset = data,
                                       .packed = (size_t)entry->packed,
                                       .size = (size_t)entry->size};
    return DIFFMM_OK;
}

diffmm_status diffmm__zip_find(const struct diffmm__zip *zip, const char *name,
                               struct diffmm__zip_member *out)
{
    size_t at = zip->directory, length = strlen(name);
    struct entry found = {0};
    bool plain = false, suffixed = false;
    for (uint64_t i = 0; i < zip->count; i++) {
        struct entry entry;
        diffmm_status status = read_entry(zip, &at, &entry);
        if (status)
            return status;
        if (entry.name_size < length || memcmp(entry.name, name, length) != 0)
            continue;
        bool is_plain = entry.name_size == length;
        bool is_suffixed =
            entry.name_size == length + 4 && memcmp(entry.name + length, ".npy", 4) == 0;
        plain |= is_plain;
        suffixed |= is_suffixed;
        if (is_plain || is_suffixed)
            found = entry;
    }
    if (plain && suffixed)
        return diffmm__fail(
            DIFFMM_ERROR_FORMAT,
            "%s: it has both a member '%s' and a member '%s.npy'; only one may be there", zip->path,
            name, name);
    if (!plain && !suffixed)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: there is no member '%s'", zip->path, name);
    return take_entry(zip, name, &found, out);
}

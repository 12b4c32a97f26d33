/* SPDX-License-Identifier: BSD-2-Clause */
/* libzip unpacks a member and compares its checksum. It never sees the archive itself: it takes
 * quadratic time for directories with crafted names or end records, and does not look at the
 * members' own headers. It gets an archive that is made here around the one member, as zip.c found
 * it. */
#include "dataset/readers/npz.h"

#include "base/status.h"

#ifdef DIFFMM__HAVE_LIBZIP

#include <stdio.h>
#include <string.h>
#include <zip.h>

#include "base/file.h"
#include "base/memory.h"
#include "dataset/readers/zip.h"

struct diffmm__npz {
    const diffmm_context *context;
    char *path;
    struct diffmm__mapping mapping;
    struct diffmm__zip directory;
};

/* Headers of an archive with one member of an empty name, in the long form. */
enum { head_size = 30 + 20, tail_size = 46 + 20 + 56 + 20 + 22 };

struct diffmm__npz_member {
    const diffmm_context *context;
    char *name;
    struct diffmm__zip_member about;
    unsigned char head[head_size], tail[tail_size];
    zip_t *zip;
    zip_file_t *file;
    size_t done; /* bytes read */
};

void diffmm__npz_destroy(struct diffmm__npz *archive)
{
    if (!archive)
        return;
    if (archive->mapping.data)
        diffmm__file_unmap(&archive->mapping);
    diffmm__release(archive->context, archive->path);
    diffmm__release(archive->context, archive);
}

diffmm_status diffmm__npz_open(const diffmm_context *context, const char *path,
                               struct diffmm__npz **out)
{
    struct diffmm__npz *archive = diffmm__allocate_zero(context, 1, sizeof *archive);
    if (!archive)
        return DIFFMM_ERROR_NO_MEMORY;
    archive->context = context;
    archive->path = diffmm__copy_text(context, path);
    diffmm_status status =
        archive->path ? diffmm__file_map(path, &archive->mapping) : DIFFMM_ERROR_NO_MEMORY;
    if (!status)
        status = diffmm__zip_parse(archive->mapping.data, archive->mapping.size, archive->path,
                                   &archive->directory);
    if (status) {
        diffmm__npz_destroy(archive);
        return status;
    }
    *out = archive;
    return DIFFMM_OK;
}

size_t diffmm__npz_file_size(const struct diffmm__npz *archive)
{
    return archive->mapping.size;
}

bool diffmm__npz_next(const struct diffmm__npz *archive, size_t *place, const char **name,
                      size_t *length)
{
    return diffmm__zip_next(&archive->directory, place, name, length);
}

/* Writes little-endian numbers one after the other. */
static unsigned char *put(unsigned char *at, uint64_t number, size_t width)
{
    for (size_t i = 0; i < width; i++)
        *at++ = (unsigned char)(number >> 8 * i);
    return at;
}

/* What a member's header and its entry in the directory have in common, up to the size of the
 * extra field that gives its sizes. */
static unsigned char *put_description(unsigned char *at, const struct diffmm__zip_member *about)
{
    at = put(at, 45, 2); /* version 4.5, which has the long form; no flags */
    at = put(at, 0, 2);
    at = put(at, about->method, 2);
    at = put(at, 0x21u << 16, 4); /* the first of January 1980 */
    at = put(at, about->checksum, 4);
    at = put(at, UINT64_MAX, 8); /* both sizes: see the extra field */
    at = put(at, 0, 2);          /* no name */
    return put(at, 20, 2);
}

static unsigned char *put_sizes(unsigned char *at, const struct diffmm__zip_member *about)
{
    at = put(at, 1, 2);
    at = put(at, 16, 2);
    at = put(at, about->size, 8);
    return put(at, about->packed, 8);
}

static void make_archive(struct diffmm__npz_member *member)
{
    const struct diffmm__zip_member *about = &member->about;
    put_sizes(put_description(put(member->head, 0x04034b50, 4), about), about);
    unsigned char *at = put(put(member->tail, 0x02014b50, 4), 45, 2);
    at = put_description(at, about);
    at = put(put(at, 0, 8), 0, 6); /* no comment, the first part, no attributes, at offset 0 */
    at = put_sizes(at, about);
    uint64_t directory = head_size + (uint64_t)about->packed, end = directory + 46 + 20;
    at = put(at, 0x06064b50, 4);
    at = put(at, 44, 8);
    at = put(at, 45 | 45 << 16, 4);
    at = put(at, 0, 8);
    at = put(put(at, 1, 8), 1, 8);
    at = put(put(at, 46 + 20, 8), directory, 8);
    at = put(put(at, 0x07064b50, 4), 0, 4);
    at = put(put(at, end, 8), 1, 4);
    at = put(put(at, 0x06054b50, 4), 0, 4);
    at = put(put(at, 1, 2), 1, 2);
    put(put(at, UINT64_MAX, 8), 0, 2);
}

/* Fail with libzip's reason. diffmm__malloc_watch() was called before. */
static diffmm_status fail_zip(const struct diffmm__npz_member *member, zip_error_t *error)
{
    if (diffmm__malloc_failed() || zip_error_code_zip(error) == ZIP_ER_MEMORY)
        return diffmm__fail(DIFFMM_ERROR_NO_MEMORY, "%s: no memory to read it", member->name);
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: %s", member->name, zip_error_strerror(error));
}

static diffmm_status open_zip(struct diffmm__npz_member *member, const unsigned char *bytes)
{
    zip_buffer_fragment_t fragments[3] = {{.data = member->head, .length = head_size},
                                          {.length = member->about.packed},
                                          {.data = member->tail, .length = tail_size}};
    /* libzip does not write to the data, but its struct has a pointer to non-const. */
    const unsigned char *data = bytes + member->about.offset;
    memcpy(&fragments[1].data, &data, sizeof data);
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_fragment_create(fragments, 3, 0, &error);
    if (source)
        member->zip = zip_open_from_source(source, ZIP_RDONLY, &error);
    if (source && !member->zip)
        zip_source_free(source);
    diffmm_status status = member->zip ? DIFFMM_OK : fail_zip(member, &error);
    zip_error_fini(&error);
    if (status)
        return status;
    member->file = zip_fopen_index(member->zip, 0, 0);
    return member->file ? DIFFMM_OK : fail_zip(member, zip_get_error(member->zip));
}

/* As many of the next `size` bytes as there are. */
static diffmm_status read_some(struct diffmm__npz_member *member, unsigned char *out, size_t size,
                               size_t *got)
{
    *got = 0;
    while (*got < size) {
        zip_int64_t read = zip_fread(member->file, out + *got, size - *got);
        if (read < 0)
            return fail_zip(member, zip_file_get_error(member->file));
        if (read == 0)
            break;
        *got += (size_t)read;
    }
    member->done += *got;
    return DIFFMM_OK;
}

static diffmm_status fail_length(const struct diffmm__npz_member *member)
{
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: it is not the %zu bytes long that it claims",
                        member->name, member->about.size);
}

diffmm_status diffmm__npz_member_read(struct diffmm__npz_member *member, void *out, size_t size)
{
    size_t got;
    diffmm__malloc_watch();
    diffmm_status status = read_some(member, out, size, &got);
    return status || got == size ? status : fail_length(member);
}

diffmm_status diffmm__npz_member_finish(struct diffmm__npz_member *member)
{
    unsigned char dropped[4096];
    size_t got;
    diffmm__malloc_watch();
    do { /* up to the end, where libzip compares the checksum */
        diffmm_status status = read_some(member, dropped, sizeof dropped, &got);
        if (status)
            return status;
    } while (got > 0 && member->done <= member->about.size);
    return member->done == member->about.size ? DIFFMM_OK : fail_length(member);
}

static diffmm_status read_header(struct diffmm__npz_member *member, struct diffmm__npy *array)
{
    unsigned char bytes[DIFFMM__NPY_MAX_HEADER];
    size_t size = member->about.size, end;
    size_t first = size < DIFFMM__NPY_PREFIX ? size : DIFFMM__NPY_PREFIX;
    diffmm_status status = diffmm__npz_member_read(member, bytes, first);
    if (!status)
        status = diffmm__npy_header_end(bytes, size, member->name, &end);
    if (!status)
        status = diffmm__npz_member_read(member, bytes + first, end - first);
    if (!status)
        status = diffmm__npy_parse(bytes, size, member->name, array);
    if (!status)
        array->data = NULL;
    return status;
}

static char *join_name(const diffmm_context *context, const char *path, const char *name)
{
    size_t size = strlen(path) + strlen(name) + 2;
    char *text = diffmm__allocate(context, size, 1);
    if (text)
        snprintf(text, size, "%s:%s", path, name);
    return text;
}

diffmm_status diffmm__npz_member_open(struct diffmm__npz *archive, const char *name,
                                      struct diffmm__npz_member **out, struct diffmm__npy *array)
{
    struct diffmm__zip_member about;
    diffmm_status status = diffmm__zip_find(&archive->directory, name, &about);
    if (status)
        return status;
    struct diffmm__npz_member *member = diffmm__allocate_zero(archive->context, 1, sizeof *member);
    if (!member)
        return DIFFMM_ERROR_NO_MEMORY;
    member->context = archive->context;
    member->about = about;
    member->name = join_name(archive->context, archive->path, name);
    make_archive(member);
    diffmm__malloc_watch();
    status = member->name ? open_zip(member, archive->mapping.data) : DIFFMM_ERROR_NO_MEMORY;
    if (!status)
        status = read_header(member, array);
    if (status) {
        diffmm__npz_member_destroy(member);
        return status;
    }
    *out = member;
    return DIFFMM_OK;
}

void diffmm__npz_member_destroy(struct diffmm__npz_member *member)
{
    if (!member)
        return;
    if (member->file)
        zip_fclose(member->file);
    if (member->zip)
        zip_discard(member->zip);
    diffmm__release(member->context, member->name);
    diffmm__release(member->context, member);
}

const char *diffmm__npz_member_name(const struct diffmm__npz_member *member)
{
    return member->name;
}

#else

diffmm_status diffmm__npz_open(const diffmm_context *context, const char *path,
                               struct diffmm__npz **out)
{
    (void)context;
    (void)out;
    return diffmm__fail(DIFFMM_ERROR_UNSUPPORTED,
                        "cannot read %s: this library was built without libzip", path);
}

void diffmm__npz_destroy(struct diffmm__npz *archive)
{
    (void)archive;
}

size_t diffmm__npz_file_size(const struct diffmm__npz *archive)
{
    (void)archive;
    return 0;
}

bool diffmm__npz_next(const struct diffmm__npz *archive, size_t *place, const char **name,
                      size_t *length)
{
    (void)archive;
    (void)place;
    (void)name;
    (void)length;
    return false;
}

diffmm_status diffmm__npz_member_open(struct diffmm__npz *archive, const char *name,
                                      struct diffmm__npz_member **out, struct diffmm__npy *array)
{
    (void)archive;
    (void)out;
    (void)array;
    return diffmm__fail(DIFFMM_ERROR_UNSUPPORTED,
                        "cannot read '%s': this library was built without libzip", name);
}

void diffmm__npz_member_destroy(struct diffmm__npz_member *member)
{
    (void)member;
}

const char *diffmm__npz_member_name(const struct diffmm__npz_member *member)
{
    (void)member;
    return "";
}

diffmm_status diffmm__npz_member_read(struct diffmm__npz_member *member, void *out, size_t size)
{
    (void)member;
    (void)out;
    (void)size;
    return diffmm__fail(DIFFMM_ERROR_UNSUPPORTED, "this library was built without libzip");
}

diffmm_status diffmm__npz_member_finish(struct diffmm__npz_member *member)
{
    return diffmm__npz_member_read(member, NULL, 0);
}

#endif

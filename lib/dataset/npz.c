/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/npz.h"

#include "base/status.h"

#ifdef DIFFMM__HAVE_LIBZIP

#include <stdio.h>
#include <string.h>
#include <zip.h>

#include "base/file.h"
#include "base/memory.h"

struct member {
    char *name;
    unsigned char *bytes; /* once read */
    size_t size;
};

struct diffmm__npz {
    const diffmm_context *context;
    char *path;
    struct diffmm__mapping mapping;
    zip_t *zip;
    size_t count;
    struct member *members;
};

void diffmm__npz_close(struct diffmm__npz *archive)
{
    if (!archive)
        return;
    if (archive->zip)
        zip_discard(archive->zip);
    if (archive->mapping.data)
        diffmm__file_unmap(&archive->mapping);
    for (size_t i = 0; archive->members && i < archive->count; i++) {
        diffmm__release(archive->context, archive->members[i].name);
        diffmm__release(archive->context, archive->members[i].bytes);
    }
    diffmm__release(archive->context, archive->members);
    diffmm__release(archive->context, archive->path);
    diffmm__release(archive->context, archive);
}

/* Fail with libzip's reason. diffmm__malloc_watch() was called before. */
static diffmm_status fail_zip(const char *path, zip_error_t *error)
{
    if (diffmm__malloc_failed() || zip_error_code_zip(error) == ZIP_ER_MEMORY)
        return diffmm__fail(DIFFMM_ERROR_NO_MEMORY, "%s: no memory to read it", path);
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: %s", path, zip_error_strerror(error));
}

static diffmm_status open_zip(struct diffmm__npz *archive)
{
    zip_error_t error;
    zip_error_init(&error);
    diffmm__malloc_watch();
    zip_source_t *source =
        zip_source_buffer_create(archive->mapping.data, archive->mapping.size, 0, &error);
    if (source)
        archive->zip = zip_open_from_source(source, ZIP_RDONLY, &error);
    if (source && !archive->zip)
        zip_source_free(source);
    diffmm_status status = archive->zip ? DIFFMM_OK : fail_zip(archive->path, &error);
    zip_error_fini(&error);
    return status;
}

static diffmm_status list_members(struct diffmm__npz *archive)
{
    diffmm__malloc_watch();
    zip_int64_t entries = zip_get_num_entries(archive->zip, 0);
    size_t count = entries > 0 ? (size_t)entries : 0;
    archive->members = diffmm__allocate_zero(archive->context, count, sizeof *archive->members);
    if (!archive->members)
        return DIFFMM_ERROR_NO_MEMORY;
    archive->count = count;
    for (size_t i = 0; i < count; i++) {
        const char *name = zip_get_name(archive->zip, i, ZIP_FL_ENC_RAW);
        if (!name)
            return fail_zip(archive->path, zip_get_error(archive->zip));
        char *copy = diffmm__copy_text(archive->context, name);
        if (!copy)
            return DIFFMM_ERROR_NO_MEMORY;
        size_t length = strlen(copy);
        if (length >= 4 && strcmp(copy + length - 4, ".npy") == 0)
            copy[length - 4] = 0;
        archive->members[i].name = copy;
    }
    return DIFFMM_OK;
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
        status = open_zip(archive);
    if (!status)
        status = list_members(archive);
    if (status) {
        diffmm__npz_close(archive);
        return status;
    }
    *out = archive;
    return DIFFMM_OK;
}

size_t diffmm__npz_count(const struct diffmm__npz *archive)
{
    return archive->count;
}

const char *diffmm__npz_name(const struct diffmm__npz *archive, size_t index)
{
    return index < archive->count ? archive->members[index].name : NULL;
}

size_t diffmm__npz_file_size(const struct diffmm__npz *archive)
{
    return archive->mapping.size;
}

/* The uncompressed size that a member claims, if its compressed bytes can hold so much: deflate
 * gives at most 1032 bytes for one. */
static diffmm_status member_size(struct diffmm__npz *archive, size_t index, size_t *size)
{
    const char *name = archive->members[index].name;
    zip_stat_t about;
    if (zip_stat_index(archive->zip, index, 0, &about) != 0)
        return fail_zip(archive->path, zip_get_error(archive->zip));
    zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    if ((about.valid & needed) != needed)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: member '%s' does not tell its size",
                            archive->path, name);
    if (about.comp_method != ZIP_CM_STORE && about.comp_method != ZIP_CM_DEFLATE)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: member '%s' is compressed by method %d; only stored and "
                            "deflated ones are read",
                            archive->path, name, about.comp_method);
    if (about.comp_size > archive->mapping.size || about.size > 1032 * about.comp_size + 1024)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: member '%s' claims %llu bytes, which its %llu compressed bytes "
                            "cannot hold",
                            archive->path, name, (unsigned long long)about.size,
                            (unsigned long long)about.comp_size);
    *size = (size_t)about.size;
    return DIFFMM_OK;
}

/* Read all, and one byte more than there should be, so that libzip compares the checksum. */
static diffmm_status read_all(struct diffmm__npz *archive, zip_file_t *file, struct member *member)
{
    size_t got = 0;
    for (;;) {
        unsigned char extra;
        bool full = got == member->size;
        zip_int64_t read =
            zip_fread(file, full ? &extra : member->bytes + got, full ? 1 : member->size - got);
        if (read < 0 && diffmm__malloc_failed())
            return fail_zip(archive->path, zip_file_get_error(file));
        if (read < 0)
            return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: member '%s': %s", archive->path,
                                member->name, zip_error_strerror(zip_file_get_error(file)));
        if (full && read == 0)
            return DIFFMM_OK;
        if (full || read == 0)
            return diffmm__fail(DIFFMM_ERROR_FORMAT,
                                "%s: member '%s' is not the %zu bytes long "
                                "that it claims",
                                archive->path, member->name, member->size);
        got += (size_t)read;
    }
}

static diffmm_status read_member(struct diffmm__npz *archive, size_t index)
{
    struct member *member = &archive->members[index];
    diffmm__malloc_watch();
    diffmm_status status = member_size(archive, index, &member->size);
    if (status)
        return status;
    zip_file_t *file = zip_fopen_index(archive->zip, index, 0);
    if (!file)
        return fail_zip(archive->path, zip_get_error(archive->zip));
    member->bytes = diffmm__allocate(archive->context, member->size, 1);
    status = member->bytes ? read_all(archive, file, member) : DIFFMM_ERROR_NO_MEMORY;
    zip_fclose(file);
    if (status) {
        diffmm__release(archive->context, member->bytes);
        member->bytes = NULL;
    }
    return status;
}

diffmm_status diffmm__npz_array(struct diffmm__npz *archive, const char *name,
                                struct diffmm__npy *out)
{
    size_t index = 0;
    while (index < archive->count && strcmp(archive->members[index].name, name) != 0)
        index++;
    if (index == archive->count)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: there is no member '%s'", archive->path,
                            name);
    struct member *member = &archive->members[index];
    diffmm_status status = member->bytes ? DIFFMM_OK : read_member(archive, index);
    if (status)
        return status;
    char text[300];
    snprintf(text, sizeof text, "%s:%s", archive->path, name);
    return diffmm__npy_parse(member->bytes, member->size, text, out);
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

void diffmm__npz_close(struct diffmm__npz *archive)
{
    (void)archive;
}

size_t diffmm__npz_count(const struct diffmm__npz *archive)
{
    (void)archive;
    return 0;
}

const char *diffmm__npz_name(const struct diffmm__npz *archive, size_t index)
{
    (void)archive;
    (void)index;
    return NULL;
}

size_t diffmm__npz_file_size(const struct diffmm__npz *archive)
{
    (void)archive;
    return 0;
}

diffmm_status diffmm__npz_array(struct diffmm__npz *archive, const char *name,
                                struct diffmm__npy *out)
{
    (void)archive;
    (void)out;
    return diffmm__fail(DIFFMM_ERROR_UNSUPPORTED,
                        "cannot read '%s': this library was built without libzip", name);
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/features_npz.h"

#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "dataset/readers/features_npy.h"
#include "dataset/readers/npy_texts.h"
#include "dataset/readers/npy_values.h"
#include "dataset/readers/npz.h"

enum { longest_name = 64, chunk = 1 << 16 };

/* What an archive holds. */
struct members {
    bool ids, features, first;
    size_t others;            /* arrays beside "ids" */
    char other[longest_name]; /* one of them */
};

static struct members look_through(const struct diffmm__npz *archive)
{
    struct members members = {0};
    size_t place = 0, length;
    const char *name;
    while (diffmm__npz_next(archive, &place, &name, &length)) {
        static const char ending[] = ".npy";
        enum { ending_length = sizeof ending - 1 };
        if (length > ending_length && memcmp(name + length - ending_length, ending, 4) == 0)
            length -= ending_length;
        if (length == 3 && memcmp(name, "ids", 3) == 0) {
            members.ids = true;
            continue;
        }
        members.features |= length == 8 && memcmp(name, "features", 8) == 0;
        members.first |= length == 5 && memcmp(name, "arr_0", 5) == 0;
        if (length < longest_name) {
            memcpy(members.other, name, length);
            members.other[length] = 0;
        }
        members.others += length < longest_name;
    }
    return members;
}

static diffmm_status choose(const struct members *members, const char *path, const char **name)
{
    *name = members->features ? "features" : members->first ? "arr_0" : members->other;
    if (members->others == 0)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: it holds no array of features", path);
    if (members->others > 1 && !members->features && !members->first)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: which of its %zu arrays are features? call the array 'features'",
                            path, members->others);
    return DIFFMM_OK;
}

/* Reads a part of an array that is in C order, or all of it, into `bytes`. */
static diffmm_status read_part(struct diffmm__npz_member *member, const struct diffmm__npy *array,
                               size_t first, size_t count, unsigned char *bytes,
                               struct diffmm__npy *part)
{
    *part = *array;
    part->first = first;
    part->data = bytes;
    if (count < array->count) {
        part->count = count;
        part->dimensions = 1;
        part->shape[0] = count;
        part->fortran_order = false;
    }
    return diffmm__npz_member_read(member, bytes, count * array->item_size);
}

/* Elements that are read at once: an array in Fortran order is read as a whole. */
static size_t part_size(const struct diffmm__npy *array)
{
    size_t most = chunk / array->item_size + 1;
    return array->fortran_order || array->count < most ? array->count : most;
}

static diffmm_status read_values(const diffmm_context *context, struct diffmm__npz_member *member,
                                 const struct diffmm__npy *array, float *values)
{
    size_t size = part_size(array);
    unsigned char *bytes = diffmm__allocate(context, size, array->item_size);
    if (!bytes)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = DIFFMM_OK;
    for (size_t done = 0; done < array->count && !status; done += size) {
        struct diffmm__npy part;
        size_t count = array->count - done < size ? array->count - done : size;
        status = read_part(member, array, done, count, bytes, &part);
        if (!status)
            status =
                diffmm__npy_values_as_float(&part, diffmm__npz_member_name(member), values + done);
    }
    diffmm__release(context, bytes);
    return status;
}

static diffmm_status read_features(const diffmm_context *context, struct diffmm__npz *archive,
                                   const char *name, struct diffmm__feature_rows *out)
{
    struct diffmm__npz_member *member;
    struct diffmm__npy array;
    diffmm_status status = diffmm__npz_member_open(archive, name, &member, &array);
    if (status)
        return status;
    status = diffmm__features_npy_check(&array, diffmm__npz_member_name(member));
    if (!status) {
        out->rows = array.shape[0];
        out->dimensions = array.shape[1];
        out->values = diffmm__allocate(context, array.count, sizeof *out->values);
        status = out->values ? read_values(context, member, &array, out->values)
                             : DIFFMM_ERROR_NO_MEMORY;
    }
    if (!status)
        status = diffmm__npz_member_finish(member);
    diffmm__npz_member_destroy(member);
    return status;
}

static diffmm_status add_ids(const diffmm_context *context, struct diffmm__npz_member *member,
                             const struct diffmm__npy *array, struct diffmm__ids *ids)
{
    size_t size = part_size(array);
    unsigned char *bytes = diffmm__allocate(context, size, array->item_size);
    if (!bytes)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = DIFFMM_OK;
    for (size_t done = 0; done < array->count && !status; done += size) {
        struct diffmm__npy part;
        size_t count = array->count - done < size ? array->count - done : size;
        status = read_part(member, array, done, count, bytes, &part);
        if (!status)
            status = diffmm__npy_texts_add(context, &part, diffmm__npz_member_name(member), ids);
    }
    diffmm__release(context, bytes);
    return status;
}

static diffmm_status read_ids(const diffmm_context *context, struct diffmm__npz *archive,
                              struct diffmm__feature_rows *out)
{
    struct diffmm__npz_member *member;
    struct diffmm__npy array;
    diffmm_status status = diffmm__npz_member_open(archive, "ids", &member, &array);
    if (status)
        return status;
    array.fortran_order = false; /* of one dimension both orders are the same */
    status = diffmm__npy_texts_check(&array, out->rows, diffmm__npz_member_name(member));
    if (!status)
        status = add_ids(context, member, &array, &out->ids);
    if (!status)
        status = diffmm__npz_member_finish(member);
    diffmm__npz_member_destroy(member);
    return status;
}

diffmm_status diffmm__features_npz_read(const diffmm_context *context, const char *path,
                                        struct diffmm__feature_rows *out)
{
    struct diffmm__npz *archive;
    struct diffmm__feature_rows features = {0};
    const char *name;
    diffmm_status status = diffmm__npz_open(context, path, &archive);
    if (status)
        return status;
    struct members members = look_through(archive);
    status = choose(&members, path, &name);
    if (!status)
        status = read_features(context, archive, name, &features);
    if (!status && members.ids)
        status = read_ids(context, archive, &features);
    diffmm__npz_destroy(archive);
    if (status) {
        diffmm__feature_rows_end(context, &features);
        return status;
    }
    *out = features;
    return DIFFMM_OK;
}

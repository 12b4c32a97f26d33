/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/npz.h"

#include <diffmm/diffmm.h>

#include "dataset/readers/sparse_npz.h"
#include "support/bytes.h"
#include "support/failure.h"
#include "support/folder.h"
#include "support/zip_writer.h"

#ifdef DIFFMM__HAVE_LIBZIP

#include <stdio.h>
#include <string.h>
#include <zip.h>

struct member {
    const char *name;
    struct bytes bytes;
};

static struct member make_member(const char *name, const char *type, const char *shape,
                                 const void *data, size_t size)
{
    struct member member = {.name = name};
    bytes_add_npy(&member.bytes, type, shape, 0, data, size);
    return member;
}

static struct path write_archive(const struct folder *folder, const char *file,
                                 const struct member *members, size_t count, int method)
{
    struct path path = folder_path(folder, file);
    zip_t *zip = zip_open(path.text, ZIP_CREATE | ZIP_TRUNCATE, NULL);
    ck_assert_ptr_nonnull(zip);
    for (size_t i = 0; i < count; i++) {
        zip_source_t *source =
            zip_source_buffer(zip, members[i].bytes.data, members[i].bytes.size, 0);
        zip_int64_t index = zip_file_add(zip, members[i].name, source, 0);
        ck_assert_int_ge(index, 0);
        ck_assert_int_eq(zip_set_file_compression(zip, (zip_uint64_t)index, method, 0), 0);
    }
    ck_assert_int_eq(zip_close(zip), 0);
    return path;
}

static const double data[] = {1, 2.5, 0, -1};
static const int32_t rows[] = {0, 0, 1, 2}, columns[] = {1, 299, 5, 0}, pointers[] = {0, 2, 3, 4};
static const int64_t shape[] = {3, 300};

/* What scipy.sparse.save_npz writes for the 3 x 300 matrix above. */
static struct path write_matrix(const struct folder *folder, bool csr, int method)
{
    static struct member members[5];
    members[0] =
        make_member(csr ? "indptr.npy" : "row.npy", "<i4", "(4,)", csr ? pointers : rows, 16);
    members[1] = make_member(csr ? "indices.npy" : "col.npy", "<i4", "(4,)", columns, 16);
    members[2] = make_member("format.npy", "|S3", "()", csr ? "csr" : "coo", 3);
    members[3] = make_member("shape.npy", "<i8", "(2,)", shape, 16);
    members[4] = make_member("data.npy", "<f8", "(4,)", data, 32);
    return write_archive(folder, csr ? "csr.npz" : "coo.npz", members, 5, method);
}

static void check_matrix(struct diffmm__sparse *sparse)
{
    const int32_t row[] = {0, 0, 2}, column[] = {1, 299, 0};
    ck_assert_uint_eq(sparse->rows, 3);
    ck_assert_uint_eq(sparse->columns, 300);
    ck_assert_uint_eq(sparse->entries.count, 3);
    ck_assert_mem_eq(sparse->entries.row, row, sizeof row);
    ck_assert_mem_eq(sparse->entries.column, column, sizeof column);
    diffmm__sparse_end(NULL, sparse);
}

START_TEST(matrices_stored_and_deflated)
{
    struct folder folder = folder_begin();
    for (int variant = 0; variant < 4; variant++) {
        struct diffmm__sparse sparse;
        struct path path =
            write_matrix(&folder, variant & 1, variant & 2 ? ZIP_CM_DEFLATE : ZIP_CM_STORE);
        expect_success(diffmm__sparse_npz_read(NULL, path.text, &sparse));
        check_matrix(&sparse);
    }
    folder_end(&folder);
}
END_TEST

START_TEST(members_are_read_piece_by_piece)
{
    struct folder folder = folder_begin();
    struct path path = write_matrix(&folder, false, ZIP_CM_DEFLATE);
    struct diffmm__npz *archive;
    struct diffmm__npz_member *member;
    struct diffmm__npy array;
    double values[4];
    expect_success(diffmm__npz_open(NULL, path.text, &archive));
    expect_success(diffmm__npz_member_open(archive, "data", &member, &array));
    ck_assert_uint_eq(array.count, 4);
    ck_assert_int_eq(array.kind, 'f');
    ck_assert_ptr_null(array.data);
    ck_assert_ptr_nonnull(strstr(diffmm__npz_member_name(member), "coo.npz:data"));
    expect_success(diffmm__npz_member_read(member, values, 1));
    expect_success(diffmm__npz_member_read(member, (char *)values + 1, 31));
    ck_assert_mem_eq(values, data, sizeof data);
    expect_success(diffmm__npz_member_finish(member));
    expect_failure(diffmm__npz_member_read(member, values, 1), DIFFMM_ERROR_FORMAT, "bytes long");
    diffmm__npz_member_destroy(member);
    expect_success(diffmm__npz_member_open(archive, "data", &member, &array));
    expect_success(diffmm__npz_member_finish(member)); /* unread */
    diffmm__npz_member_destroy(member);
    diffmm__npz_member_destroy(NULL);
    expect_failure(diffmm__npz_member_open(archive, "nothing", &member, &array),
                   DIFFMM_ERROR_FORMAT, "'nothing'");
    ck_assert_ptr_nonnull(strstr(diffmm_error_message(), path.text));
    diffmm__npz_destroy(archive);
    diffmm__npz_destroy(NULL);
    folder_end(&folder);
}
END_TEST

START_TEST(wrong_matrices)
{
    struct folder folder = folder_begin();
    struct diffmm__sparse sparse = {.entries.count = 9};
    static struct member members[3];
    members[0] = make_member("format.npy", "|S3", "()", "csc", 3);
    members[1] = make_member("shape.npy", "<i8", "(2,)", shape, 16);
    struct path path = write_archive(&folder, "a.npz", members, 2, ZIP_CM_STORE);
    expect_failure(diffmm__sparse_npz_read(NULL, path.text, &sparse), DIFFMM_ERROR_FORMAT, "'csc'");
    members[0] = make_member("format.npy", "<U3", "()", "c\0\0\0o\0\0\0o\0\0\0", 12);
    path = write_archive(&folder, "a.npz", members, 2, ZIP_CM_STORE);
    expect_failure(diffmm__sparse_npz_read(NULL, path.text, &sparse), DIFFMM_ERROR_FORMAT, "'row'");
    members[1] = make_member("shape.npy", "<i8", "(1,)", shape, 8);
    path = write_archive(&folder, "a.npz", members, 2, ZIP_CM_STORE);
    expect_failure(diffmm__sparse_npz_read(NULL, path.text, &sparse), DIFFMM_ERROR_FORMAT,
                   "2 dimensions, not 1");
    members[0] = make_member("format.npy", "<i8", "()", shape, 8);
    path = write_archive(&folder, "a.npz", members, 2, ZIP_CM_STORE);
    expect_failure(diffmm__sparse_npz_read(NULL, path.text, &sparse), DIFFMM_ERROR_FORMAT,
                   "format");
    members[0] = (struct member){.name = "format.npy"};
    bytes_add_text(&members[0].bytes, "no array");
    path = write_archive(&folder, "a.npz", members, 1, ZIP_CM_STORE);
    expect_failure(diffmm__sparse_npz_read(NULL, path.text, &sparse), DIFFMM_ERROR_FORMAT,
                   ":format");
    path = folder_write_text(&folder, "b.npz", "this is no archive");
    expect_failure(diffmm__sparse_npz_read(NULL, path.text, &sparse), DIFFMM_ERROR_FORMAT,
                   path.text);
    path = folder_write_text(&folder, "c.npz", "");
    ck_assert_int_ne(diffmm__sparse_npz_read(NULL, path.text, &sparse), DIFFMM_OK);
    path = folder_path(&folder, "none.npz");
    expect_failure(diffmm__sparse_npz_read(NULL, path.text, &sparse), DIFFMM_ERROR_IO, path.text);
    ck_assert_uint_eq(sparse.entries.count, 9);
    folder_end(&folder);
}
END_TEST

/* All of a file. */
static struct bytes slurp(const char *path)
{
    struct bytes bytes = {.size = 0};
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    bytes.size = fread(bytes.data, 1, sizeof bytes.data, file);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_uint_lt(bytes.size, sizeof bytes.data);
    return bytes;
}

/* Overwrite the uncompressed sizes of all members, in local headers and in the directory. */
static void claim_size(struct bytes *bytes, uint32_t claim)
{
    for (size_t i = 0; i + 46 < bytes->size; i++) {
        unsigned char *at = bytes->data + i;
        size_t field = memcmp(at, "PK\x03\x04", 4) == 0   ? 22
                       : memcmp(at, "PK\x01\x02", 4) == 0 ? 24
                                                          : 0;
        for (size_t k = 0; field && k < 4; k++)
            at[field + k] = (unsigned char)(claim >> 8 * k);
    }
}

/* An update appends: the later data count, as in numpy. */
START_TEST(members_written_again)
{
    struct folder folder = folder_begin();
    static struct member good[5];
    static struct bytes old, written;
    static const double other[] = {0, 0, 0, 0};
    good[0] = make_member("row.npy", "<i4", "(4,)", rows, 16);
    good[1] = make_member("col.npy", "<i4", "(4,)", columns, 16);
    good[2] = make_member("format.npy", "|S3", "()", "coo", 3);
    good[3] = make_member("shape.npy", "<i8", "(2,)", shape, 16);
    good[4] = make_member("data.npy", "<f8", "(4,)", data, 32);
    bytes_add_npy(&old, "<f8", "(4,)", 0, other, 32);
    struct zip_member members[6] = {{.name = "data.npy", .content = &old}};
    for (size_t i = 0; i < 5; i++)
        members[i + 1] = (struct zip_member){.name = good[i].name, .content = &good[i].bytes};
    zip_write(&written, members, 6);
    struct path path = folder_write(&folder, "again.npz", written.data, written.size);
    struct diffmm__sparse sparse;
    expect_success(diffmm__sparse_npz_read(NULL, path.text, &sparse));
    check_matrix(&sparse);
    members[0].name = "data";
    written.size = 0;
    zip_write(&written, members, 6);
    path = folder_write(&folder, "again.npz", written.data, written.size);
    expect_failure(diffmm__sparse_npz_read(NULL, path.text, &sparse), DIFFMM_ERROR_FORMAT,
                   "again.npz: it has both a member 'data' and a member 'data.npy'");
    folder_end(&folder);
}
END_TEST

START_TEST(claimed_sizes_are_bounded)
{
    struct folder folder = folder_begin();
    struct diffmm__sparse sparse;
    struct path path = write_matrix(&folder, true, ZIP_CM_DEFLATE);
    struct bytes bytes = slurp(path.text);
    claim_size(&bytes, 4000000000u);
    path = folder_write(&folder, "bomb.npz", bytes.data, bytes.size);
    expect_failure(diffmm__sparse_npz_read(NULL, path.text, &sparse), DIFFMM_ERROR_FORMAT,
                   "cannot hold");
    claim_size(&bytes, 1000);
    path = folder_write(&folder, "bomb.npz", bytes.data, bytes.size);
    ck_assert_int_eq(diffmm__sparse_npz_read(NULL, path.text, &sparse), DIFFMM_ERROR_FORMAT);
    claim_size(&bytes, 10);
    path = folder_write(&folder, "bomb.npz", bytes.data, bytes.size);
    ck_assert_int_eq(diffmm__sparse_npz_read(NULL, path.text, &sparse), DIFFMM_ERROR_FORMAT);
    folder_end(&folder);
}
END_TEST

START_TEST(an_array_larger_than_its_member)
{
    struct folder folder = folder_begin();
    static struct member member;
    struct diffmm__npz *archive;
    struct diffmm__npz_member *opened;
    struct diffmm__npy array;
    member = make_member("x.npy", "<f8", "(1000000000000,)", data, 32);
    struct path path = write_archive(&folder, "a.npz", &member, 1, ZIP_CM_DEFLATE);
    expect_success(diffmm__npz_open(NULL, path.text, &archive));
    expect_failure(diffmm__npz_member_open(archive, "x", &opened, &array), DIFFMM_ERROR_FORMAT,
                   "only 32 remain");
    diffmm__npz_destroy(archive);
    folder_end(&folder);
}
END_TEST

START_TEST(cut_at_every_length_and_damaged_at_every_byte)
{
    struct folder folder = folder_begin();
    struct diffmm__sparse sparse;
    struct path path = write_matrix(&folder, false, ZIP_CM_DEFLATE);
    struct bytes bytes = slurp(path.text);
    for (size_t size = 0; size < bytes.size; size++) {
        path = folder_write(&folder, "cut.npz", bytes.data, size);
        ck_assert_msg(diffmm__sparse_npz_read(NULL, path.text, &sparse) != DIFFMM_OK, "%zu", size);
    }
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned char kept = bytes.data[i];
        bytes.data[i] ^= 0x55;
        path = folder_write(&folder, "damaged.npz", bytes.data, bytes.size);
        if (diffmm__sparse_npz_read(NULL, path.text, &sparse) == DIFFMM_OK)
            check_matrix(&sparse); /* a field that says nothing, such as a date */
        bytes.data[i] = kept;
    }
    folder_end(&folder);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {matrices_stored_and_deflated,
                                  members_are_read_piece_by_piece,
                                  wrong_matrices,
                                  members_written_again,
                                  claimed_sizes_are_bounded,
                                  an_array_larger_than_its_member,
                                  cut_at_every_length_and_damaged_at_every_byte};
    return run_tests("npz", tests, sizeof tests / sizeof *tests);
}

#else

START_TEST(says_that_libzip_is_missing)
{
    struct diffmm__sparse sparse;
    struct diffmm__npz *archive;
    struct diffmm__npz_member *member;
    struct diffmm__npy array;
    expect_failure(diffmm__sparse_npz_read(NULL, "a.npz", &sparse), DIFFMM_ERROR_UNSUPPORTED,
                   "a.npz");
    expect_failure(diffmm__npz_open(NULL, "a.npz", &archive), DIFFMM_ERROR_UNSUPPORTED, "libzip");
    expect_failure(diffmm__npz_member_open(NULL, "a", &member, &array), DIFFMM_ERROR_UNSUPPORTED,
                   "libzip");
    expect_failure(diffmm__npz_member_finish(NULL), DIFFMM_ERROR_UNSUPPORTED, "libzip");
    ck_assert_str_eq(diffmm__npz_member_name(NULL), "");
    diffmm__npz_member_destroy(NULL);
    diffmm__npz_destroy(NULL);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {says_that_libzip_is_missing};
    return run_tests("npz", tests, sizeof tests / sizeof *tests);
}

#endif

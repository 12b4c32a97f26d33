/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/zip.h"

#include <stdlib.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "support/bytes.h"
#include "support/failure.h"
#include "support/zip_writer.h"

static struct bytes one, two, written;

static void begin(void)
{
    one.size = two.size = written.size = 0;
    bytes_add_text(&one, "the first");
    bytes_add_text(&two, "the second");
}

static diffmm_status find_in(const unsigned char *bytes, size_t size, const char *name,
                             struct diffmm__zip_member *member)
{
    struct diffmm__zip zip;
    unsigned char *exact = malloc(size + !size);
    memcpy(exact, bytes, size);
    diffmm_status status = diffmm__zip_parse(exact, size, "a.npz", &zip);
    if (!status)
        status = diffmm__zip_find(&zip, name, member);
    free(exact);
    return status;
}

static diffmm_status find(const struct zip_member *members, size_t count, const char *name,
                          struct diffmm__zip_member *member)
{
    written.size = 0;
    zip_write(&written, members, count);
    return find_in(written.data, written.size, name, member);
}

static void check_found(const struct zip_member *members, size_t count, const char *name,
                        const struct bytes *wanted)
{
    struct diffmm__zip_member member;
    expect_success(find(members, count, name, &member));
    ck_assert_uint_eq(member.method, DIFFMM__ZIP_STORED);
    ck_assert_uint_eq(member.size, wanted->size);
    ck_assert_uint_eq(member.packed, wanted->size);
    ck_assert_uint_eq(member.checksum, zip_checksum(wanted->data, wanted->size));
    ck_assert_mem_eq(written.data + member.offset, wanted->data, wanted->size);
}

START_TEST(names)
{
    begin();
    check_found((struct zip_member[]){{.name = "x.npy", .content = &one},
                                      {.name = "y.npy", .content = &two}},
                2, "x", &one);
    check_found((struct zip_member[]){{.name = "x.npy", .content = &one},
                                      {.name = "y.npy", .content = &two}},
                2, "y", &two);
    check_found(
        (struct zip_member[]){{.name = "x", .content = &one}, {.name = "xy.npy", .content = &two}},
        2, "x", &one);
    check_found((struct zip_member[]){{.name = "x.npy", .content = &one},
                                      {.name = "x.npy/", .content = &two},
                                      {.name = "x/", .content = &two}},
                3, "x", &one);
    struct diffmm__zip_member member;
    expect_failure(find((struct zip_member[]){{.name = "x.npy", .content = &one}}, 1, "y", &member),
                   DIFFMM_ERROR_FORMAT, "no member 'y'");
    expect_failure(find((struct zip_member[]){{.name = "X.npy", .content = &one}}, 1, "x", &member),
                   DIFFMM_ERROR_FORMAT, "no member 'x'");
    expect_failure(find(NULL, 0, "x", &member), DIFFMM_ERROR_FORMAT, "no member 'x'");
}
END_TEST

/* A member that was written again is the last one, as numpy has it. */
START_TEST(the_last_of_a_name_counts)
{
    begin();
    check_found((struct zip_member[]){{.name = "x.npy", .content = &one},
                                      {.name = "x.npy", .content = &two}},
                2, "x", &two);
    check_found((struct zip_member[]){{.name = "x.npy", .content = &two},
                                      {.name = "y.npy", .content = &two},
                                      {.name = "x.npy", .content = &one}},
                3, "x", &one);
    check_found(
        (struct zip_member[]){{.name = "x", .content = &one}, {.name = "x", .content = &two}}, 2,
        "x", &two);
    struct diffmm__zip_member member;
    for (int order = 0; order < 2; order++)
        expect_failure(find((struct zip_member[]){{.name = order ? "x" : "x.npy", .content = &one},
                                                  {.name = order ? "x.npy" : "x", .content = &two}},
                            2, "x", &member),
                       DIFFMM_ERROR_FORMAT, "both a member 'x' and a member 'x.npy'");
}
END_TEST

START_TEST(headers_that_disagree)
{
    const diffmm_status format = DIFFMM_ERROR_FORMAT;
    struct diffmm__zip_member member = {.size = 77};
    begin();
    struct zip_member wrong = {.name = "x.npy", .content = &one, .local_name = "y.npy"};
    expect_failure(find(&wrong, 1, "x", &member), format, "has another header");
    wrong = (struct zip_member){.name = "x.npy", .content = &one, .wrong_local_size = 1};
    expect_failure(find(&wrong, 1, "x", &member), format, "has another header");
    wrong = (struct zip_member){.name = "x.npy", .content = &one, .wrong_local_crc = 1};
    expect_failure(find(&wrong, 1, "x", &member), format, "has another header");
    wrong = (struct zip_member){.name = "x.npy", .content = &one, .wrong_offset = 1};
    expect_failure(find(&wrong, 1, "x", &member), format, "does not begin where");
    wrong = (struct zip_member){.name = "x.npy", .content = &one, .wrong_offset = 100000};
    expect_failure(find(&wrong, 1, "x", &member), format, "begins outside");
    wrong = (struct zip_member){.name = "x.npy", .content = &one, .flags = 1};
    expect_failure(find(&wrong, 1, "x", &member), format, "encrypted");
    wrong = (struct zip_member){.name = "x.npy", .content = &one, .method = 12};
    expect_failure(find(&wrong, 1, "x", &member), format, "method 12");
    wrong = (struct zip_member){.name = "x.npy", .content = &one};
    written.size = 0;
    zip_write(&written, &wrong, 1);
    written.data[written.size - 22 - 51 + 6] = 64; /* in the only entry: 46 bytes and its name */
    expect_failure(find_in(written.data, written.size, "x", &member), format, "a later version");
    /* Both headers of one name, but the data of another. */
    const struct zip_member swapped[] = {{.name = "x.npy", .content = &one, .wrong_offset = 44},
                                         {.name = "y.npy", .content = &two}};
    expect_failure(find(swapped, 2, "x", &member), format, "has another header");
    ck_assert_uint_eq(member.size, 77);
}
END_TEST

START_TEST(archives_with_something_around_them)
{
    const diffmm_status format = DIFFMM_ERROR_FORMAT;
    const struct zip_member good = {.name = "x.npy", .content = &one};
    struct diffmm__zip_member member;
    begin();
    expect_failure(find_in((const unsigned char *)"", 0, "x", &member), format,
                   "not a zip archive");
    bytes_add_text(&written, "in front");
    zip_write(&written, &good, 1);
    /* Offsets count it in, or not. */
    expect_failure(find_in(written.data, written.size, "x", &member), format, "not a zip archive");
    written.size = 0;
    zip_write(&written, &good, 1);
    memmove(written.data + 4, written.data, written.size);
    written.size += 4;
    expect_failure(find_in(written.data, written.size, "x", &member), format,
                   "right before its end");
    written.size = 0;
    zip_write(&written, &good, 1);
    bytes_add_text(&written, "behind");
    expect_failure(find_in(written.data, written.size, "x", &member), format,
                   "bytes follow the end");
    /* A comment is part of the archive, also one that holds what looks like its end. */
    written.size = 0;
    zip_write(&written, &good, 1);
    written.data[written.size - 2] = 3;
    bytes_add_text(&written, "abc");
    expect_success(find_in(written.data, written.size, "x", &member));
    written.data[written.size - 5] = 26;
    bytes_add(&written, "PK\5\6and so on, 23 bytes.", 23);
    expect_failure(find_in(written.data, written.size, "x", &member), format,
                   "bytes follow the end");
}
END_TEST

START_TEST(cut_and_damaged)
{
    struct diffmm__zip_member member;
    const struct zip_member members[] = {{.name = "x.npy", .content = &one},
                                         {.name = "y.npy", .content = &two}};
    begin();
    zip_write(&written, members, 2);
    for (size_t size = 0; size < written.size; size++)
        ck_assert_int_ne(find_in(written.data, size, "x", &member), DIFFMM_OK);
    for (size_t i = 0; i < written.size; i++)
        for (int bit = 0; bit < 8; bit++) {
            written.data[i] ^= (unsigned char)(1 << bit);
            /* With another extra field, data begin elsewhere: then the checksum tells. */
            size_t begin = i == 28 && bit < 4 ? 35 + (1u << bit) : 35;
            if (find_in(written.data, written.size, "x", &member) == DIFFMM_OK)
                ck_assert_msg(member.size == one.size && member.offset == begin, "byte %zu, bit %d",
                              i, bit);
            written.data[i] ^= (unsigned char)(1 << bit);
        }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {names, the_last_of_a_name_counts, headers_that_disagree,
                                  archives_with_something_around_them, cut_and_damaged};
    return run_tests("zip", tests, sizeof tests / sizeof *tests);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/npy_values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "support/bytes.h"
#include "support/failure.h"

/* Values of every number type, 2 x 3, as bytes in both orders of bytes and of elements. */
static void add_number(struct bytes *bytes, uint64_t pattern, size_t size, bool big_endian)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)(pattern >> 8 * (big_endian ? size - 1 - i : i));
        bytes_add(bytes, &byte, 1);
    }
}

static uint64_t pattern_of(char kind, size_t size, double value)
{
    uint64_t pattern = 0;
    if (kind == 'f' && size == 8) {
        memcpy(&pattern, &value, 8);
    } else if (kind == 'f' && size == 4) {
        float narrow = (float)value;
        uint32_t bits;
        memcpy(&bits, &narrow, 4);
        pattern = bits;
    } else if (kind == 'f') { /* float16 of the values used here */
        const struct {
            double value;
            uint16_t pattern;
        } halves[] = {{0, 0}, {1, 0x3c00}, {2, 0x4000}, {-3, 0xc200}, {1.5, 0x3e00}, {100, 0x5640}};
        for (size_t i = 0; i < 6; i++)
            if (halves[i].value == value)
                pattern = halves[i].pattern;
    } else {
        pattern = (uint64_t)(int64_t)value;
    }
    return pattern;
}

static void check_type(char kind, size_t size, bool big_endian, bool fortran_order)
{
    double values[] = {0, 1, 2, kind == 'u' || kind == 'b' ? 3 : -3, kind == 'f' ? 1.5 : 4, 100};
    if (kind == 'b')
        for (int i = 0; i < 6; i++)
            values[i] = i % 2;
    struct bytes data = {.size = 0}, bytes = {.size = 0};
    for (int i = 0; i < 6; i++) {
        int index = fortran_order ? i % 2 * 3 + i / 2 : i;
        add_number(&data, pattern_of(kind, size, values[index]), size, big_endian);
    }
    char type[8];
    snprintf(type, sizeof type, "%c%c%zu", size == 1 ? '|' : big_endian ? '>' : '<', kind, size);
    bytes_add_npy(&bytes, type, "(2, 3)", fortran_order, data.data, data.size);
    struct diffmm__npy array;
    expect_success(diffmm__npy_parse(bytes.data, bytes.size, "x.npy", &array));
    ck_assert_int_eq(array.kind, kind);
    ck_assert_uint_eq(array.item_size, size);
    ck_assert_uint_eq(array.dimensions, 2);
    ck_assert_uint_eq(array.shape[0], 2);
    ck_assert_uint_eq(array.shape[1], 3);
    ck_assert_uint_eq(array.count, 6);
    float floats[6];
    double doubles[6];
    int64_t integers[6];
    expect_success(diffmm__npy_values_as_float(&array, "x.npy", floats));
    expect_success(diffmm__npy_values_as_double(&array, "x.npy", doubles));
    for (int i = 0; i < 6; i++) {
        ck_assert_msg(doubles[i] == values[i] && (double)floats[i] == values[i],
                      "%s, element %d: %g", type, i, doubles[i]);
    }
    if (kind == 'f') {
        expect_failure(diffmm__npy_values_as_int64(&array, "x.npy", integers), DIFFMM_ERROR_FORMAT,
                       "element 4");
        return;
    }
    expect_success(diffmm__npy_values_as_int64(&array, "x.npy", integers));
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(integers[i], (int64_t)values[i]);
}

START_TEST(every_type_and_order)
{
    const char *types = "f2f4f8i1i2i4i8u1u2u4u8b1";
    for (size_t i = 0; types[i]; i += 2)
        for (int order = 0; order < 4; order++)
            check_type(types[i], (size_t)(types[i + 1] - '0'), order & 1, order & 2);
}
END_TEST

/* Every float16: sign * 2^(e - 25) * (1024 + fraction), or fraction * 2^-24 where e is 0. */
START_TEST(every_float16)
{
    traps_off();                                 /* NaN is among them, also such as signals */
    for (unsigned high = 0; high < 64; high++) { /* sign and exponent */
        struct bytes data = {.size = 0}, bytes = {.size = 0};
        struct diffmm__npy array;
        float values[1024];
        for (unsigned fraction = 0; fraction < 1024; fraction++)
            bytes_add_number(&data, high << 10 | fraction, 2);
        bytes_add_npy(&bytes, "<f2", "(1024,)", 0, data.data, data.size);
        expect_success(diffmm__npy_parse(bytes.data, bytes.size, "x", &array));
        expect_success(diffmm__npy_values_as_float(&array, "x", values));
        int exponent = high & 31;
        for (unsigned fraction = 0; fraction < 1024; fraction++) {
            float value = values[fraction];
            ck_assert_int_eq(signbit(value) != 0, high >> 5);
            if (exponent == 31)
                ck_assert(fraction ? isnan(value) : isinf(value));
            else
                ck_assert(
                    (double)fabsf(value) ==
                    (exponent ? ldexp(1024.0 + fraction, exponent - 25) : ldexp(fraction, -24)));
        }
    }
}
END_TEST

START_TEST(large_integers)
{
    struct bytes bytes = {.size = 0};
    struct diffmm__npy array;
    int64_t out[2];
    uint64_t values[] = {INT64_MAX, (uint64_t)INT64_MAX + 1};
    bytes_add_npy(&bytes, "<u8", "(2,)", 0, values, sizeof values);
    expect_success(diffmm__npy_parse(bytes.data, bytes.size, "x", &array));
    expect_failure(diffmm__npy_values_as_int64(&array, "x", out), DIFFMM_ERROR_FORMAT, "element 1");
    bytes.size = 0;
    double reals[] = {-0x1p63, 0x1p63};
    bytes_add_npy(&bytes, "<f8", "(2,)", 0, reals, sizeof reals);
    expect_success(diffmm__npy_parse(bytes.data, bytes.size, "x", &array));
    expect_failure(diffmm__npy_values_as_int64(&array, "x", out), DIFFMM_ERROR_FORMAT, "element 1");
    ck_assert(out[0] == INT64_MIN);
}
END_TEST

START_TEST(three_dimensions_in_fortran_order)
{
    unsigned char data[24];
    for (unsigned i = 0; i < 2; i++)
        for (unsigned j = 0; j < 3; j++)
            for (unsigned k = 0; k < 4; k++)
                data[i + 2 * (j + 3 * k)] = (unsigned char)((i * 3 + j) * 4 + k);
    struct bytes bytes = {.size = 0};
    struct diffmm__npy array;
    int64_t out[24];
    bytes_add_npy(&bytes, "|u1", "(2, 3, 4)", 1, data, 24);
    expect_success(diffmm__npy_parse(bytes.data, bytes.size, "x", &array));
    expect_success(diffmm__npy_values_as_int64(&array, "x", out));
    for (int i = 0; i < 24; i++)
        ck_assert_int_eq(out[i], i);
}
END_TEST

START_TEST(text_is_parsed_but_is_no_number)
{
    struct bytes bytes = {.size = 0};
    struct diffmm__npy array;
    float value;
    bytes_add_npy(&bytes, "|S3", "()", 0, "coo", 3);
    expect_success(diffmm__npy_parse(bytes.data, bytes.size, "x", &array));
    ck_assert_int_eq(array.kind, 'S');
    ck_assert_mem_eq(array.data, "coo", 3);
    expect_failure(diffmm__npy_values_as_float(&array, "x", &value), DIFFMM_ERROR_FORMAT, "text");
    bytes.size = 0;
    bytes_add_npy(&bytes, "<U2", "(1,)", 0, "c\0\0\0o\0\0\0", 8);
    expect_success(diffmm__npy_parse(bytes.data, bytes.size, "x", &array));
    ck_assert_uint_eq(array.item_size, 8);
}
END_TEST

/* An array with a header of any text and version. */
static diffmm_status parse(unsigned version, const char *header, size_t data_size,
                           struct diffmm__npy *array)
{
    struct bytes bytes = {.size = 0};
    bytes_add_text(&bytes, "\x93NUMPY");
    bytes_add_number(&bytes, version, 2);
    bytes_add_number(&bytes, strlen(header), version == 1 ? 2 : 4);
    bytes_add_text(&bytes, header);
    memset(bytes.data + bytes.size, 0, data_size);
    bytes.size += data_size;
    /* An exact copy, so that reading beyond it is noticed. */
    unsigned char *exact = malloc(bytes.size);
    memcpy(exact, bytes.data, bytes.size);
    diffmm_status status = diffmm__npy_parse(exact, bytes.size, "f.npy", array);
    free(exact);
    return status;
}

START_TEST(headers_in_other_forms)
{
    struct diffmm__npy array;
    expect_success(parse(2, "{'descr':'<f4','fortran_order':False,'shape':(2,3)}", 24, &array));
    ck_assert_uint_eq(array.count, 6);
    /* Python 2's long integers, which version 3 is too young for. */
    const char *const longs =
        "{\"shape\": (2L, 3L), \"descr\": \"<f4\", \"fortran_order\": True}   \n";
    expect_success(parse(2, longs, 24, &array));
    ck_assert(array.fortran_order);
    expect_failure(parse(3, longs, 24, &array), DIFFMM_ERROR_FORMAT, "not a tuple of numbers");
    expect_success(
        parse(3, "{\"shape\": (2, 3), \"descr\": \"<f4\", \"fortran_order\": True} \t\n\r\n", 24,
              &array));
    expect_failure(parse(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3)}", 12, &array),
                   DIFFMM_ERROR_FORMAT, "not a tuple of numbers");
    expect_failure(parse(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (03,)}", 12, &array),
                   DIFFMM_ERROR_FORMAT, "begins with 0");
    expect_failure(
        parse(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}\n ", 12, &array),
        DIFFMM_ERROR_FORMAT, "goes on after");
    expect_failure(
        parse(1, "\n{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", 12, &array),
        DIFFMM_ERROR_FORMAT, "not a dictionary");
    expect_failure(parse(0x101, "{}", 0, &array), DIFFMM_ERROR_VERSION, "1.1");
    expect_success(
        parse(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (7,), }", 40, &array));
    ck_assert_uint_eq(array.count, 7);
    /* No elements: the other numbers matter only where no array could have them. */
    expect_success(parse(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 1000000000000)}",
                         0, &array));
    ck_assert_uint_eq(array.count, 0);
    expect_failure(
        parse(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 9000000000000000000)}", 0,
              &array),
        DIFFMM_ERROR_FORMAT, "exceeds the address space");
}
END_TEST

START_TEST(broken_headers)
{
    const char *headers[] = {
        "",
        "{",
        "{}",
        "{'descr': '<f4'}",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} 5",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1 1)}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 'x'}",
        "{'descr': '<f4, 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}",
        "{'descr' '<f4', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f16', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f1', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '|S0', 'fortran_order': False, 'shape': (1000000000000,)}",
        "{'descr': '', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'fortran_order': False}",
    };
    struct diffmm__npy array = {.count = 77};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        ck_assert_msg(parse(1, headers[i], 64, &array) == DIFFMM_ERROR_FORMAT, "%s", headers[i]);
        ck_assert_msg(strstr(diffmm_error_message(), "f.npy") != NULL, "%s",
                      diffmm_error_message());
    }
    expect_failure(parse(4, "", 0, &array), DIFFMM_ERROR_VERSION, "version 4");
    ck_assert_uint_eq(array.count, 77);
}
END_TEST

START_TEST(hostile_sizes)
{
    struct diffmm__npy array;
    expect_failure(parse(1,
                         "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 128)}",
                         16, &array),
                   DIFFMM_ERROR_FORMAT, "only 16 remain");
    expect_failure(
        parse(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", 16,
              &array),
        DIFFMM_ERROR_FORMAT, "address space");
    expect_failure(
        parse(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693952,)}", 16,
              &array),
        DIFFMM_ERROR_FORMAT, "address space");
    expect_failure(
        parse(1, "{'descr': '<U99999', 'fortran_order': False, 'shape': (1,)}", 16, &array),
        DIFFMM_ERROR_FORMAT, "remain");
    /* A header that claims to be longer than the file. */
    unsigned char claim[] = "\x93NUMPY\x02\x00\xff\xff\xff\xff{}";
    expect_failure(diffmm__npy_parse(claim, sizeof claim - 1, "f.npy", &array), DIFFMM_ERROR_FORMAT,
                   "only 2 remain");
}
END_TEST

START_TEST(cut_at_every_length_and_damaged_at_every_byte)
{
    const float data[] = {1, 2, 3, 4};
    struct bytes bytes = {.size = 0};
    struct diffmm__npy array;
    bytes_add_npy(&bytes, "<f4", "(2, 2)", 0, data, sizeof data);
    for (size_t size = 0; size < bytes.size; size++) {
        unsigned char *exact = malloc(size + !size);
        memcpy(exact, bytes.data, size);
        ck_assert_msg(diffmm__npy_parse(exact, size, "cut", &array) == DIFFMM_ERROR_FORMAT, "%zu",
                      size);
        free(exact);
    }
    for (size_t i = 0; i < bytes.size; i++)
        for (unsigned byte = 0; byte < 256; byte++) {
            unsigned char *exact = malloc(bytes.size);
            float out[64];
            memcpy(exact, bytes.data, bytes.size);
            exact[i] = (unsigned char)byte;
            if (diffmm__npy_parse(exact, bytes.size, "damaged", &array) == DIFFMM_OK) {
                ck_assert_uint_le(array.count, 64);
                diffmm__npy_values_as_float(&array, "damaged", out);
            }
            free(exact);
        }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {every_type_and_order,
                                  every_float16,
                                  large_integers,
                                  three_dimensions_in_fortran_order,
                                  text_is_parsed_but_is_no_number,
                                  headers_in_other_forms,
                                  broken_headers,
                                  hostile_sizes,
                                  cut_at_every_length_and_damaged_at_every_byte};
    return run_tests("npy", tests, sizeof tests / sizeof *tests);
}

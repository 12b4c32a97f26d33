/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "support/failure.h"
#include "support/folder.h"
#include "support/pickle_matrix.h"

/* Where the rows of the matrix begin, for CSR. */
static const int32_t pointers[] = {0, 2, 3, 4};

static void write_matrix(struct pickle_writer *w, bool csr)
{
    pickle_begin(w, csr);
    pickle_shape(w, 3, 300);
    pickle_field(w, csr ? "indices" : "row", "i4", "<", 4, csr ? pickled_columns : pickled_rows,
                 16);
    pickle_field(w, csr ? "indptr" : "col", "i4", "<", 4, csr ? pointers : pickled_columns, 16);
    pickle_field(w, "data", "f8", "<", 4, pickled_data, 32);
    pickle_text(w, "has_canonical_format");
    pickle_op(w, "\x89ub.");
}

START_TEST(every_protocol_and_format)
{
    for (int protocol = 2; protocol <= 5; protocol++)
        for (int variant = 0; variant < 4; variant++) {
            struct pickle_writer w = {.protocol = protocol, .old_modules = variant & 1};
            struct diffmm__sparse sparse;
            write_matrix(&w, variant & 2);
            expect_success(parse_written(&w, &sparse));
            expect_pickled_matrix(&sparse);
        }
}
END_TEST

START_TEST(newer_scipy_keeps_coordinates_in_a_tuple)
{
    struct pickle_writer w = {.protocol = 4};
    struct diffmm__sparse sparse;
    pickle_begin(&w, false);
    pickle_shape(&w, 3, 300);
    pickle_field(&w, "coords", "i4", "<", 4, pickled_rows, 16);
    pickle_array(&w, "i4", "<", 4, pickled_columns, 16);
    pickle_op(&w, "\x86");
    pickle_field(&w, "data", "f8", "<", 4, pickled_data, 32);
    pickle_op(&w, "ub.");
    expect_success(parse_written(&w, &sparse));
    expect_pickled_matrix(&sparse);
}
END_TEST

START_TEST(other_types_and_byte_orders)
{
    struct pickle_writer w = {.protocol = 3};
    struct diffmm__sparse sparse;
    const unsigned char big[] = {0, 0, 0, 0, 0, 0, 0, 2}, one = 1;
    const int64_t column = 7;
    pickle_begin(&w, false);
    pickle_shape(&w, 3, 8);
    pickle_field(&w, "row", "i8", ">", 1, big, 8);
    pickle_field(&w, "col", "i8", "<", 1, &column, 8);
    pickle_field(&w, "data", "b1", "|", 1, &one, 1);
    pickle_op(&w, "ub.");
    expect_success(parse_written(&w, &sparse));
    ck_assert_uint_eq(sparse.entries.count, 1);
    ck_assert_int_eq(sparse.entries.row[0], 2);
    ck_assert_int_eq(sparse.entries.column[0], 7);
    diffmm__sparse_end(NULL, &sparse);
}
END_TEST

START_TEST(empty_matrices)
{
    for (int protocol = 2; protocol <= 5; protocol++) {
        struct pickle_writer w = {.protocol = protocol};
        struct diffmm__sparse sparse;
        pickle_begin(&w, false);
        pickle_shape(&w, 4, 5);
        pickle_field(&w, "row", "i4", "<", 0, "", 0);
        pickle_field(&w, "col", "i4", "<", 0, "", 0);
        pickle_field(&w, "data", "f8", "<", 0, "", 0);
        pickle_op(&w, "ub.");
        expect_success(parse_written(&w, &sparse));
        ck_assert_uint_eq(sparse.rows, 4);
        ck_assert_uint_eq(sparse.entries.count, 0);
        diffmm__sparse_end(NULL, &sparse);
    }
}
END_TEST

/* Two references to one remembered value, and values made the old way. */
START_TEST(memory_and_reconstructor)
{
    struct pickle_writer w = {.protocol = 2, .old_modules = true};
    struct diffmm__sparse sparse;
    pickle_op(&w, "\x80\x02");
    pickle_global(&w, "copy_reg", "_reconstructor");
    pickle_global(&w, "scipy.sparse.coo", "coo_matrix");
    pickle_global(&w, "__builtin__", "object");
    pickle_op(&w, "N\x87R}");
    pickle_field(&w, "row", "i4", "<", 4, pickled_rows, 16);
    pickle_op(&w, "q\x05s"); /* BINPUT, SETITEM */
    pickle_text(&w, "col");
    pickle_op(&w, "h\x05s"); /* BINGET: the same array */
    pickle_field(&w, "data", "f8", "<", 4, pickled_data, 32);
    pickle_op(&w, "s(");
    pickle_shape(&w, 3, 3);
    pickle_op(&w, "ub.");
    expect_success(parse_written(&w, &sparse));
    ck_assert_uint_eq(sparse.entries.count, 3);
    ck_assert_int_eq(sparse.entries.column[2], 2);
    diffmm__sparse_end(NULL, &sparse);
}
END_TEST

START_TEST(other_names_are_refused)
{
    const char *names[][2] = {{"os", "system"},
                              {"posix", "system"},
                              {"builtins", "eval"},
                              {"__builtin__", "getattr"},
                              {"subprocess", "Popen"},
                              {"scipy.sparse.csc", "csc_matrix"},
                              {"numpy", "dtype.__class__"},
                              {"numpy.core.multiarray", "scalar"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (int protocol = 2; protocol <= 5; protocol++) {
            struct pickle_writer w = {.protocol = protocol};
            struct diffmm__sparse sparse = {.entries.count = 55};
            char full[100];
            pickle_op(&w, "\x80");
            bytes_add_number(&w.bytes, (uint64_t)protocol, 1);
            pickle_global(&w, names[i][0], names[i][1]);
            pickle_text(&w, "true");
            pickle_op(&w, "\x85R.");
            snprintf(full, sizeof full, "%s.%s", names[i][0], names[i][1]);
            expect_failure(parse_written(&w, &sparse), DIFFMM_ERROR_FORMAT, full);
            ck_assert_ptr_nonnull(strstr(diffmm_error_message(), "m.pkl: offset "));
            ck_assert_uint_eq(sparse.entries.count, 55);
        }
}
END_TEST

static void check_program(const char *program, size_t size, diffmm_status wanted,
                          const char *message)
{
    struct diffmm__sparse sparse;
    expect_failure(parse((const unsigned char *)program, size, &sparse), wanted, message);
}

#define PROGRAM(text) "\x80\x03" text, sizeof("\x80\x03" text) - 1

START_TEST(wrong_programs)
{
    const diffmm_status format = DIFFMM_ERROR_FORMAT;
    check_program("", 0, format, "offset 0");
    check_program("hello", 5, format, "not a pickle");
    check_program("\x80\x01.", 3, DIFFMM_ERROR_VERSION, "protocol 1");
    check_program("\x80\x06.", 3, DIFFMM_ERROR_VERSION, "protocol 6");
    check_program(PROGRAM("."), format, "too few");
    check_program(PROGRAM("(."), format, "too few");
    check_program(PROGRAM("N."), format, "not a scipy");
    check_program(PROGRAM("NN\x86."), format, "not a scipy");
    check_program(PROGRAM("N0."), format, "too few");
    check_program(PROGRAM("0"), format, "too few");
    check_program(PROGRAM("t"), format, "no mark");
    check_program(PROGRAM("u"), format, "no mark");
    check_program(PROGRAM("(u"), format, "no dictionary");
    check_program(PROGRAM("}(Nu"), format, "no dictionary");
    check_program(PROGRAM("}NNs"), format, "key");
    check_program(PROGRAM("NNNs"), format, "no dictionary");
    check_program(PROGRAM("\x85"), format, "too few");
    check_program(PROGRAM("N(\x86"), format, "too few");
    check_program(PROGRAM("N)R"), format, "not a name");
    check_program(PROGRAM("cnumpy\nndarray\n)R"), format, "not called");
    check_program(PROGRAM("cnumpy\ndtype\n)R"), format, "numpy.dtype");
    check_program(PROGRAM("cnumpy\ndtype\nU\x02"
                          "f9\x85R"),
                  format, "'f9'");
    check_program(PROGRAM("cnumpy\ndtype\nU\x02"
                          "O8\x85R"),
                  format, "'O8'");
    check_program(PROGRAM("cnumpy\ndtype\nU\x02"
                          "f8\x85RNb"),
                  format, "numpy.dtype");
    check_program(PROGRAM("cnumpy\ndtype\nU\x02"
                          "f8\x85R(K\x03"
                          "Cx\x01t"
                          "b"),
                  format, "remain");
    check_program(PROGRAM("cnumpy\n"), format, "no end");
    check_program(PROGRAM("NN\x93"), format, "not a text");
    check_program(PROGRAM("NNb"), format, "has none");
    check_program(PROGRAM("h\x07"), format, "value 7");
    check_program(PROGRAM("j\xff\xff\xff\xff"), format, "value 4294967295");
    check_program(PROGRAM("q\x01"), format, "too few");
    check_program(PROGRAM("(q\x01"), format, "too few");
    check_program(PROGRAM("Nr\xff\xff\xff\x7f"), format, "remembers");
    check_program(PROGRAM("\x8a\x09"), format, "9 bytes");
    check_program(PROGRAM("I1\n."), format, "0x49");
    check_program(PROGRAM("c_codecs\nencode\nX\x01\0\0\0aX\x04\0\0\0utf8\x86R"), format, "encode");
    check_program(PROGRAM("c_codecs\nencode\nX\x03\0\0\0\xe2\x82\xacX\x06\0\0\0latin1\x86R"),
                  format, "latin-1");
    check_program(PROGRAM("ccopyreg\n_reconstructor\nNN\x86R"), format, "_reconstructor");
    check_program(PROGRAM("cscipy.sparse.coo\ncoo_matrix\n)\x81."), format, "not a scipy");
    check_program(PROGRAM("cscipy.sparse.coo\ncoo_matrix\n)\x81Nb."), format, "not a dictionary");
    check_program(PROGRAM("cscipy.sparse.coo\ncoo_matrix\n)\x81}b."), format, "shape");
    check_program(PROGRAM("cscipy.sparse.coo\ncoo_matrix\n)\x81}U\x06_shapeK\x01K\x02\x86sb."),
                  format, "'row'");
    check_program(PROGRAM("cnumpy.core.multiarray\n_reconstruct\n)R(K\x01K\x01\x85NNNtb"), format,
                  "of a kind not read");
}
END_TEST

START_TEST(hostile_sizes)
{
    const diffmm_status format = DIFFMM_ERROR_FORMAT;
    check_program(PROGRAM("B\xff\xff\xff\xff"), format, "only 0 remain");
    check_program(PROGRAM("\x8e\xff\xff\xff\xff\xff\xff\xff\xff"), format, "remain");
    check_program(PROGRAM("\x96\0\0\0\0\0\x01\0\0"), format, "remain");
    check_program(PROGRAM("\x8d\0\0\0\0\0\x01\0\0"), format, "remain");

    /* An array that claims 10^12 elements, and one with a negative size. */
    for (int i = 0; i < 2; i++) {
        struct pickle_writer w = {.protocol = 4};
        struct diffmm__sparse sparse;
        pickle_begin(&w, false);
        pickle_text(&w, "row");
        pickle_global(&w, "numpy._core.multiarray", "_reconstruct");
        pickle_global(&w, "numpy", "ndarray");
        pickle_integer(&w, 0);
        pickle_op(&w, "\x85");
        pickle_raw(&w, "b", 1);
        pickle_op(&w, "\x87R(");
        pickle_integer(&w, 1);
        pickle_integer(&w, i ? -1 : 1000000000000);
        pickle_op(&w, "\x85");
        pickle_type(&w, "i4", "<");
        pickle_op(&w, "\x89");
        pickle_raw(&w, pickled_rows, 16);
        pickle_op(&w, "tb");
        expect_failure(parse_written(&w, &sparse), format, i ? "shape" : "only 16 remain");
    }

    /* A shape that the file could not fill. */
    struct pickle_writer w = {.protocol = 4};
    struct diffmm__sparse sparse;
    pickle_begin(&w, false);
    pickle_shape(&w, 3, 2000000000);
    pickle_field(&w, "row", "i4", "<", 4, pickled_rows, 16);
    pickle_field(&w, "col", "i4", "<", 4, pickled_columns, 16);
    pickle_field(&w, "data", "f8", "<", 4, pickled_data, 32);
    pickle_op(&w, "ub.");
    expect_failure(parse_written(&w, &sparse), format, "2000000000");
}
END_TEST

/* Programs that repeat one instruction: the stack, the memo and encoded text are bounded. */
START_TEST(endless_programs)
{
    struct pickle_writer marks = {.protocol = 3}, texts = {.protocol = 3};
    pickle_op(&marks, "\x80\x03");
    memset(marks.bytes.data + 2, '(', sizeof marks.bytes.data - 2);
    marks.bytes.size = sizeof marks.bytes.data;
    size_t size = 4 * sizeof marks.bytes.data;
    unsigned char *longer = malloc(size);
    memset(longer, '(', size);
    memcpy(longer, marks.bytes.data, 2);
    check_program((const char *)longer, size, DIFFMM_ERROR_FORMAT, "more instructions");
    free(longer);

    pickle_op(&texts, "\x80\x03");
    pickle_global(&texts, "_codecs", "encode");
    pickle_op(&texts, "q\x01X\xe8\x03");
    bytes_add_number(&texts.bytes, 0, 2);
    memset(texts.bytes.data + texts.bytes.size, 'a', 1000);
    texts.bytes.size += 1000;
    pickle_text(&texts, "latin1");
    pickle_op(&texts, "\x86q\x02R");
    for (int i = 0; i < 20; i++)
        pickle_op(&texts, "h\x01h\x02R");
    check_program((const char *)texts.bytes.data, texts.bytes.size, DIFFMM_ERROR_FORMAT,
                  "more text than it holds");
}
END_TEST

/* Matrices whose arrays do not fit together. */
static void check_parts(bool csr, const int32_t *first, size_t first_count, const int32_t *second,
                        size_t second_count, const double *values, diffmm_status wanted,
                        const char *message)
{
    struct pickle_writer w = {.protocol = 4};
    struct diffmm__sparse sparse;
    pickle_begin(&w, csr);
    pickle_shape(&w, 3, 300);
    pickle_field(&w, csr ? "indptr" : "row", "i4", "<", first_count, first, 4 * first_count);
    pickle_field(&w, csr ? "indices" : "col", "i4", "<", second_count, second, 4 * second_count);
    pickle_field(&w, "data", "f8", "<", 4, values, 32);
    pickle_op(&w, "ub.");
    expect_failure(parse_written(&w, &sparse), wanted, message);
}

START_TEST(arrays_that_do_not_fit)
{
    const diffmm_status format = DIFFMM_ERROR_FORMAT;
    const int32_t high[] = {0, 0, 3, 2}, low[] = {0, -1, 0, 0}, right[] = {1, 300, 5, 0};
    const int32_t falling[] = {0, 3, 2, 4}, late[] = {1, 2, 3, 4}, beyond[] = {0, 2, 3, 9};
    const int32_t early[] = {0, 1, 2, 3};
    const double infinite[] = {1, 1, 1, INFINITY};
    check_parts(false, pickled_rows, 3, pickled_columns, 4, pickled_data, format, "3 row numbers");
    check_parts(false, pickled_rows, 4, pickled_columns, 3, pickled_data, format,
                "3 column numbers");
    check_parts(false, high, 4, pickled_columns, 4, pickled_data, format,
                "m.pkl:row: entry 2 is in row 3, but there are 3");
    check_parts(false, low, 4, pickled_columns, 4, pickled_data, format,
                "m.pkl:row: entry 1 is in row -1, but there are 3");
    check_parts(false, pickled_rows, 4, right, 4, pickled_data, format,
                "m.pkl:col: entry 1 is in column 300, but there are 300");
    check_parts(false, pickled_rows, 4, pickled_columns, 4, infinite, DIFFMM_ERROR_NUMERIC,
                "entry 3");
    check_parts(true, pointers, 3, pickled_columns, 4, pickled_data, format, "3 row pointers");
    check_parts(true, falling, 4, pickled_columns, 4, pickled_data, format, "row 1");
    check_parts(true, late, 4, pickled_columns, 4, pickled_data, format, "row 0");
    check_parts(true, beyond, 4, pickled_columns, 4, pickled_data, format, "row 2");
    check_parts(true, early, 4, pickled_columns, 4, pickled_data, format, "rows hold 3");
}
END_TEST

START_TEST(cut_at_every_length_and_damaged_at_every_byte)
{
    for (int protocol = 2; protocol <= 5; protocol++) {
        struct pickle_writer w = {.protocol = protocol};
        struct diffmm__sparse sparse;
        write_matrix(&w, protocol & 1);
        for (size_t size = 0; size < w.bytes.size; size++) {
            ck_assert_msg(parse(w.bytes.data, size, &sparse) == DIFFMM_ERROR_FORMAT, "%zu", size);
            ck_assert_ptr_nonnull(strstr(diffmm_error_message(), "m.pkl: offset"));
        }
        for (size_t i = 0; i < w.bytes.size; i++) {
            static const unsigned char others[] = {0, 1, 2, 0x7f, 0x80, 0xff, '(', ')', 't', 'R'};
            unsigned char kept = w.bytes.data[i];
            for (size_t k = 0; k < sizeof others; k++) {
                w.bytes.data[i] = others[k];
                if (parse_written(&w, &sparse) == DIFFMM_OK)
                    diffmm__sparse_end(NULL, &sparse);
            }
            w.bytes.data[i] = kept;
        }
    }
}
END_TEST

START_TEST(reads_a_file)
{
    struct folder folder = folder_begin();
    struct pickle_writer w = {.protocol = 4};
    struct diffmm__sparse sparse;
    write_matrix(&w, false);
    struct path path = folder_write(&folder, "trnMat.pkl", w.bytes.data, w.bytes.size);
    expect_success(diffmm__sparse_pickle_read(NULL, path.text, &sparse));
    expect_pickled_matrix(&sparse);
    path = folder_path(&folder, "none.pkl");
    expect_failure(diffmm__sparse_pickle_read(NULL, path.text, &sparse), DIFFMM_ERROR_IO,
                   path.text);
    folder_end(&folder);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {every_protocol_and_format,
                                  newer_scipy_keeps_coordinates_in_a_tuple,
                                  other_types_and_byte_orders,
                                  empty_matrices,
                                  memory_and_reconstructor,
                                  other_names_are_refused,
                                  wrong_programs,
                                  hostile_sizes,
                                  endless_programs,
                                  arrays_that_do_not_fit,
                                  cut_at_every_length_and_damaged_at_every_byte,
                                  reads_a_file};
    return run_tests("pickle", tests, sizeof tests / sizeof *tests);
}

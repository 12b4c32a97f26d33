/* SPDX-License-Identifier: BSD-2-Clause */
/* What a pickle says twice. */
#include "dataset/readers/sparse.h"
#include "pickle_writer.h"
#include "support/files.h"

/* The matrix of all tests: 3 x 300, entries (0, 1), (0, 299), (2, 0) and an explicit zero. */
static const double data[] = {1, 2.5, 0, -1};
static const int32_t rows[] = {0, 0, 1, 2}, columns[] = {1, 299, 5, 0};

/* Parse an exact copy, so that reading beyond it is noticed. */
static diffmm_status parse(const unsigned char *bytes, size_t size, struct diffmm__sparse *out)
{
    unsigned char *exact = calloc(size + !size, 1);
    memcpy(exact, bytes, size);
    diffmm_status status = diffmm__sparse_parse_pickle(NULL, exact, size, "m.pkl", out);
    free(exact);
    return status;
}

static diffmm_status parse_written(const struct pickle_writer *w, struct diffmm__sparse *out)
{
    return parse(w->bytes.data, w->bytes.size, out);
}

static void check_matrix(struct diffmm__sparse *sparse)
{
    ck_assert_uint_eq(sparse->rows, 3);
    ck_assert_uint_eq(sparse->columns, 300);
    ck_assert_uint_eq(sparse->count, 3); /* the zero does not count */
    const int32_t row[] = {0, 0, 2}, column[] = {1, 299, 0};
    ck_assert_mem_eq(sparse->row, row, sizeof row);
    ck_assert_mem_eq(sparse->column, column, sizeof column);
    diffmm__sparse_end(NULL, sparse);
}

static void write_parts(struct pickle_writer *w)
{
    pickle_text(w, "row");
    pickle_array(w, "i4", "<", 4, rows, 16);
    pickle_text(w, "col");
    pickle_array(w, "i4", "<", 4, columns, 16);
    pickle_text(w, "data");
    pickle_array(w, "f8", "<", 4, data, 32);
}

/* Of what is set twice the last stays, as in Python: in a dictionary, and in a state given again.
 */
START_TEST(the_last_of_a_key_counts)
{
    static const int32_t zeros[4] = {0};
    struct diffmm__sparse sparse;
    for (int again = 0; again < 2; again++) {
        struct pickle_writer w = {.protocol = 3};
        pickle_begin(&w, false);
        pickle_shape(&w, 9, 9);
        write_parts(&w);
        pickle_text(&w, "row");
        pickle_array(&w, "i4", "<", 4, zeros, 16);
        pickle_op(&w, again ? "ub}(" : "");
        pickle_text(&w, "row");
        pickle_array(&w, "i4", "<", 4, rows, 16);
        pickle_shape(&w, 3, 300);
        pickle_op(&w, "ub.");
        test_succeeds(parse_written(&w, &sparse));
        check_matrix(&sparse);
    }
    /* What is put into a dictionary after it was the state is no part of the state. */
    struct pickle_writer w = {.protocol = 3};
    pickle_begin(&w, false);
    w.bytes.size -= 2; /* } and ( */
    pickle_op(&w, "}q\x07(");
    pickle_shape(&w, 3, 300);
    write_parts(&w);
    pickle_op(&w, "ubh\x07");
    pickle_text(&w, "row");
    pickle_array(&w, "i4", "<", 4, zeros, 16);
    pickle_op(&w, "s0.");
    test_succeeds(parse_written(&w, &sparse));
    check_matrix(&sparse);
}
END_TEST

/* scipy's classes read `_shape`: a `shape` beside it is hidden by a property of that name. */
START_TEST(shape_is_not_the_shape)
{
    struct pickle_writer w = {.protocol = 3};
    struct diffmm__sparse sparse;
    pickle_begin(&w, false);
    pickle_shape(&w, 3, 300);
    pickle_text(&w, "shape");
    pickle_op(&w, "K\x09K\x09\x86");
    write_parts(&w);
    pickle_op(&w, "ub.");
    test_succeeds(parse_written(&w, &sparse));
    check_matrix(&sparse);
}
END_TEST

/* Older versions of scipy take row and col, newer ones coords. */
START_TEST(coordinates_given_in_two_ways)
{
    struct pickle_writer w = {.protocol = 3};
    struct diffmm__sparse sparse;
    pickle_begin(&w, false);
    pickle_shape(&w, 3, 300);
    write_parts(&w);
    pickle_text(&w, "coords");
    pickle_array(&w, "i4", "<", 4, columns, 16);
    pickle_array(&w, "i4", "<", 4, rows, 16);
    pickle_op(&w, "\x86ub.");
    test_fails(parse_written(&w, &sparse), DIFFMM_ERROR_FORMAT, "'coords' and 'row'");
}
END_TEST

/* In numpy a type that gets another state changes the arrays that have it. */
START_TEST(types_are_final)
{
    static const char message[] = "again, or after its use";
    struct pickle_writer twice = {.protocol = 3};
    struct diffmm__sparse sparse;
    pickle_op(&twice, "\x80\x03");
    pickle_type(&twice, "i4", "<");
    pickle_op(&twice, "(K\x03U\x01>NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK");
    test_add_number(&twice.bytes, 0, 1);
    pickle_op(&twice, "tb.");
    test_fails(parse_written(&twice, &sparse), DIFFMM_ERROR_FORMAT, message);
    /* numpy's own types take no state: it would say nothing there. */
    struct pickle_writer own = {.protocol = 3};
    pickle_op(&own, "\x80\x03");
    pickle_global(&own, "numpy", "dtype");
    pickle_op(&own, "U\x02i4\x85R(K\x03U\x01>NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK");
    test_add_number(&own.bytes, 0, 1);
    pickle_op(&own, "tb.");
    test_fails(parse_written(&own, &sparse), DIFFMM_ERROR_FORMAT, message);
    struct pickle_writer late = {.protocol = 3};
    pickle_op(&late, "\x80\x03");
    pickle_global(&late, "numpy", "dtype");
    pickle_op(&late, "U\x02i4\x85Rq");
    test_add_number(&late.bytes, 0, 1);
    pickle_global(&late, "numpy.core.numeric", "_frombuffer");
    pickle_op(&late, "(C\x04"
                     "abcdh");
    test_add_number(&late.bytes, 0, 1);
    pickle_op(&late, "K\x01\x85U\x01"
                     "CtRh");
    test_add_number(&late.bytes, 0, 1);
    pickle_op(&late, "(K\x03U\x01>NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK");
    test_add_number(&late.bytes, 0, 1);
    pickle_op(&late, "tb.");
    test_fails(parse_written(&late, &sparse), DIFFMM_ERROR_FORMAT, message);
}
END_TEST

/* MEMOIZE takes the next place after those in use, however often one of them was stored into. */
START_TEST(memorised_values)
{
    static const unsigned char program[] = "\x80\4\x8c\x02osq\0q\0q\0\x8c\x06system\x94h\0h\1\x93.";
    struct diffmm__sparse sparse;
    test_fails(parse(program, sizeof program - 1, &sparse), DIFFMM_ERROR_FORMAT, "os.system");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {the_last_of_a_key_counts, shape_is_not_the_shape,
                                  coordinates_given_in_two_ways, memorised_values, types_are_final};
    return test_run("pickle_twice", tests, sizeof tests / sizeof *tests);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What a pickle says twice. */
#include <stdlib.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "support/bytes.h"
#include "support/failure.h"
#include "support/pickle_matrix.h"

static void write_parts(struct pickle_writer *w)
{
    pickle_field(w, "row", "i4", "<", 4, pickled_rows, 16);
    pickle_field(w, "col", "i4", "<", 4, pickled_columns, 16);
    pickle_field(w, "data", "f8", "<", 4, pickled_data, 32);
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
        pickle_field(&w, "row", "i4", "<", 4, zeros, 16);
        pickle_op(&w, again ? "ub}(" : "");
        pickle_field(&w, "row", "i4", "<", 4, pickled_rows, 16);
        pickle_shape(&w, 3, 300);
        pickle_op(&w, "ub.");
        expect_success(parse_written(&w, &sparse));
        expect_pickled_matrix(&sparse);
    }
    /* What is put into a dictionary after it was the state is no part of the state. */
    struct pickle_writer w = {.protocol = 3};
    pickle_begin(&w, false);
    w.bytes.size -= 2; /* } and ( */
    pickle_op(&w, "}q\x07(");
    pickle_shape(&w, 3, 300);
    write_parts(&w);
    pickle_op(&w, "ubh\x07");
    pickle_field(&w, "row", "i4", "<", 4, zeros, 16);
    pickle_op(&w, "s0.");
    expect_success(parse_written(&w, &sparse));
    expect_pickled_matrix(&sparse);
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
    expect_success(parse_written(&w, &sparse));
    expect_pickled_matrix(&sparse);
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
    pickle_field(&w, "coords", "i4", "<", 4, pickled_columns, 16);
    pickle_array(&w, "i4", "<", 4, pickled_rows, 16);
    pickle_op(&w, "\x86ub.");
    expect_failure(parse_written(&w, &sparse), DIFFMM_ERROR_FORMAT, "'coords' and 'row'");
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
    bytes_add_number(&twice.bytes, 0, 1);
    pickle_op(&twice, "tb.");
    expect_failure(parse_written(&twice, &sparse), DIFFMM_ERROR_FORMAT, message);
    /* numpy's own types take no state: it would say nothing there. */
    struct pickle_writer own = {.protocol = 3};
    pickle_op(&own, "\x80\x03");
    pickle_global(&own, "numpy", "dtype");
    pickle_op(&own, "U\x02i4\x85R(K\x03U\x01>NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK");
    bytes_add_number(&own.bytes, 0, 1);
    pickle_op(&own, "tb.");
    expect_failure(parse_written(&own, &sparse), DIFFMM_ERROR_FORMAT, message);
    struct pickle_writer late = {.protocol = 3};
    pickle_op(&late, "\x80\x03");
    pickle_global(&late, "numpy", "dtype");
    pickle_op(&late, "U\x02i4\x85Rq");
    bytes_add_number(&late.bytes, 0, 1);
    pickle_global(&late, "numpy.core.numeric", "_frombuffer");
    pickle_op(&late, "(C\x04"
                     "abcdh");
    bytes_add_number(&late.bytes, 0, 1);
    pickle_op(&late, "K\x01\x85U\x01"
                     "CtRh");
    bytes_add_number(&late.bytes, 0, 1);
    pickle_op(&late, "(K\x03U\x01>NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK");
    bytes_add_number(&late.bytes, 0, 1);
    pickle_op(&late, "tb.");
    expect_failure(parse_written(&late, &sparse), DIFFMM_ERROR_FORMAT, message);
}
END_TEST

/* MEMOIZE takes the next place after those in use, however often one of them was stored into. */
START_TEST(memorised_values)
{
    static const unsigned char program[] = "\x80\4\x8c\x02osq\0q\0q\0\x8c\x06system\x94h\0h\1\x93.";
    struct diffmm__sparse sparse;
    expect_failure(parse(program, sizeof program - 1, &sparse), DIFFMM_ERROR_FORMAT, "os.system");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {the_last_of_a_key_counts, shape_is_not_the_shape,
                                  coordinates_given_in_two_ways, memorised_values, types_are_final};
    return run_tests("pickle_twice", tests, sizeof tests / sizeof *tests);
}

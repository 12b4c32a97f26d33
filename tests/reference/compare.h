/* SPDX-License-Identifier: BSD-2-Clause */
/* One file of reference numbers: its arrays by name, and comparison with what the library says. */
#ifndef DIFFMM_TESTS_COMPARE_H
#define DIFFMM_TESTS_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "dataset/readers/npz.h"

/* An array of the file. Integers and both kinds of floats fit a double exactly. */
struct array {
    const char *name;
    size_t dimensions, shape[DIFFMM__NPY_MAX_DIMENSIONS];
    size_t count;
    double *values;
    bool used; /* looked at by the case: an array nobody looks at is a failure */
};

struct reference {
    const char *folder, *file;
    struct diffmm__npz *archive;
    struct diffmm__arena arena; /* everything that lives as long as the file is open */
    size_t count;
    struct array *arrays;
    size_t mismatches; /* arrays of the file that the library did not reproduce */
};

/* Abort the test unless a call succeeded. */
void must(diffmm_status status, const char *call);

/* Open folder/file and read every array; or fail the test. Close is fine twice. */
void reference_open(struct reference *reference, const char *folder, const char *file);
void reference_close(struct reference *reference);

/* Fail the test if anything differed, or an array was never looked at. */
void reference_finish(struct reference *reference);

bool reference_has(const struct reference *reference, const char *name);

/* An array that must be there, now counted as used. The name is formatted. */
struct array *reference_array(struct reference *reference, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A number; or, where the file has none of that name, `otherwise`. */
double reference_number(struct reference *reference, const char *name);
double reference_number_or(struct reference *reference, const char *name, double otherwise);
size_t reference_size(struct reference *reference, const char *name);

/* An array's numbers in another type; room for `count` floats. They live until the file is closed.
 */
const float *as_floats(struct reference *reference, const struct array *array);
const int32_t *as_integers(struct reference *reference, const struct array *array);
float *reference_room(struct reference *reference, size_t count);

/* The library's answer for an array: rows x columns (columns 1: a vector). Equal means within
 * max(1e-6, 1e-4 |expected|), or, in an array whose root mean square exceeds 4, within 2^-22 of
 * that (four units in the last place of a float); integers exactly. A difference is printed and
 * counted.
 */
void expect_floats(struct reference *reference, const struct array *array, size_t rows,
                   size_t columns, const float *got);
void expect_doubles(struct reference *reference, const struct array *array, size_t rows,
                    size_t columns, const double *got);
void expect_integers(struct reference *reference, const struct array *array, size_t rows,
                     size_t columns, const int32_t *got);
void expect_number(struct reference *reference, const char *name, double got);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#include "evaluation/centred_features.h"

#include "support/failure.h"

enum { items = 5, columns = 2 };

static struct diffmm__centred_features begin(const float *features)
{
    struct diffmm__centred_features f;
    expect_success(
        diffmm__centred_features_begin(NULL, items, columns, columns, features, NULL, &f));
    return f;
}

static bool compare(const float *features, size_t own_count, const int32_t *own, int32_t item)
{
    struct diffmm__centred_features f = begin(features);
    struct diffmm__similarity similarity;
    double sum[columns];
    bool found = diffmm__centred_features_compare(&f, own_count, own, 1, &item, sum, &similarity);
    diffmm__centred_features_end(&f);
    return found;
}

static void expect_near(double got, double want)
{
    ck_assert_msg(got > want - 1e-9 && got < want + 1e-9, "%.12g, not %.12g", got, want);
}

/* Directions from the mean, (3, 5), to the four axes; and an item without features. */
static const float cross[items * columns] = {4, 5, 3, 6, 2, 5, 3, 4, 0, 0};

START_TEST(mean_is_of_items_with_features)
{
    struct diffmm__centred_features f = begin(cross);
    ck_assert_uint_eq(f.known, 4);
    expect_near(f.mean[0], 3);
    expect_near(f.mean[1], 5);
    expect_near(f.total[0], 0);
    expect_near(f.total[1], 0);
    expect_near(f.length[0], 1);
    expect_near(f.length[4], 0);
    diffmm__centred_features_end(&f);
}
END_TEST

/* The user has items 0 and 1. Item 1 is at a right angle to the other of them, item 3 to one and
 * opposite to the other; items 2 and 3, which are all that the user does not have, both so. */
START_TEST(cosines)
{
    static const int32_t own[] = {0, 1}, list[] = {-1, 1, 3, 4};
    struct diffmm__centred_features f = begin(cross);
    struct diffmm__similarity similarity;
    double sum[columns];
    ck_assert(diffmm__centred_features_compare(&f, 2, own, 4, list, sum, &similarity));
    expect_near(similarity.listed, (0.0 - 0.5) / 2);
    expect_near(similarity.random, -0.5);
    diffmm__centred_features_end(&f);
}
END_TEST

START_TEST(nothing_to_compare)
{
    static const float equal[items * columns] = {0.1f, 0.7f, 0.1f, 0.7f, 0.1f,
                                                 0.7f, 0.1f, 0.7f, 0.1f, 0.7f};
    static const float zero[items * columns] = {0};
    static const int32_t all[] = {0, 1, 2, 3, 4};
    ck_assert(compare(cross, 1, all, 1));
    ck_assert(!compare(cross, 0, NULL, 1));    /* no item of the user */
    ck_assert(!compare(cross, 1, all + 4, 1)); /* none with features */
    ck_assert(!compare(cross, 1, all, 4));     /* the other has none */
    ck_assert(!compare(cross, 1, all, -1));    /* there is no other */
    ck_assert(!compare(cross, 1, all, 0));     /* it is the user's only one */
    ck_assert(!compare(cross, 5, all, 0));     /* the user has all */
    ck_assert(!compare(equal, 1, all, 1));     /* no item differs from the mean */
    ck_assert(!compare(zero, 1, all, 1));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {mean_is_of_items_with_features, cosines, nothing_to_compare};
    return run_tests("centred_features", tests, sizeof tests / sizeof *tests) != 0;
}

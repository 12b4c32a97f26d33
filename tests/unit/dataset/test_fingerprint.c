/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/fingerprint.h"
#include "support/failure.h"

static struct diffmm__fingerprint of(size_t users, size_t count, const int32_t *user,
                                     const int32_t *item, size_t held)
{
    struct diffmm__fingerprint print;
    diffmm_context *context;
    diffmm_dataset *dataset;
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_reserve(dataset, users, 9));
    expect_success(
        diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, count - held, user, item));
    expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_VALID, held, user + count - held,
                                                   item + count - held));
    expect_success(diffmm_dataset_seal(dataset));
    diffmm__fingerprint_interactions(dataset, &print);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    return print;
}

START_TEST(interactions)
{
    static const int32_t user[] = {0, 0, 1, 3}, item[] = {2, 5, 5, 1};
    static const int32_t shuffled_user[] = {1, 0, 0, 3}, shuffled_item[] = {5, 5, 2, 1};
    static const int32_t other_user[] = {0, 1, 1, 3}, other_item[] = {2, 5, 6, 1};
    struct diffmm__fingerprint print = of(5, 4, user, item, 1);
    ck_assert(print.pairs[0] == 3 && print.pairs[1] == 1 && print.pairs[2] == 0);
    /* The order in which they come does not count. */
    struct diffmm__fingerprint same = of(5, 4, shuffled_user, shuffled_item, 1);
    for (int i = 0; i < 3; i++)
        ck_assert_uint_eq(print.hashes[i], same.hashes[i]);
    /* The same items in another user's row, or another item. */
    ck_assert_uint_ne(print.hashes[0], of(5, 4, other_user, item, 1).hashes[0]);
    ck_assert_uint_ne(print.hashes[0], of(5, 4, user, other_item, 1).hashes[0]);
    ck_assert_uint_ne(print.hashes[0], of(6, 4, user, item, 1).hashes[0]);
    ck_assert_uint_ne(print.hashes[1], of(5, 4, user, item, 2).hashes[1]);
}
END_TEST

START_TEST(features)
{
    float values[4 * 5] = {0};
    for (int i = 0; i < 20; i++)
        values[i] = i % 5 == 4 ? 99.0f : (float)i; /* the fifth column is not part of it */
    uint64_t print = diffmm__fingerprint_features(4, 4, values, 5);
    values[4] = 7;
    ck_assert_uint_eq(print, diffmm__fingerprint_features(4, 4, values, 5));
    for (int i = 0; i < 20; i++) {
        if (i % 5 == 4)
            continue;
        float kept = values[i];
        values[i] = i == 0 ? -0.0f : kept + 1.0f;
        ck_assert_uint_ne(print, diffmm__fingerprint_features(4, 4, values, 5));
        values[i] = kept;
    }
    /* Zeros count by how many they are. */
    static const float zeros[12];
    ck_assert_uint_ne(diffmm__fingerprint_features(3, 2, zeros, 2),
                      diffmm__fingerprint_features(4, 2, zeros, 2));
    ck_assert_uint_ne(diffmm__fingerprint_features(4, 3, zeros, 3),
                      diffmm__fingerprint_features(6, 2, zeros, 2));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {interactions, features};
    return run_tests("dataset/fingerprint", tests, sizeof tests / sizeof *tests) != 0;
}

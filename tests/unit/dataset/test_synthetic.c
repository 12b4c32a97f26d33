/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/modalities.h"

#include <stdlib.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "support/context.h"
#include "support/failure.h"

static diffmm_dataset *make(size_t threads, const diffmm_synthetic *spec)
{
    diffmm_context_settings settings = {.struct_size = sizeof settings, .threads = threads};
    diffmm_context *context;
    diffmm_dataset *dataset;
    expect_success(diffmm_context_create(&settings, &context));
    expect_success(diffmm_dataset_synthesize(context, spec, &dataset));
    expect_success(diffmm_dataset_seal(dataset));
    diffmm_context_destroy(context);
    return dataset;
}

static size_t row_size(const diffmm_dataset *dataset, diffmm_split split, int32_t user)
{
    const int32_t *items;
    size_t count;
    expect_success(diffmm_dataset_row(dataset, split, user, &items, &count));
    return count;
}

START_TEST(defaults)
{
    diffmm_dataset *dataset = make(2, NULL);
    ck_assert_uint_eq(diffmm_dataset_users(dataset), 1000);
    ck_assert_uint_eq(diffmm_dataset_items(dataset), 600);
    ck_assert_uint_eq(diffmm_dataset_modalities(dataset), 2);
    ck_assert_str_eq(diffmm_dataset_modality_name(dataset, 0), "image");
    ck_assert_str_eq(diffmm_dataset_modality_name(dataset, 1), "text");
    ck_assert_uint_eq(diffmm_dataset_modality_dimensions(dataset, 1), 32);
    size_t split[3], total = 0;
    for (int s = 0; s < 3; s++) {
        split[s] = diffmm_dataset_interactions(dataset, (diffmm_split)s);
        total += split[s];
    }
    ck_assert_uint_eq(total, 12000);
    ck_assert_uint_ge(split[DIFFMM_VALID], 1100);
    ck_assert_uint_le(split[DIFFMM_VALID], 1300);
    ck_assert_uint_ge(split[DIFFMM_TEST], 1100);
    ck_assert_uint_le(split[DIFFMM_TEST], 1300);
    size_t least = SIZE_MAX, most = 0;
    for (int32_t u = 0; u < 1000; u++) {
        size_t held = row_size(dataset, DIFFMM_VALID, u) + row_size(dataset, DIFFMM_TEST, u);
        size_t n = row_size(dataset, DIFFMM_TRAIN, u) + held;
        ck_assert(n < 5 || held > 0);
        ck_assert_uint_ge(row_size(dataset, DIFFMM_TRAIN, u), 2);
        least = n < least ? n : least;
        most = n > most ? n : most;
    }
    ck_assert_uint_ge(least, 3);
    ck_assert_uint_gt(most, 3 * least);
    diffmm_dataset_destroy(dataset);
}
END_TEST

/* Two data sets agree in every bit. */
static bool same(const diffmm_dataset *a, const diffmm_dataset *b)
{
    size_t users = diffmm_dataset_users(a);
    for (int s = 0; s < 3; s++)
        for (size_t u = 0; u < users; u++) {
            const int32_t *x, *y;
            size_t m, n;
            expect_success(diffmm_dataset_row(a, (diffmm_split)s, (int32_t)u, &x, &m));
            expect_success(diffmm_dataset_row(b, (diffmm_split)s, (int32_t)u, &y, &n));
            if (m != n || (m && memcmp(x, y, m * sizeof *x) != 0))
                return false;
        }
    for (size_t i = 0; i < diffmm_dataset_modalities(a); i++) {
        const float *x, *y;
        float *scratch = NULL;
        size_t stride;
        expect_success(diffmm__modalities_features(a, i, &x, &stride, &scratch));
        expect_success(diffmm__modalities_features(b, i, &y, &stride, &scratch));
        if (memcmp(x, y, diffmm_dataset_items(a) * stride * sizeof *x) != 0)
            return false;
    }
    return true;
}

START_TEST(the_same_fields_give_the_same_bits)
{
    diffmm_synthetic spec = {.struct_size = sizeof spec, .users = 150, .items = 90, .seed = 5};
    diffmm_dataset *one = make(1, &spec), *three = make(3, &spec);
    ck_assert(same(one, three));
    spec.seed = 6;
    diffmm_dataset *other = make(1, &spec);
    ck_assert(!same(one, other));
    diffmm_dataset_destroy(one);
    diffmm_dataset_destroy(three);
    diffmm_dataset_destroy(other);
    spec.group_items = 8;
    one = make(1, &spec);
    three = make(3, &spec);
    ck_assert(same(one, three));
    diffmm_dataset_destroy(one);
    diffmm_dataset_destroy(three);
}
END_TEST

/* A checksum (FNV-1a) of who has touched what, in all splits. */
static uint64_t checksum(const diffmm_dataset *dataset)
{
    uint64_t sum = UINT64_C(14695981039346656037);
    for (int s = 0; s < 3; s++)
        for (size_t u = 0; u < diffmm_dataset_users(dataset); u++) {
            const int32_t *row;
            size_t count;
            expect_success(diffmm_dataset_row(dataset, (diffmm_split)s, (int32_t)u, &row, &count));
            for (size_t i = 0; i < count; i++)
                sum = (sum ^ (uint64_t)row[i]) * UINT64_C(1099511628211);
        }
    return sum;
}

/* Every stream of draws counts: the seed's interactions stay what they were. */
START_TEST(interactions_of_a_seed_stay)
{
    diffmm_synthetic spec = {.struct_size = sizeof spec, .users = 150, .items = 90, .seed = 5};
    diffmm_dataset *dataset = make(1, &spec);
    ck_assert_uint_eq(checksum(dataset), UINT64_C(8091432605027326159));
    diffmm_dataset_destroy(dataset);
    spec.group_items = 8;
    dataset = make(1, &spec);
    ck_assert_uint_eq(checksum(dataset), UINT64_C(17451339451611068380));
    diffmm_dataset_destroy(dataset);
}
END_TEST

START_TEST(fields)
{
    const size_t dimensions[] = {3, 5, 7, 2};
    const char *names[] = {"image", "text", "audio", "modality3"};
    diffmm_synthetic spec = {.struct_size = sizeof spec,
                             .users = 40,
                             .items = 30,
                             .interactions = 321,
                             .factors = 3,
                             .modality_count = 4,
                             .dimensions = dimensions};
    diffmm_dataset *dataset = make(1, &spec);
    size_t total = 0;
    for (int s = 0; s < 3; s++)
        total += diffmm_dataset_interactions(dataset, (diffmm_split)s);
    ck_assert_uint_eq(total, 321);
    for (size_t m = 0; m < 4; m++) {
        ck_assert_str_eq(diffmm_dataset_modality_name(dataset, m), names[m]);
        ck_assert_uint_eq(diffmm_dataset_modality_dimensions(dataset, m), dimensions[m]);
    }
    diffmm_dataset_destroy(dataset);
}
END_TEST

START_TEST(small_and_full)
{
    diffmm_synthetic one = {.struct_size = sizeof one, .users = 1, .items = 1};
    diffmm_synthetic full = {
        .struct_size = sizeof full, .users = 7, .items = 9, .interactions = 7 * 5};
    diffmm_synthetic sparse = {
        .struct_size = sizeof sparse, .users = 50, .items = 9, .interactions = 20};
    diffmm_dataset *dataset = make(1, &one);
    ck_assert_uint_eq(diffmm_dataset_interactions(dataset, DIFFMM_TRAIN), 1);
    diffmm_dataset_destroy(dataset);
    dataset = make(1, &full);
    for (int32_t u = 0; u < 7; u++)
        ck_assert_uint_eq(row_size(dataset, DIFFMM_TRAIN, u), 4);
    diffmm_dataset_destroy(dataset);
    dataset = make(1, &sparse);
    ck_assert_uint_eq(diffmm_dataset_users(dataset), 50);
    diffmm_dataset_destroy(dataset);
    one.group_items = 1;
    dataset = make(1, &one);
    ck_assert_uint_eq(diffmm_dataset_interactions(dataset, DIFFMM_TRAIN), 1);
    diffmm_dataset_destroy(dataset);
}
END_TEST

/* Every user has exactly as many different items as without groups, even where the groups of interest
 * have far fewer; and of n <= 8 interactions about 7/8 are in three groups of 25. */
START_TEST(interactions_in_groups)
{
    diffmm_synthetic spec = {.struct_size = sizeof spec,
                             .users = 300,
                             .items = 1000,
                             .interactions = 300 * 6,
                             .group_items = 40,
                             .seed = 3};
    diffmm_dataset *dataset = make(1, &spec);
    size_t all = 0, in_three = 0;
    for (int32_t u = 0; u < 300; u++) {
        size_t of_group[25] = {0};
        for (int s = 0; s < 3; s++) {
            const int32_t *row;
            size_t count;
            expect_success(diffmm_dataset_row(dataset, (diffmm_split)s, u, &row, &count));
            for (size_t i = 0; i < count; i++)
                of_group[row[i] % 25]++;
            all += count;
        }
        for (int k = 0; k < 3; k++) {
            size_t most = 0;
            for (size_t g = 1; g < 25; g++)
                most = of_group[g] > of_group[most] ? g : most;
            in_three += of_group[most];
            of_group[most] = 0;
        }
    }
    ck_assert_uint_eq(all, 300 * 6);
    ck_assert_double_gt((double)in_three, 0.85 * (double)all);
    diffmm_dataset_destroy(dataset);

    spec.interactions = 300 * 500; /* half of all items */
    dataset = make(2, &spec);
    all = 0;
    for (int s = 0; s < 3; s++)
        all += diffmm_dataset_interactions(dataset, (diffmm_split)s);
    ck_assert_uint_eq(all, 300 * 500);
    diffmm_dataset_destroy(dataset);
}
END_TEST

/* Mean over users with held-out items of the share of them (validation and test) among the 20 items
 * with the highest scores that are not in the training row. */
static double recall(const diffmm_dataset *dataset, const double *scores, bool per_user)
{
    size_t users = diffmm_dataset_users(dataset), items = diffmm_dataset_items(dataset);
    double sum = 0, counted = 0;
    double *left = malloc(items * sizeof *left);
    for (size_t u = 0; u < users; u++) {
        memcpy(left, scores + (per_user ? u * items : 0), items * sizeof *left);
        const int32_t *row, *held[2];
        size_t count, held_count[2];
        expect_success(diffmm_dataset_row(dataset, DIFFMM_TRAIN, (int32_t)u, &row, &count));
        for (size_t i = 0; i < count; i++)
            left[row[i]] = -2;
        for (int s = 0; s < 2; s++)
            expect_success(diffmm_dataset_row(dataset, (diffmm_split)(s + 1), (int32_t)u, &held[s],
                                              &held_count[s]));
        if (held_count[0] + held_count[1] == 0)
            continue;
        size_t hits = 0;
        for (int k = 0; k < 20; k++) {
            size_t best = 0;
            for (size_t i = 1; i < items; i++)
                if (left[i] > left[best])
                    best = i;
            left[best] = -2;
            for (int s = 0; s < 2; s++)
                for (size_t i = 0; i < held_count[s]; i++)
                    hits += (size_t)held[s][i] == best;
        }
        sum += (double)hits / (double)(held_count[0] + held_count[1]);
        counted++;
    }
    free(left);
    return sum / counted;
}

/* Scores from the training rows alone: items that were touched together; and items whose features
 * are like those of the user's items (for lack of square roots, by squared cosine, sign kept). */
static void score(const diffmm_dataset *dataset, double *popular, double *together, double *alike)
{
    size_t users = diffmm_dataset_users(dataset), items = diffmm_dataset_items(dataset), stride;
    double *pairs = calloc(items * items, sizeof *pairs);
    double *profile = calloc(64, sizeof *profile);
    const float *features;
    float *scratch = NULL;
    expect_success(diffmm__modalities_features(dataset, 0, &features, &stride, &scratch));
    for (size_t i = 0; i < items; i++)
        popular[i] = 0;
    for (size_t u = 0; u < users; u++) {
        const int32_t *row;
        size_t count;
        expect_success(diffmm_dataset_row(dataset, DIFFMM_TRAIN, (int32_t)u, &row, &count));
        for (size_t i = 0; i < count; i++) {
            popular[row[i]]++;
            for (size_t j = 0; j < count; j++)
                pairs[(size_t)row[i] * items + (size_t)row[j]]++;
        }
    }
    for (size_t u = 0; u < users; u++) {
        const int32_t *row;
        size_t count;
        expect_success(diffmm_dataset_row(dataset, DIFFMM_TRAIN, (int32_t)u, &row, &count));
        memset(profile, 0, 64 * sizeof *profile);
        for (size_t i = 0; i < count; i++)
            for (size_t f = 0; f < stride; f++)
                profile[f] += (double)features[(size_t)row[i] * stride + f];
        for (size_t j = 0; j < items; j++) {
            double product = 0, square = 0, sum = 0;
            for (size_t i = 0; i < count; i++)
                sum += pairs[(size_t)row[i] * items + j] / (popular[row[i]] + 1);
            for (size_t f = 0; f < stride; f++) {
                double x = (double)features[j * stride + f];
                product += profile[f] * x;
                square += x * x;
            }
            together[u * items + j] = sum;
            alike[u * items + j] = product > 0 ? product * product / square : 0;
        }
    }
    free(pairs);
    free(profile);
}

/* What a recommender can learn from: both who touched what and what the items look like tell far
 * more than popularity, and popularity tells more than chance. */
START_TEST(structure_can_be_learnt)
{
    for (uint64_t seed = 0; seed < 4; seed++) {
        diffmm_synthetic spec = {.struct_size = sizeof spec,
                                 .users = 600,
                                 .items = 400,
                                 .seed = seed,
                                 .group_items = seed < 2 ? 0 : 23};
        diffmm_dataset *dataset = make(2, &spec);
        double *popular = malloc(400 * sizeof *popular);
        double *together = malloc(600 * 400 * sizeof *together);
        double *alike = malloc(600 * 400 * sizeof *alike);
        score(dataset, popular, together, alike);
        double popularity = recall(dataset, popular, false);
        ck_assert_double_gt(popularity, 1.3 * 20 / 400);
        ck_assert_double_gt(recall(dataset, together, true), 1.5 * popularity);
        ck_assert_double_gt(recall(dataset, alike, true), 1.5 * popularity);
        free(popular);
        free(together);
        free(alike);
        diffmm_dataset_destroy(dataset);
    }
}
END_TEST

START_TEST(wrong_arguments)
{
    const diffmm_status invalid = DIFFMM_ERROR_INVALID_ARGUMENT;
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = NULL;
    const size_t none[] = {4, 0};
    diffmm_synthetic spec = {.struct_size = sizeof spec};
    expect_failure(diffmm_dataset_synthesize(NULL, &spec, &dataset), invalid, "context");
    expect_failure(diffmm_dataset_synthesize(context, &spec, NULL), invalid, "out");
    spec.users = (size_t)INT32_MAX + 1;
    expect_failure(diffmm_dataset_synthesize(context, &spec, &dataset), invalid, "users");
    spec = (diffmm_synthetic){.struct_size = sizeof spec, .items = SIZE_MAX};
    expect_failure(diffmm_dataset_synthesize(context, &spec, &dataset), invalid, "items");
    spec = (diffmm_synthetic){.struct_size = sizeof spec, .factors = SIZE_MAX};
    expect_failure(diffmm_dataset_synthesize(context, &spec, &dataset), invalid, "factors");
    spec =
        (diffmm_synthetic){.struct_size = sizeof spec, .users = 3, .items = 4, .interactions = 7};
    expect_failure(diffmm_dataset_synthesize(context, &spec, &dataset), invalid, "interactions");
    spec = (diffmm_synthetic){.struct_size = sizeof spec, .modality_count = 1000};
    expect_failure(diffmm_dataset_synthesize(context, &spec, &dataset), invalid, "modality_count");
    spec = (diffmm_synthetic){.struct_size = sizeof spec, .modality_count = 2, .dimensions = none};
    expect_failure(diffmm_dataset_synthesize(context, &spec, &dataset), invalid, "dimensions is 0");
    spec.modality_count = 0;
    expect_failure(diffmm_dataset_synthesize(context, &spec, &dataset), invalid, "modality_count");
    spec = (diffmm_synthetic){.struct_size = sizeof spec, .items = 20, .group_items = 21};
    expect_failure(diffmm_dataset_synthesize(context, &spec, &dataset), invalid,
                   "group_items is 21, not 1 to 20");
    spec = (diffmm_synthetic){.struct_size = 3};
    expect_failure(diffmm_dataset_synthesize(context, &spec, &dataset), invalid, "spec");
    ck_assert_ptr_null(dataset);
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {defaults,
                                  the_same_fields_give_the_same_bits,
                                  interactions_of_a_seed_stay,
                                  fields,
                                  small_and_full,
                                  interactions_in_groups,
                                  structure_can_be_learnt,
                                  wrong_arguments};
    return run_tests("synthetic", tests, sizeof tests / sizeof *tests);
}

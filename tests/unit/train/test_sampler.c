/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <diffmm/trainer.h>

#include "base/random.h"
#include "base/streams.h"
#include "dataset/dataset.h"
#include "support/failing.h"
#include "support/failure.h"
#include "train/sampler.h"

struct world {
    diffmm_context *context;
    diffmm_dataset *dataset;
    struct diffmm__pairs pairs;
};

static void begin(struct world *world, size_t threads, size_t users, size_t items, size_t count,
                  const int32_t *user, const int32_t *item)
{
    expect_success(
        diffmm_context_create(&(diffmm_context_settings){.threads = threads}, &world->context));
    expect_success(diffmm_dataset_create(world->context, &world->dataset));
    expect_success(diffmm_dataset_reserve(world->dataset, users, items));
    expect_success(
        diffmm_dataset_add_interactions(world->dataset, DIFFMM_TRAIN, count, user, item));
    expect_success(diffmm_dataset_seal(world->dataset));
    expect_success(diffmm__pairs_create(world->context, world->dataset->catalog, &world->pairs));
}

static void end(struct world *world)
{
    diffmm__pairs_end(&world->pairs);
    diffmm_dataset_destroy(world->dataset);
    diffmm_context_destroy(world->context);
}

static void draw(struct world *world, uint64_t seed, uint64_t epoch)
{
    diffmm__pairs_draw(&world->pairs, world->context, world->dataset->catalog, seed, epoch);
}

/* User u of n has touched items u, u + 3, .. below `items`; the last user has touched none, the one
 * before it all. */
static size_t striped(int32_t users, int32_t items, int32_t *user, int32_t *item)
{
    size_t count = 0;
    for (int32_t u = 0; u < users - 1; u++)
        for (int32_t i = u == users - 2 ? 0 : u % 3; i < items; i += u == users - 2 ? 1 : 3) {
            user[count] = u;
            item[count++] = i;
        }
    return count;
}

enum { users = 90, items = 31, most = users * items };

static int32_t user_of[most], item_of[most];

static void begin_striped(struct world *world, size_t threads)
{
    size_t count = striped(users, items, user_of, item_of);
    begin(world, threads, users, items, count, user_of, item_of);
    ck_assert_uint_eq(world->pairs.count, count - items); /* without the user of everything */
}

START_TEST(each_pair_once_an_epoch_with_an_untouched_item)
{
    struct world world;
    begin_striped(&world, 1);
    const struct diffmm__pairs *pairs = &world.pairs;
    const struct diffmm__csr *seen = &world.dataset->catalog->train;
    int32_t before[most];
    for (uint64_t epoch = 1; epoch <= 5; epoch++) {
        unsigned char met[users][items] = {{0}};
        size_t moved = 0;
        draw(&world, 9, epoch);
        for (size_t b = 0; b < pairs->count; b++) {
            int32_t u = pairs->batch_user[b], i = pairs->batch_positive[b];
            ck_assert(diffmm__csr_has(seen, (size_t)u, i));
            ck_assert(met[u][i]++ == 0);
            ck_assert(u != users - 2);
            ck_assert(pairs->batch_negative[b] >= 0 && pairs->batch_negative[b] < items);
            ck_assert(!diffmm__csr_has(seen, (size_t)u, pairs->batch_negative[b]));
            moved += epoch > 1 && before[b] != u * items + i;
            before[b] = u * items + i;
        }
        ck_assert(epoch == 1 || moved > pairs->count * 9 / 10); /* another order */
    }
    end(&world);
}
END_TEST

/* Pearson's statistic of counts that should be equal lies within 4.5 deviations of its mean. */
static void expect_uniform(const char *what, size_t cells, const size_t *counts)
{
    double total = 0, sum = 0, freedom = (double)cells - 1;
    for (size_t c = 0; c < cells; c++)
        total += (double)counts[c];
    double expected = total / (double)cells;
    ck_assert(expected >= 10);
    for (size_t c = 0; c < cells; c++)
        sum += ((double)counts[c] - expected) * ((double)counts[c] - expected) / expected;
    ck_assert_msg(fabs(sum - freedom) < 4.5 * sqrt(2 * freedom), "%s: chi-square %g of %g", what,
                  sum, freedom);
}

START_TEST(negatives_are_uniform)
{
    struct world world;
    begin_striped(&world, 1);
    static const int32_t watched[] = {0, 1, 2, users - 3};
    size_t counts[users][items] = {{0}}, first[most] = {0};
    for (uint64_t epoch = 1; epoch <= 120; epoch++) {
        draw(&world, 9, epoch);
        for (size_t b = 0; b < world.pairs.count; b++)
            counts[world.pairs.batch_user[b]][world.pairs.batch_negative[b]]++;
        first[(size_t)world.pairs.batch_user[0] / 8]++;
    }
    for (size_t w = 0; w < sizeof watched / sizeof *watched; w++) {
        size_t free_items = 0, some[items];
        for (int32_t i = 0; i < items; i++)
            if (!diffmm__csr_has(&world.dataset->catalog->train, (size_t)watched[w], i))
                some[free_items++] = counts[watched[w]][i];
        ck_assert(free_items == 20 || free_items == 21);
        expect_uniform("negatives", free_items, some);
    }
    expect_uniform("whose pair is first", 11, first);
    end(&world);
}
END_TEST

/* The item with `rank` untouched items below it, by going through the row. */
static int32_t slow_untouched(const struct diffmm__csr *seen, int32_t user, uint64_t rank)
{
    int64_t item = (int64_t)rank;
    for (int64_t e = seen->pointers[user]; e < seen->pointers[user + 1]; e++)
        if (seen->indices[e] <= item)
            item++;
    return (int32_t)item;
}

/* Which item a draw leads to, for rows of any density. */
START_TEST(the_item_of_a_rank)
{
    enum { many = 211 };
    static int32_t user[many * many], item[many * many];
    struct world world;
    size_t count = 0;
    for (int32_t u = 0; u < many; u++)
        for (int32_t i = 0; i < many; i++)
            if (diffmm__random_below(3, 1, (uint64_t)(u * many + i), many) < (uint64_t)u) {
                user[count] = u;
                item[count++] = i;
            }
    begin(&world, 1, many, many, count, user, item);
    const struct diffmm__csr *seen = &world.dataset->catalog->train;
    for (uint64_t epoch = 1; epoch <= 3; epoch++) {
        draw(&world, 9, epoch);
        uint64_t stream = diffmm__stream_negatives(epoch);
        size_t b = 0;
        for (; b < world.pairs.count; b++) {
            size_t pair = (size_t)world.pairs.order[b];
            int32_t u = world.pairs.batch_user[b];
            uint64_t degree = (uint64_t)(seen->pointers[u + 1] - seen->pointers[u]);
            uint64_t rank = diffmm__random_below(9, stream, pair, many - degree);
            if (world.pairs.batch_negative[b] != slow_untouched(seen, u, rank))
                break;
        }
        ck_assert_uint_eq(b, world.pairs.count);
    }
    end(&world);
}
END_TEST

/* A user of a million items: to go through the row for each of the pairs would take hours. */
START_TEST(a_user_of_very_many_items)
{
    enum { degree = 1 << 20, few = 3 };
    struct world world;
    int32_t *user = calloc(degree, sizeof *user), *item = calloc(degree, sizeof *item);
    for (int32_t i = 0; i < degree; i++)
        item[i] = i + 1;
    begin(&world, 1, 1, degree + few, degree, user, item);
    draw(&world, 9, 1);
    size_t met[few] = {0};
    for (size_t b = 0; b < degree; b++) {
        int32_t negative = world.pairs.batch_negative[b];
        met[negative == 0 ? 0 : negative - degree]++;
    }
    for (size_t i = 0; i < few; i++)
        ck_assert_uint_gt(met[i], degree / few - 5000);
    free(user);
    free(item);
    end(&world);
}
END_TEST

START_TEST(one_item_left)
{
    static const int32_t user[] = {0, 0, 0, 2}, item[] = {3, 0, 1, 2};
    struct world world;
    begin(&world, 1, 3, 4, 4, user, item);
    bool met[4] = {false};
    for (uint64_t epoch = 1; epoch <= 60; epoch++) {
        draw(&world, 1, epoch);
        for (size_t b = 0; b < 4; b++) {
            int32_t negative = world.pairs.batch_negative[b];
            ck_assert(world.pairs.batch_user[b] == 0 ? negative == 2 : negative != 2);
            met[negative] = true;
        }
    }
    ck_assert(met[0] && met[1] && met[2] && met[3]); /* also the first and the last item */
    end(&world);
}
END_TEST

START_TEST(nothing_to_draw)
{
    static const int32_t user[] = {0, 0}, item[] = {0, 1};
    struct world world;
    begin(&world, 1, 2, 2, 2, user, item);
    ck_assert_uint_eq(world.pairs.count, 0);
    draw(&world, 1, 1);
    end(&world);
}
END_TEST

/* More pairs than one task draws. */
START_TEST(the_same_draws_whatever_the_threads)
{
    enum { many_users = 1500, many_items = 12 };
    static int32_t user[many_users * many_items], item[many_users * many_items];
    size_t count = striped(many_users, many_items, user, item);
    struct world one, three;
    begin(&one, 1, many_users, many_items, count, user, item);
    begin(&three, 3, many_users, many_items, count, user, item);
    ck_assert_uint_gt(one.pairs.count, 2 * 2048);
    size_t size = one.pairs.count * sizeof(int32_t);
    draw(&one, 4, 2);
    draw(&three, 4, 2);
    ck_assert_mem_eq(one.pairs.batch_user, three.pairs.batch_user, size);
    ck_assert_mem_eq(one.pairs.batch_positive, three.pairs.batch_positive, size);
    ck_assert_mem_eq(one.pairs.batch_negative, three.pairs.batch_negative, size);
    draw(&three, 5, 2); /* another seed: another order and other negatives */
    ck_assert(memcmp(one.pairs.batch_user, three.pairs.batch_user, size) != 0);
    ck_assert(memcmp(one.pairs.batch_negative, three.pairs.batch_negative, size) != 0);
    end(&one);
    end(&three);
}
END_TEST

/* The public function gives what a trainer draws. */
START_TEST(the_public_sample)
{
    struct world world;
    begin_striped(&world, 2);
    int32_t user[most], positive[most], negative[most];
    size_t count = 0, size = world.pairs.count * sizeof *user;
    for (uint64_t epoch = 0; epoch < 3; epoch++) {
        draw(&world, 9, epoch);
        expect_success(
            diffmm_sample_pairs(world.dataset, 9, epoch, user, positive, negative, &count));
        ck_assert_uint_eq(count, world.pairs.count);
        ck_assert_mem_eq(user, world.pairs.batch_user, size);
        ck_assert_mem_eq(positive, world.pairs.batch_positive, size);
        ck_assert_mem_eq(negative, world.pairs.batch_negative, size);
    }
    end(&world);
}
END_TEST

START_TEST(the_public_sample_refuses)
{
    struct world world;
    begin_striped(&world, 1);
    int32_t one[1] = {-5};
    size_t count = 77;
    const diffmm_dataset *data = world.dataset;
    expect_invalid(diffmm_sample_pairs(NULL, 1, 1, one, one, one, &count), "dataset is NULL");
    expect_invalid(diffmm_sample_pairs(data, 1, 1, NULL, one, one, &count), "user is NULL");
    expect_invalid(diffmm_sample_pairs(data, 1, 1, one, NULL, one, &count), "positive is NULL");
    expect_invalid(diffmm_sample_pairs(data, 1, 1, one, one, NULL, &count), "negative is NULL");
    expect_invalid(diffmm_sample_pairs(data, 1, 1, one, one, one, NULL), "count is NULL");
    expect_invalid(diffmm_sample_pairs(data, 1, UINT64_C(1) << 32, one, one, one, &count),
                   "epoch is 4294967296");
    diffmm_dataset *open;
    expect_success(diffmm_dataset_create(world.context, &open));
    expect_failure(diffmm_sample_pairs(open, 1, 1, one, one, one, &count), DIFFMM_ERROR_STATE,
                   "not sealed");
    ck_assert(count == 77 && one[0] == -5);
    diffmm_dataset_destroy(open);
    end(&world);
}
END_TEST

static diffmm_status sample(void *argument)
{
    static int32_t user[most], positive[most], negative[most];
    size_t count;
    return diffmm_sample_pairs(argument, 1, 1, user, positive, negative, &count);
}

START_TEST(the_public_sample_without_memory)
{
    struct failing failing = {.fail = 0};
    diffmm_context *context = failing_context(&failing, 1);
    diffmm_dataset *dataset;
    size_t count = striped(users, items, user_of, item_of);
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, count, user_of, item_of));
    expect_success(diffmm_dataset_seal(dataset));
    ck_assert_uint_ge(fail_each_allocation(&failing, sample, dataset), 12);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}
END_TEST

struct creating {
    diffmm_context *context;
    const struct diffmm__catalog *catalog;
};

static diffmm_status create(void *argument)
{
    const struct creating *creating = argument;
    struct diffmm__pairs pairs;
    diffmm_status status = diffmm__pairs_create(creating->context, creating->catalog, &pairs);
    if (!status)
        diffmm__pairs_end(&pairs);
    return status;
}

START_TEST(without_memory)
{
    struct failing failing = {.fail = 0};
    struct world world;
    begin_striped(&world, 1);
    struct creating creating = {failing_context(&failing, 1), world.dataset->catalog};
    ck_assert_uint_ge(fail_each_allocation(&failing, create, &creating), 12);
    diffmm_context_destroy(creating.context);
    end(&world);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {each_pair_once_an_epoch_with_an_untouched_item,
                                  negatives_are_uniform,
                                  the_item_of_a_rank,
                                  a_user_of_very_many_items,
                                  one_item_left,
                                  nothing_to_draw,
                                  the_same_draws_whatever_the_threads,
                                  the_public_sample,
                                  the_public_sample_refuses,
                                  the_public_sample_without_memory,
                                  without_memory};
    return run_tests("train/sampler", tests, sizeof tests / sizeof *tests) != 0;
}

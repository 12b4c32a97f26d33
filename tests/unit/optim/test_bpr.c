/* SPDX-License-Identifier: BSD-2-Clause */
#include "optim/bpr.h"

#include <diffmm/optim.h>

#include "support/differences.h"
#include "support/draws.h"
#include "support/failure.h"

enum { users = 6, items = 8, most_d = 33, count = 15 };

struct batch {
    size_t d;
    double divisor;
    float user_matrix[users * most_d], item_matrix[items * most_d];
    int32_t user[count], positive[count], negative[count];
    float grad_user[users * most_d], grad_item[items * most_d];
};

/* Numbers come several times; the last user and item never; one pair has its positive as negative.
 */
static void random_batch(struct batch *batch, size_t d, double divisor)
{
    struct draws draws = {d};
    batch->d = d;
    batch->divisor = divisor;
    draw_normals(&draws, users * d, 0.5, batch->user_matrix);
    draw_normals(&draws, items * d, 0.5, batch->item_matrix);
    draw_numbers(&draws, count, users - 1, batch->user);
    draw_numbers(&draws, count, items - 1, batch->positive);
    draw_numbers(&draws, count, items - 1, batch->negative);
    batch->negative[3] = batch->positive[3];
}

static double score(const struct batch *batch, size_t u, size_t i)
{
    double sum = 0.0;
    for (size_t j = 0; j < batch->d; j++)
        sum += (double)batch->user_matrix[u * batch->d + j] *
               (double)batch->item_matrix[i * batch->d + j];
    return sum;
}

static double exact_loss(const struct batch *batch)
{
    double sum = 0.0;
    for (size_t b = 0; b < count; b++) {
        double x = score(batch, (size_t)batch->user[b], (size_t)batch->positive[b]) -
                   score(batch, (size_t)batch->user[b], (size_t)batch->negative[b]);
        sum -= log(1.0 / (1.0 + exp(-x)));
    }
    return sum / batch->divisor;
}

static double loss_of(void *argument)
{
    const struct batch *batch = argument;
    double loss = NAN;
    expect_success(diffmm_bpr(users, items, batch->d, batch->user_matrix, batch->item_matrix, count,
                              batch->user, batch->positive, batch->negative, batch->divisor, &loss,
                              NULL, NULL));
    return loss;
}

START_TEST(value_and_gradients)
{
    static const size_t widths[] = {1, 3, 16, most_d};
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
        static struct batch batch;
        double loss = NAN;
        random_batch(&batch, widths[w], 20.0);
        fill(users * most_d, NAN, batch.grad_user);
        fill(items * most_d, NAN, batch.grad_item);
        expect_success(diffmm_bpr(users, items, batch.d, batch.user_matrix, batch.item_matrix,
                                  count, batch.user, batch.positive, batch.negative, 20.0, &loss,
                                  batch.grad_user, batch.grad_item));
        double exact = exact_loss(&batch);
        expect_close("loss", 0, loss, exact, 1e-6 * exact);
        ck_assert(loss_of(&batch) == loss);
        expect_gradient("user", loss_of, &batch, users * batch.d, batch.user_matrix,
                        batch.grad_user, 0.01f, 2e-3);
        expect_gradient("item", loss_of, &batch, items * batch.d, batch.item_matrix,
                        batch.grad_item, 0.01f, 2e-3);
        /* Whom the batch does not name has no gradient. */
        expect_untouched(batch.d, batch.grad_user + (users - 1) * batch.d, 0.0f);
        expect_untouched(batch.d, batch.grad_item + (items - 1) * batch.d, 0.0f);
    }
}
END_TEST

START_TEST(each_gradient_alone)
{
    static struct batch both, one;
    random_batch(&both, 5, 7.0);
    random_batch(&one, 5, 7.0);
    expect_success(diffmm_bpr(users, items, 5, both.user_matrix, both.item_matrix, count, both.user,
                              both.positive, both.negative, 7.0, NULL, both.grad_user,
                              both.grad_item));
    expect_success(diffmm_bpr(users, items, 5, both.user_matrix, both.item_matrix, count, both.user,
                              both.positive, both.negative, 7.0, NULL, one.grad_user, NULL));
    expect_success(diffmm_bpr(users, items, 5, both.user_matrix, both.item_matrix, count, both.user,
                              both.positive, both.negative, 7.0, NULL, NULL, one.grad_item));
    ck_assert_mem_eq(one.grad_user, both.grad_user, sizeof one.grad_user);
    ck_assert_mem_eq(one.grad_item, both.grad_item, sizeof one.grad_item);
}
END_TEST

START_TEST(one_pair_by_hand)
{
    /* s(u, i+) - s(u, i-) = 1 * 2 - 1 * 1 = 1: loss log(1 + 1/e), slope -1 / (1 + e). */
    const float user[] = {1}, item[] = {2, 1};
    const int32_t zero = 0, one = 1;
    float grad_user[1], grad_item[2];
    double loss, slope = -1.0 / (1.0 + exp(1.0)) / 4.0;
    expect_success(
        diffmm_bpr(1, 2, 1, user, item, 1, &zero, &zero, &one, 4.0, &loss, grad_user, grad_item));
    expect_close("loss", 0, loss, log(1.0 + exp(-1.0)) / 4.0, 1e-12);
    expect_close("grad_user", 0, (double)grad_user[0], slope, 1e-8);
    expect_close("grad_item", 0, (double)grad_item[0], slope, 1e-8);
    expect_close("grad_item", 1, (double)grad_item[1], -slope, 1e-8);
    /* The positive as its own negative: log 2 whatever the scores, and nothing to learn. */
    expect_success(
        diffmm_bpr(1, 2, 1, user, item, 1, &zero, &one, &one, 1.0, &loss, grad_user, grad_item));
    expect_close("loss", 0, loss, log(2.0), 1e-12);
    expect_close("grad_user", 0, (double)grad_user[0], 0.0, 1e-8);
    expect_close("grad_item", 1, (double)grad_item[1], 0.0, 1e-8);
}
END_TEST

START_TEST(large_scores_do_not_overflow)
{
    const float user[] = {1000}, item[] = {1000, -1000};
    const int32_t zero = 0, one = 1;
    float grad_user[1], grad_item[2];
    double loss;
    expect_success(
        diffmm_bpr(1, 2, 1, user, item, 1, &zero, &zero, &one, 1.0, &loss, grad_user, grad_item));
    ck_assert(loss == 0.0 && grad_user[0] == 0.0f && grad_item[0] == 0.0f && grad_item[1] == 0.0f);
    expect_success(
        diffmm_bpr(1, 2, 1, user, item, 1, &zero, &one, &zero, 1.0, &loss, grad_user, grad_item));
    ck_assert(loss == 2e6 && grad_user[0] == 2000.0f && grad_item[0] == 1000.0f &&
              grad_item[1] == -1000.0f);
    /* Nor do scores that are no floats. */
    const float far[] = {1e30f}, sides[] = {2e30f, 1e30f};
    expect_success(
        diffmm_bpr(1, 2, 1, far, sides, 1, &zero, &zero, &one, 1.0, &loss, grad_user, grad_item));
    ck_assert(loss == 0.0 && grad_user[0] == 0.0f);
    expect_success(
        diffmm_bpr(1, 2, 1, far, sides, 1, &zero, &one, &zero, 1.0, &loss, grad_user, grad_item));
    ck_assert(fabs(loss / 1e60 - 1.0) < 1e-6 && fabsf(grad_user[0] / 1e30f - 1.0f) < 1e-6f);
}
END_TEST

START_TEST(an_empty_batch_has_no_loss)
{
    const float user[] = {1, 2}, item[] = {3, 4, 5};
    float grad_user[2] = {7, 7}, grad_item[3] = {7, 7, 7};
    double loss = NAN;
    expect_success(
        diffmm_bpr(2, 3, 1, user, item, 0, NULL, NULL, NULL, 1.0, &loss, grad_user, grad_item));
    ck_assert(loss == 0.0);
    expect_untouched(2, grad_user, 0.0f);
    expect_untouched(3, grad_item, 0.0f);
}
END_TEST

START_TEST(the_inner_function_adds)
{
    static struct batch batch;
    static float more_user[users * 5], more_item[items * 5];
    random_batch(&batch, 5, 3.0);
    fill(users * 5, 1.0f, more_user);
    fill(items * 5, 1.0f, more_item);
    expect_success(diffmm_bpr(users, items, 5, batch.user_matrix, batch.item_matrix, count,
                              batch.user, batch.positive, batch.negative, 3.0, NULL,
                              batch.grad_user, batch.grad_item));
    const struct diffmm__part own = {1, users - 1}; /* the others' rows stay */
    /* The users' rows from their matrix; or one of each triple, with the same bits. */
    static float rows[count * 5], of_rows_user[users * 5], of_rows_item[items * 5];
    for (size_t b = 0; b < count; b++)
        memcpy(rows + b * 5, batch.user_matrix + (size_t)batch.user[b] * 5, 5 * sizeof *rows);
    memcpy(of_rows_user, more_user, sizeof more_user);
    memcpy(of_rows_item, more_item, sizeof more_item);
    double loss = diffmm__bpr(NULL, 5, (struct diffmm__bpr_users){.matrix = batch.user_matrix},
                              batch.item_matrix, count, batch.user, batch.positive, batch.negative,
                              3.0, own, more_user, more_item);
    ck_assert(loss == loss_of(&batch));
    ck_assert(diffmm__bpr(NULL, 5, (struct diffmm__bpr_users){.rows = rows}, batch.item_matrix,
                          count, batch.user, batch.positive, batch.negative, 3.0, own, of_rows_user,
                          of_rows_item) == loss);
    ck_assert_mem_eq(of_rows_user, more_user, sizeof more_user);
    ck_assert_mem_eq(of_rows_item, more_item, sizeof more_item);
    for (size_t i = 0; i < users * 5; i++) {
        bool is_own = i / 5 >= own.first && i / 5 < own.end;
        expect_close("user", i, (double)more_user[i],
                     is_own ? 1.0 + (double)batch.grad_user[i] : 1.0, 1e-6);
    }
    for (size_t i = 0; i < items * 5; i++)
        expect_close("item", i, (double)more_item[i], 1.0 + (double)batch.grad_item[i], 1e-6);
}
END_TEST

START_TEST(bad_input)
{
    static const float user[4] = {1}, item[6] = {1};
    static const int32_t good[] = {0, 1}, high[] = {0, 2}, higher[] = {0, 3}, low[] = {0, -1};
    float gu[4], gi[6];
    double loss = 7.0;
    fill(4, 7.0f, gu);
    fill(6, 7.0f, gi);
    expect_invalid(diffmm_bpr(2, 3, 2, NULL, item, 2, good, good, good, 1, &loss, gu, gi),
                   "user_matrix is NULL");
    expect_invalid(diffmm_bpr(2, 3, 2, user, NULL, 2, good, good, good, 1, &loss, gu, gi),
                   "item_matrix is NULL");
    expect_invalid(diffmm_bpr(2, 3, 2, user, item, 2, NULL, good, good, 1, &loss, gu, gi),
                   "user is NULL");
    expect_invalid(diffmm_bpr(2, 3, 2, user, item, 2, good, NULL, good, 1, &loss, gu, gi),
                   "positive is NULL");
    expect_invalid(diffmm_bpr(2, 3, 2, user, item, 2, good, good, NULL, 1, &loss, gu, gi),
                   "negative is NULL");
    expect_invalid(diffmm_bpr(2, 3, 0, user, item, 2, good, good, good, 1, &loss, gu, gi),
                   "d is 0");
    const double divisors[] = {0, -1, NAN, INFINITY};
    for (size_t i = 0; i < 4; i++)
        expect_invalid(
            diffmm_bpr(2, 3, 2, user, item, 2, good, good, good, divisors[i], &loss, gu, gi),
            "divisor");
    expect_invalid(diffmm_bpr(2, 3, 2, user, item, 2, high, good, good, 1, &loss, gu, gi),
                   "user[1] is 2");
    expect_invalid(diffmm_bpr(2, 3, 2, user, item, 2, low, good, good, 1, &loss, gu, gi),
                   "user[1] is -1");
    expect_invalid(diffmm_bpr(2, 3, 2, user, item, 2, good, higher, good, 1, &loss, gu, gi),
                   "positive[1] is 3");
    expect_invalid(diffmm_bpr(2, 3, 2, user, item, 2, good, good, low, 1, &loss, gu, gi),
                   "negative[1] is -1");
    expect_untouched(4, gu, 7.0f);
    expect_untouched(6, gi, 7.0f);
    ck_assert(loss == 7.0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {value_and_gradients,
                                  each_gradient_alone,
                                  one_pair_by_hand,
                                  large_scores_do_not_overflow,
                                  an_empty_batch_has_no_loss,
                                  the_inner_function_adds,
                                  bad_input};
    return run_tests("bpr", tests, sizeof tests / sizeof *tests) != 0;
}

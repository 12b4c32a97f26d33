/* SPDX-License-Identifier: BSD-2-Clause */
#include "contrastive/alignment.h"

#include <diffmm/contrastive.h>

#include "support/contexts.h"
#include "support/differences.h"
#include "support/draws.h"
#include "support/failure.h"

enum { rows = 7, d = 5, size = rows * d };

struct pair {
    float x[size], y[size];
};

static void draw(struct pair *pair, uint64_t seed)
{
    struct draws draws = {seed};
    draw_normals(&draws, size, 1.0, pair->x);
    draw_normals(&draws, size, 1.0, pair->y);
}

static double norm(const float *row)
{
    double sum = 0.0;
    for (size_t j = 0; j < d; j++)
        sum += (double)row[j] * (double)row[j];
    return fmax(sqrt(sum), 1e-12);
}

/* The formula as it stands. */
static double slow(const float *x, const float *y)
{
    double loss = 0.0;
    for (size_t b = 0; b < rows; b++)
        for (size_t j = 0; j < d; j++) {
            double difference =
                (double)x[b * d + j] / norm(x + b * d) - (double)y[b * d + j] / norm(y + b * d);
            loss += difference * difference / rows;
        }
    return loss;
}

static double value_of(void *argument)
{
    const struct pair *pair = argument;
    return slow(pair->x, pair->y);
}

START_TEST(value_and_gradients)
{
    struct pair pair;
    float grad_x[size], grad_y[size];
    double loss = NAN, alone = NAN;
    draw(&pair, 1);
    expect_success(diffmm_alignment(NULL, rows, d, pair.x, pair.y, &loss, grad_x, grad_y));
    expect_success(diffmm_alignment(NULL, rows, d, pair.x, pair.y, &alone, NULL, NULL));
    ck_assert(loss == alone);
    expect_close("loss", 0, loss, slow(pair.x, pair.y), 1e-6);
    expect_gradient("x", value_of, &pair, size, pair.x, grad_x, 1e-3f, 1e-4);
    expect_gradient("y", value_of, &pair, size, pair.y, grad_y, 1e-3f, 1e-4);
}
END_TEST

START_TEST(lengths_do_not_matter_and_equal_directions_are_aligned)
{
    struct pair pair;
    float grad_x[size], grad_y[size];
    double loss = NAN;
    draw(&pair, 2);
    for (size_t i = 0; i < size; i++)
        pair.y[i] = 4.0f * pair.x[i]; /* a power of two: the same bits at unit length */
    expect_success(diffmm_alignment(NULL, rows, d, pair.x, pair.y, &loss, grad_x, grad_y));
    ck_assert(loss == 0.0);
    for (size_t i = 0; i < size; i++)
        ck_assert(grad_x[i] == 0.0f && grad_y[i] == 0.0f);
    for (size_t i = 0; i < size; i++)
        pair.y[i] = -pair.x[i];
    expect_success(diffmm_alignment(NULL, rows, d, pair.x, pair.y, &loss, NULL, NULL));
    expect_close("opposite", 0, loss, 4.0, 1e-6);
}
END_TEST

START_TEST(a_row_of_zeros_has_a_finite_gradient)
{
    struct pair pair;
    float grad_x[size];
    double loss = NAN;
    draw(&pair, 3);
    fill(d, 0.0f, pair.x);
    expect_success(diffmm_alignment(NULL, rows, d, pair.x, pair.y, &loss, grad_x, NULL));
    expect_close("loss", 0, loss, slow(pair.x, pair.y), 1e-6);
    for (size_t i = 0; i < size; i++)
        ck_assert(isfinite(grad_x[i]));
}
END_TEST

/* 3 users and 4 items: view m against the main view, at batches in which nodes come twice. */
START_TEST(the_term_sums_views_and_both_sides)
{
    enum { users = 3, items = 4, nodes = users + items, most = 6 };
    static const int32_t user[most] = {0, 2, 2, 1, 0, 2}, item[most] = {3, 3, 0, 1, 3, 2};
    static const size_t counts[] = {most, 1, 4};
    struct draws draws = {4};
    float view[2][nodes * d], final[nodes * d], got[3][nodes * d], want[3][nodes * d];
    struct diffmm__term_shape shape = {
        .users = users, .items = items, .d = d, .modalities = 2, .batch = most};
    draw_normals(&draws, nodes * d, 1.0, view[0]);
    draw_normals(&draws, nodes * d, 1.0, view[1]);
    draw_normals(&draws, nodes * d, 1.0, final);
    struct diffmm__arena arena = diffmm__arena_on(NULL);
    void *scratch = diffmm__alignment_take(&arena, &shape);
    ck_assert(!arena.failed);
    for (size_t c = 0; c < 3; c++) {
        size_t count = counts[c];
        float before = c == 1 ? 2.0f : 0.0f; /* what is there is kept, or overwritten */
        double loss = 0.0;
        for (size_t v = 0; v < 3; v++) {
            fill(nodes * d, before, want[v]);
            fill(nodes * d, v < 2 && c != 1 ? NAN : before, got[v]);
        }
        for (size_t m = 0; m < 2; m++)
            for (size_t side = 0; side < 2; side++)
                for (size_t b = 0; b < count; b++) {
                    size_t node = side ? users + (size_t)item[b] : (size_t)user[b];
                    float x[d], y[d];
                    double value;
                    expect_success(diffmm_alignment(NULL, 1, d, view[m] + node * d,
                                                    final + node * d, &value, x, y));
                    loss += 0.25 * value / (double)count;
                    for (size_t j = 0; j < d; j++) {
                        want[m][node * d + j] += 0.25f * x[j] / (float)count;
                        want[2][node * d + j] += 0.25f * y[j] / (float)count;
                    }
                }
        const float *const views[] = {view[0], view[1]};
        float *const grads[] = {got[0], got[1]};
        const struct diffmm__share alone = diffmm__share_alone(users, items, d);
        struct diffmm__term_batch batch = {.share = &alone,
                                           .users = users,
                                           .items = items,
                                           .d = d,
                                           .modalities = 2,
                                           .count = count,
                                           .user = user,
                                           .positive = item,
                                           .final = final,
                                           .views = views,
                                           .grad_final = got[2],
                                           .grad_views = grads,
                                           .keep_views = c == 1 ? 1.0f : 0.0f};
        double value;
        expect_success(diffmm__alignment_term(&batch, 0.25, scratch, &value));
        expect_close("loss", c, value, loss, 1e-6 * loss);
        for (size_t v = 0; v < 3; v++)
            for (size_t i = 0; i < nodes * d; i++)
                expect_close("gradient", i, (double)got[v][i], (double)want[v][i], 1e-6);
    }
    diffmm__arena_end(&arena);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        value_and_gradients, lengths_do_not_matter_and_equal_directions_are_aligned,
        a_row_of_zeros_has_a_finite_gradient, the_term_sums_views_and_both_sides};
    return run_tests("contrastive/alignment", tests, sizeof tests / sizeof *tests) != 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "contrastive/contrastive.h"

#include "base/streams.h"
#include "contrastive/drawn_nodes.h"
#include "support/contexts.h"
#include "support/differences.h"
#include "support/draws.h"
#include "support/failing.h"
#include "support/oracle_infonce.h"

enum { most_views = 3 };

/* Views 0 .. view_count - 1 and, last, the main one. */
struct setting {
    diffmm_context *context;
    diffmm_anchor anchor;
    size_t users, items, d, view_count, count;
    double tau;
    float *view[most_views + 1], *gradient[most_views + 1];
    int32_t *batch_users, *batch_items;
    size_t drawn;
    int32_t *drawn_users, *drawn_items;
};

static size_t size_of(const struct setting *s)
{
    return (s->users + s->items) * s->d;
}

static void begin(struct setting *s, uint64_t seed)
{
    struct draws draws = {seed};
    for (size_t v = 0; v <= s->view_count; v++) {
        s->view[v] = malloc(size_of(s) * sizeof(float));
        s->gradient[v] = malloc(size_of(s) * sizeof(float));
        draw_normals(&draws, size_of(s), 1.0, s->view[v]);
    }
    s->batch_users = malloc(s->count * sizeof(int32_t));
    s->batch_items = malloc(s->count * sizeof(int32_t));
    draw_numbers(&draws, s->count, s->users, s->batch_users);
    draw_numbers(&draws, s->count, s->items, s->batch_items);
    s->drawn_users = malloc((s->drawn + 1) * sizeof(int32_t));
    s->drawn_items = malloc((s->drawn + 1) * sizeof(int32_t));
    draw_numbers(&draws, s->drawn, s->users, s->drawn_users);
    draw_numbers(&draws, s->drawn, s->items, s->drawn_items);
}

static void end(struct setting *s)
{
    for (size_t v = 0; v <= s->view_count; v++) {
        free(s->view[v]);
        free(s->gradient[v]);
    }
    free(s->batch_users);
    free(s->batch_items);
    free(s->drawn_users);
    free(s->drawn_items);
}

static diffmm_status contrast(const struct setting *s, double *loss, float *const *grad_views,
                              float *grad_main)
{
    bool with_main = s->anchor == DIFFMM_ANCHOR_MAIN;
    const diffmm_contrastive_loss_arguments arguments = {.struct_size = sizeof arguments,
                                                         .anchor = s->anchor,
                                                         .users = s->users,
                                                         .items = s->items,
                                                         .d = s->d,
                                                         .view_count = s->view_count,
                                                         .views = (const float *const *)s->view,
                                                         .main = with_main ? s->view[s->view_count]
                                                                           : NULL,
                                                         .count = s->count,
                                                         .batch_users = s->batch_users,
                                                         .batch_items = s->batch_items,
                                                         .tau = s->tau,
                                                         .loss = loss,
                                                         .grad_views = grad_views,
                                                         .grad_main = grad_main,
                                                         .negative_count = s->drawn,
                                                         .user_negatives = s->drawn_users,
                                                         .item_negatives = s->drawn_items};
    return diffmm_contrastive_loss_with(s->context, &arguments);
}

/* InfoNCE of views a and b over the users and over the items; gradients are added to. */
static double exact_pair(const struct setting *s, size_t a, size_t b, double **gradient)
{
    size_t skip = s->users * s->d;
    double *part = malloc(2 * size_of(s) * sizeof *part), *other = part + size_of(s);
    double loss =
        oracle_infonce_drawn(s->users, s->d, s->view[a], s->view[b], s->count, s->batch_users,
                             s->drawn, s->drawn_users, s->tau, part, other) +
        oracle_infonce_drawn(s->items, s->d, s->view[a] + skip, s->view[b] + skip, s->count,
                             s->batch_items, s->drawn, s->drawn_items, s->tau, part + skip,
                             other + skip);
    for (size_t i = 0; i < size_of(s); i++) {
        gradient[a][i] += part[i];
        gradient[b][i] += other[i];
    }
    free(part);
    return loss;
}

static double exact_loss(const struct setting *s, double **gradient)
{
    double loss = 0.0;
    for (size_t a = 0; a < s->view_count; a++)
        if (s->anchor == DIFFMM_ANCHOR_MAIN)
            loss += exact_pair(s, s->view_count, a, gradient);
        else
            for (size_t b = a + 1; b < s->view_count; b++)
                loss += exact_pair(s, a, b, gradient);
    return loss;
}

static void expect_exact(struct setting *s)
{
    double *exact[most_views + 1], loss = NAN;
    for (size_t v = 0; v <= s->view_count; v++) {
        exact[v] = calloc(size_of(s), sizeof(double));
        fill(size_of(s), NAN, s->gradient[v]);
    }
    expect_success(contrast(s, &loss, s->gradient, s->gradient[s->view_count]));
    double want = exact_loss(s, exact);
    expect_close("loss", 0, loss, want, 1e-6 * (1.0 + want));
    /* Where nothing is contrasted with a view (main, with modal anchors) its gradient is 0. */
    for (size_t v = 0; v <= s->view_count; v++) {
        expect_near("gradient", size_of(s), s->gradient[v], exact[v], 1e-5);
        free(exact[v]);
    }
}

START_TEST(equals_a_sum_of_infonce)
{
    static const struct {
        size_t users, items, d, view_count, count, drawn;
    } shapes[] = {{1, 1, 1, 1, 1, 0},      {5, 9, 3, 1, 4, 0},     {9, 4, 16, 2, 30, 0},
                  {40, 55, 17, 3, 20, 0},  {5, 9, 3, 1, 4, 6},     {9, 4, 16, 2, 30, 7},
                  {40, 55, 17, 3, 20, 10}, {300, 20, 5, 2, 12, 33}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int main_anchor = 0; main_anchor < 2; main_anchor++) {
            struct setting s = {.anchor = main_anchor ? DIFFMM_ANCHOR_MAIN : DIFFMM_ANCHOR_MODAL,
                                .users = shapes[i].users,
                                .items = shapes[i].items,
                                .d = shapes[i].d,
                                .view_count = shapes[i].view_count,
                                .count = shapes[i].count,
                                .drawn = shapes[i].drawn,
                                .tau = 0.4};
            begin(&s, i + 1);
            if (s.d > 1)
                expect_exact(&s);
            else
                expect_success(contrast(&s, NULL, NULL, NULL));
            end(&s);
        }
}
END_TEST

static double loss_of(void *argument)
{
    double loss = NAN;
    expect_success(contrast(argument, &loss, NULL, NULL));
    return loss;
}

START_TEST(gradients_are_differences_of_the_loss)
{
    for (size_t i = 0; i < 4; i++) {
        bool main_anchor = i % 2;
        struct setting s = {.anchor = main_anchor ? DIFFMM_ANCHOR_MAIN : DIFFMM_ANCHOR_MODAL,
                            .drawn = i < 2 ? 0 : 5,
                            .users = 4,
                            .items = 3,
                            .d = 3,
                            .view_count = 3,
                            .count = 5,
                            .tau = 0.3};
        begin(&s, 9);
        double loss = NAN;
        expect_success(contrast(&s, &loss, s.gradient, s.gradient[3]));
        ck_assert(loss_of(&s) == loss);
        for (size_t v = 0; v < (main_anchor ? 4 : 3); v++)
            expect_gradient("view", loss_of, &s, size_of(&s), s.view[v], s.gradient[v], 2e-3f,
                            5e-3);
        end(&s);
    }
}
END_TEST

START_TEST(each_output_alone)
{
    struct setting s = {.anchor = DIFFMM_ANCHOR_MAIN,
                        .users = 4,
                        .items = 3,
                        .d = 3,
                        .view_count = 2,
                        .count = 5,
                        .tau = 0.3};
    begin(&s, 9);
    size_t bytes = size_of(&s) * sizeof(float);
    float *first = malloc(bytes), *main_alone = malloc(bytes), *only_first[] = {first, NULL};
    double loss;
    expect_success(contrast(&s, &loss, s.gradient, s.gradient[2]));
    expect_success(contrast(&s, NULL, only_first, NULL));
    expect_success(contrast(&s, NULL, NULL, main_alone));
    ck_assert_mem_eq(first, s.gradient[0], bytes);
    ck_assert_mem_eq(main_alone, s.gradient[2], bytes);
    ck_assert(loss_of(&s) == loss);
    free(first);
    free(main_alone);
    end(&s);
}
END_TEST

/* The term of the objective: it overwrites the views' gradients or adds to them, adds to the main
 * view's, and multiplies all by its weight. */
static void expect_term(size_t drawn)
{
    struct setting s = {.anchor = DIFFMM_ANCHOR_MAIN,
                        .users = 30,
                        .items = 20,
                        .d = 5,
                        .view_count = 2,
                        .count = 25,
                        .drawn = drawn,
                        .tau = 0.5};
    begin(&s, 3);
    size_t size = size_of(&s);
    struct diffmm__settings settings = {.seed = 8, .anchor = s.anchor, .tau = s.tau};
    struct diffmm__term_shape shape = {.users = s.users,
                                       .items = s.items,
                                       .d = s.d,
                                       .modalities = 2,
                                       .batch = 25,
                                       .negatives = drawn};
    float *views[2] = {malloc(size * sizeof(float)), malloc(size * sizeof(float))};
    float *main = malloc(size * sizeof(float));
    struct diffmm__arena arena = diffmm__arena_on(NULL);
    void *scratch = diffmm__contrastive_take(&arena, &shape);
    ck_assert(!arena.failed);
    static const size_t counts[] = {25, 1, 12, 25};
    for (size_t c = 0; c < 4; c++) {
        float before = c % 2 ? 2.0f : 0.0f;
        for (size_t i = 0; i < size; i++) {
            views[1][i] = before > 0.0f ? before : NAN; /* overwritten where it is not kept */
            main[i] = before;
        }
        s.count = counts[c];
        diffmm__drawn_nodes_fill(NULL, 8, diffmm__stream_contrast(0, c), s.users, drawn,
                                 s.drawn_users);
        diffmm__drawn_nodes_fill(NULL, 8, diffmm__stream_contrast(1, c), s.items, drawn,
                                 s.drawn_items);
        const struct diffmm__share alone = diffmm__share_alone(s.users, s.items, s.d);
        struct diffmm__term_batch batch = {.share = &alone,
                                           .settings = &settings,
                                           .users = s.users,
                                           .items = s.items,
                                           .d = s.d,
                                           .modalities = 2,
                                           .count = s.count,
                                           .user = s.batch_users,
                                           .positive = s.batch_items,
                                           .step = c,
                                           .final = s.view[2],
                                           .views = (const float *const *)s.view,
                                           .grad_final = main,
                                           .grad_views = views,
                                           .keep_views = before > 0.0f ? 1.0f : 0.0f};
        double loss, whole, plain;
        expect_success(diffmm__contrastive_term(&batch, 0.25, scratch, &loss));
        expect_success(contrast(&s, &whole, s.gradient, s.gradient[2]));
        expect_success(contrast(&s, &plain, NULL, NULL));
        ck_assert(loss == 0.25 * whole && plain == whole);
        for (size_t i = 0; i < size; i++) {
            expect_close("view", i, (double)(views[1][i] - before), 0.25 * (double)s.gradient[1][i],
                         1e-6);
            expect_close("main", i, (double)(main[i] - before), 0.25 * (double)s.gradient[2][i],
                         1e-6);
        }
    }
    diffmm__arena_end(&arena);
    free(views[0]);
    free(views[1]);
    free(main);
    end(&s);
}

START_TEST(scratch_serves_many_batches_and_a_weight)
{
    expect_term(0);
    expect_term(7);
    expect_term(40);
}
END_TEST

static size_t scratch_bytes(size_t users, size_t negatives)
{
    struct diffmm__arena arena = diffmm__arena_measure();
    diffmm__contrastive_take(&arena, &(struct diffmm__term_shape){.users = users,
                                                                  .items = 1000,
                                                                  .d = 64,
                                                                  .modalities = 3,
                                                                  .batch = 256,
                                                                  .negatives = negatives});
    return arena.bytes;
}

/* With drawn nodes a further user takes one number, and no row. */
START_TEST(scratch_for_drawn_nodes_does_not_grow_with_rows)
{
    size_t few = scratch_bytes(1000, 500), many = scratch_bytes(1001000, 500);
    ck_assert_uint_ge(many - few, 1000000 * sizeof(int32_t));
    ck_assert_uint_le(many - few, 1000000 * sizeof(int32_t) + 1000000);
    ck_assert_uint_gt(scratch_bytes(1001000, 0) - scratch_bytes(1000, 0), 2000000000);
}
END_TEST

static void contrast_much(diffmm_context *context, void *argument, void *out)
{
    struct setting *s = argument;
    double *loss = out;
    float *first = (float *)(void *)(loss + 1);
    float *gradients[] = {first, first + size_of(s)};
    s->context = context;
    expect_success(contrast(s, loss, gradients, first + 2 * size_of(s)));
    s->context = NULL;
}

START_TEST(the_same_bits_on_any_number_of_threads)
{
    for (size_t drawn = 0; drawn <= 700; drawn += 700) {
        struct setting s = {.anchor = DIFFMM_ANCHOR_MAIN,
                            .users = 1500,
                            .items = 1100,
                            .d = 18,
                            .view_count = 2,
                            .count = 400,
                            .drawn = drawn,
                            .tau = 0.2};
        begin(&s, 4);
        expect_same_bits(sizeof(double) + 3 * size_of(&s) * sizeof(float), contrast_much, &s);
        end(&s);
    }
}
END_TEST

/* A call that is right but for one argument, which a copy of it changes. */
struct call {
    diffmm_anchor anchor;
    size_t users, items, d, view_count;
    const float *const *views;
    const float *main;
    size_t count;
    const int32_t *batch_users, *batch_items;
    double tau;
};

static void expect_call_invalid(struct call c, const char *part)
{
    float gradients[2][10], *grad_views[2] = {gradients[0], gradients[1]}, grad_main[10];
    double loss = 7.0;
    fill(10, 7.0f, gradients[0]);
    fill(10, 7.0f, gradients[1]);
    fill(10, 7.0f, grad_main);
    expect_invalid(diffmm_contrastive_loss(NULL, c.anchor, c.users, c.items, c.d, c.view_count,
                                           c.views, c.main, c.count, c.batch_users, c.batch_items,
                                           c.tau, &loss, grad_views, grad_main),
                   part);
    expect_untouched(10, gradients[0], 7.0f);
    expect_untouched(10, gradients[1], 7.0f);
    expect_untouched(10, grad_main, 7.0f);
    ck_assert(loss == 7.0);
}

START_TEST(bad_input)
{
    static const float x[10] = {1};
    static const float *const views[] = {x, x}, *const gap[] = {x, NULL};
    static const int32_t good[] = {0, 1}, high_user[] = {0, 2}, high_item[] = {0, 3},
                         low[] = {0, -1};
    const struct call fine = {DIFFMM_ANCHOR_MAIN, 2, 3, 2, 2, views, x, 2, good, good, 0.5};
    struct call c;
    c = fine, c.anchor = (diffmm_anchor)2, expect_call_invalid(c, "anchor is 2");
    c = fine, c.users = 0, expect_call_invalid(c, "users is 0");
    c = fine, c.items = 0, expect_call_invalid(c, "items 0");
    c = fine, c.d = 0, expect_call_invalid(c, "d 0");
    c = fine, c.view_count = 0, expect_call_invalid(c, "view_count 0");
    c = fine, c.count = 0, expect_call_invalid(c, "count 0");
    c = fine, c.users = SIZE_MAX, expect_call_invalid(c, "users");
    c = fine, c.items = SIZE_MAX, expect_call_invalid(c, "items");
    c = fine, c.d = SIZE_MAX, expect_call_invalid(c, "d ");
    c = fine, c.view_count = SIZE_MAX, expect_call_invalid(c, "view_count");
    c = fine, c.views = NULL, expect_call_invalid(c, "views is NULL");
    c = fine, c.views = gap, expect_call_invalid(c, "views[1] is NULL");
    c = fine, c.main = NULL, expect_call_invalid(c, "main is NULL");
    c = fine, c.batch_users = NULL, expect_call_invalid(c, "batch_users is NULL");
    c = fine, c.batch_items = NULL, expect_call_invalid(c, "batch_items is NULL");
    c = fine, c.batch_users = high_user, expect_call_invalid(c, "batch_users[1] is 2");
    c = fine, c.batch_users = low, expect_call_invalid(c, "batch_users[1] is -1");
    c = fine, c.batch_items = high_item, expect_call_invalid(c, "batch_items[1] is 3");
    c = fine, c.batch_items = low, expect_call_invalid(c, "batch_items[1] is -1");
    const double taus[] = {0.0, -1.0, 1e-42, NAN, INFINITY};
    for (size_t t = 0; t < 5; t++)
        c = fine, c.tau = taus[t], expect_call_invalid(c, "tau");
}
END_TEST

START_TEST(bad_draws)
{
    struct setting s = {.anchor = DIFFMM_ANCHOR_MAIN,
                        .users = 4,
                        .items = 3,
                        .d = 3,
                        .view_count = 2,
                        .count = 5,
                        .drawn = 6,
                        .tau = 0.3};
    begin(&s, 9);
    int32_t *user_draws = s.drawn_users, *item_draws = s.drawn_items;
    double loss = 7.0;
    s.drawn_users = NULL;
    expect_invalid(contrast(&s, &loss, NULL, NULL), "user_negatives is NULL");
    s.drawn_users = user_draws;
    s.drawn_items = NULL;
    expect_invalid(contrast(&s, &loss, NULL, NULL), "item_negatives is NULL");
    s.drawn_items = item_draws;
    user_draws[5] = 4;
    expect_invalid(contrast(&s, &loss, NULL, NULL), "user_negatives[5] is 4");
    user_draws[5] = 3;
    item_draws[1] = -2;
    expect_invalid(contrast(&s, &loss, NULL, NULL), "item_negatives[1] is -2");
    s.drawn = (size_t)INT32_MAX + 1;
    expect_invalid(contrast(&s, &loss, NULL, NULL), "negative_count is 2147483648");
    ck_assert(loss == 7.0);
    end(&s);
}
END_TEST

static diffmm_status contrast_once(void *argument)
{
    struct setting *s = argument;
    double loss = 7.0;
    for (size_t v = 0; v < 3; v++)
        fill(size_of(s), 7.0f, s->gradient[v]);
    diffmm_status status = contrast(s, &loss, s->gradient, s->gradient[2]);
    ck_assert((status == DIFFMM_OK) == (loss != 7.0));
    for (size_t v = 0; v < 3 && status; v++)
        expect_untouched(size_of(s), s->gradient[v], 7.0f);
    return status;
}

START_TEST(out_of_memory)
{
    struct failing failing = {0};
    struct setting s = {.context = failing_context(&failing, 2),
                        .anchor = DIFFMM_ANCHOR_MAIN,
                        .users = 4,
                        .items = 3,
                        .d = 3,
                        .view_count = 2,
                        .count = 5,
                        .drawn = 4,
                        .tau = 0.3};
    begin(&s, 9);
    ck_assert_uint_gt(fail_each_allocation(&failing, contrast_once, &s), 0);
    end(&s);
    diffmm_context_destroy(s.context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {equals_a_sum_of_infonce,
                                  gradients_are_differences_of_the_loss,
                                  each_output_alone,
                                  scratch_serves_many_batches_and_a_weight,
                                  scratch_for_drawn_nodes_does_not_grow_with_rows,
                                  the_same_bits_on_any_number_of_threads,
                                  bad_input,
                                  bad_draws,
                                  out_of_memory};
    return run_tests("anchors", tests, sizeof tests / sizeof *tests) != 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Measures of a denoiser, against whole rankings of the same module. */
#include "evaluation/denoiser_measures.h"

#include <math.h>
#include <stdbool.h>

#include "module/batch.h"
#include "support/module_world.h"

static const char *const none[] = {NULL};

/* Held-out items of each user, some of which the user has already: those of user 2, who has no
 * training items, do not count. */
static int64_t held_pointers[world_users + 1];
static int32_t held_items[world_size];
static bool has[world_users][world_items], has_held[world_users][world_items];

static void begin(struct module_world *w, size_t threads)
{
    struct draws draws = {17};
    int64_t place = 0;
    module_world_begin(w, threads, none);
    w->batch.noise = NULL;
    for (size_t u = 0; u < world_users; u++) {
        for (int32_t i = 0; i < world_items; i++) {
            has[u][i] = w->x0[u * world_items + (size_t)i] != 0.0f;
            has_held[u][i] = u != 4 && draw_real(&draws) < 0.15;
            if (has_held[u][i])
                held_items[place++] = i;
        }
        held_pointers[u + 1] = place;
    }
    for (size_t e = 0; e < 30; e++)
        expect_success(diffmm_diffusion_step(w->module, &w->batch, NULL));
}

static int32_t most_popular(const bool *taken)
{
    int32_t best = -1;
    size_t most = 0;
    for (int32_t i = 0; i < world_items; i++) {
        size_t popularity = 1;
        for (size_t u = 0; u < world_users; u++)
            popularity += has[u][i];
        if (!taken[i] && popularity > most) {
            most = popularity;
            best = i;
        }
    }
    return best;
}

static double recall(size_t u, const int32_t *ranking, size_t cutoff)
{
    double hits = 0, held = 0;
    size_t ranked = 0;
    for (size_t i = 0; i < world_items; i++)
        held += has_held[u][i];
    for (size_t r = 0; r < world_items && ranked < cutoff; r++) {
        if (has[u][ranking[r]])
            continue;
        hits += has_held[u][ranking[r]];
        ranked++;
    }
    return hits / held;
}

/* From the ranking of all items for `rows` users. */
static diffmm_denoiser_measures oracle(const int32_t *users, size_t rows, const int32_t *rankings,
                                       size_t cutoff)
{
    diffmm_denoiser_measures m = {.struct_size = sizeof m, .cutoff = cutoff};
    int32_t popular[world_items];
    bool taken[world_items] = {0};
    for (size_t r = 0; r < world_items; r++) {
        popular[r] = most_popular(taken);
        taken[popular[r]] = true;
    }
    for (size_t b = 0; b < rows; b++) {
        size_t u = users ? (size_t)users[b] : b, own = 0, restored = 0;
        const int32_t *ranking = rankings + b * world_items;
        for (size_t i = 0; i < world_items; i++)
            own += has[u][i];
        for (size_t r = 0; r < own; r++)
            restored += has[u][ranking[r]];
        if (own == 0)
            continue;
        m.users++;
        m.degree_precision += (double)restored / (double)own;
        if (held_pointers[u + 1] == held_pointers[u])
            continue;
        m.held_users++;
        m.recall += recall(u, ranking, cutoff);
        m.popular_recall += recall(u, popular, cutoff);
    }
    m.degree_precision /= (double)m.users;
    m.recall /= (double)m.held_users;
    m.popular_recall /= (double)m.held_users;
    return m;
}

static void expect_near(const char *what, double got, double want)
{
    ck_assert_msg(fabs(got - want) < 1e-12, "%s is %.15g, not %.15g", what, got, want);
}

static void expect_measures(const diffmm_denoiser_measures *got,
                            const diffmm_denoiser_measures *want)
{
    ck_assert_uint_eq(got->cutoff, want->cutoff);
    ck_assert_uint_eq(got->users, want->users);
    ck_assert_uint_eq(got->held_users, want->held_users);
    expect_near("degree_precision", got->degree_precision, want->degree_precision);
    expect_near("recall", got->recall, want->recall);
    expect_near("popular_recall", got->popular_recall, want->popular_recall);
}

static void expect_oracle(struct module_world *w, size_t cutoff)
{
    int32_t rankings[world_size];
    size_t rows = w->batch.rows > 0 ? w->batch.rows : world_users;
    diffmm_denoiser_measures got = {.struct_size = sizeof got}, want;
    expect_success(diffmm_diffusion_generate(w->module, &w->batch, world_items, rankings, NULL));
    want = oracle(w->batch.row_numbers, rows, rankings, cutoff);
    expect_success(
        diffmm_diffusion_measure(w->module, &w->batch, held_pointers, held_items, cutoff, &got));
    expect_measures(&got, &want);
    ck_assert(cutoff > 5 ||
              (got.recall > 0 && got.degree_precision > 0 && got.degree_precision < 1));
}

START_TEST(against_whole_rankings)
{
    static const int32_t some[] = {7, 2, 0, 4};
    struct module_world w;
    begin(&w, 2);
    expect_oracle(&w, 5);
    expect_oracle(&w, world_items);
    expect_oracle(&w, 1000);
    w.batch.row_values = NULL;
    expect_oracle(&w, 5);
    w.batch.rows = sizeof some / sizeof *some;
    w.batch.row_numbers = some;
    expect_oracle(&w, 6);
    module_world_end(&w);
}
END_TEST

START_TEST(same_bits_with_any_number_of_threads)
{
    diffmm_denoiser_measures first = {.struct_size = sizeof first};
    for (size_t threads = 1; threads <= 3; threads++) {
        struct module_world w;
        diffmm_denoiser_measures got = {.struct_size = sizeof got};
        begin(&w, threads);
        expect_success(
            diffmm_diffusion_measure(w.module, &w.batch, held_pointers, held_items, 5, &got));
        if (threads == 1)
            first = got;
        ck_assert(memcmp(&got, &first, sizeof got) == 0);
        module_world_end(&w);
    }
}
END_TEST

/* In blocks of three users, with memory that is used twice; and with nothing held out. */
START_TEST(in_blocks)
{
    struct module_world w;
    struct diffmm__denoiser_batch batch;
    struct diffmm__denoiser_measuring measuring;
    struct diffmm__popularity popularity;
    struct diffmm__generation plan;
    diffmm_denoiser_measures got, want = {.struct_size = sizeof want};
    begin(&w, 2);
    expect_success(
        diffmm_diffusion_measure(w.module, &w.batch, held_pointers, held_items, 5, &want));
    expect_success(
        diffmm__module_batch_read(w.module, &w.batch, diffmm__module_reverse_draws, &batch));
    struct diffmm__csr held =
        diffmm__csr_view(world_users, world_items, held_pointers, held_items, NULL);
    struct diffmm__sampling sampling = diffmm__module_sampling(&w.module->settings);
    diffmm__denoiser_measuring_plan(&w.module->layers, w.module->settings.steps, &sampling,
                                    world_items, world_users, world_items, 5, &plan);
    ck_assert_uint_eq(plan.count, world_items);
    plan.block = 3;
    expect_success(diffmm__popularity_begin(w.context, &batch.x0.matrix, &popularity));
    expect_success(diffmm__denoiser_measuring_begin(w.context, &plan, &measuring));
    for (int again = 0; again < 2; again++) {
        diffmm__denoiser_measuring_run(&measuring, w.module, NULL, &batch, &held, &popularity, 5,
                                       &got);
        expect_measures(&got, &want);
    }
    diffmm__denoiser_measuring_run(&measuring, w.module, NULL, &batch, NULL, &popularity, 5, &got);
    want.held_users = 0;
    want.recall = want.popular_recall = 0;
    expect_measures(&got, &want);
    diffmm__denoiser_measuring_end(&measuring);
    diffmm__popularity_end(&popularity);
    module_world_end(&w);
}
END_TEST

/* Long lists make small blocks, of at least 16 users. */
START_TEST(blocks_by_length_of_lists)
{
    static const size_t hidden[] = {8};
    const diffmm_denoiser_shape shape = {.struct_size = sizeof shape,
                                         .items = 100000,
                                         .time_size = 4,
                                         .hidden_count = 1,
                                         .hidden_sizes = hidden};
    const struct diffmm__sampling sampling = {0};
    struct diffmm__layers layers;
    struct diffmm__generation plan;
    expect_success(diffmm__layers_read(&shape, &layers));
    diffmm__denoiser_measuring_plan(&layers, 5, &sampling, 100000, 5000, 0, 16, &plan);
    ck_assert(plan.count == 16 && plan.block >= 512);
    diffmm__denoiser_measuring_plan(&layers, 5, &sampling, 100000, 5000, 1004, 20, &plan);
    ck_assert(plan.count == 1024 && plan.block == 256);
    diffmm__denoiser_measuring_plan(&layers, 5, &sampling, 100000, 5000, 99990, 20, &plan);
    ck_assert(plan.count == 100000 && plan.block == 16);
    diffmm__denoiser_measuring_plan(&layers, 5, &sampling, 100000, 5000, 1, SIZE_MAX, &plan);
    ck_assert(plan.count == 100000);
}
END_TEST

START_TEST(bad_input)
{
    struct module_world w;
    diffmm_denoiser_measures out = {.struct_size = sizeof out, .users = 77};
    begin(&w, 1);
#define MEASURE(pointers, items, cutoff)                                                           \
    diffmm_diffusion_measure(w.module, &w.batch, pointers, items, cutoff, &out)
    static int64_t back[world_users + 1] = {0, 2, 1};
    static const int32_t beyond[world_size] = {world_items};
    expect_invalid(MEASURE(NULL, held_items, 5), "held_pointers is NULL");
    expect_invalid(MEASURE(held_pointers, NULL, 5), "held_items");
    expect_invalid(MEASURE(back, held_items, 5), "held_pointers");
    expect_invalid(MEASURE(held_pointers, beyond, 5), "held_items");
    expect_invalid(MEASURE(held_pointers, held_items, 0), "cutoff");
    expect_invalid(diffmm_diffusion_measure(NULL, &w.batch, held_pointers, held_items, 5, &out),
                   "module");
    expect_invalid(diffmm_diffusion_measure(w.module, NULL, held_pointers, held_items, 5, &out),
                   "batch");
    expect_invalid(diffmm_diffusion_measure(w.module, &w.batch, held_pointers, held_items, 5, NULL),
                   "out");
    /* A wrong row outside the batch, too: it would count for popularity. */
    static const int32_t one[] = {0};
    w.batch.rows = 1;
    w.batch.row_numbers = one;
    w.row_items[w.pointers[world_users] - 1] = world_items;
    expect_invalid(MEASURE(held_pointers, held_items, 5), "row_items");
#undef MEASURE
    ck_assert_uint_eq(out.users, 77);
    module_world_end(&w);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {against_whole_rankings, same_bits_with_any_number_of_threads,
                                  in_blocks, blocks_by_length_of_lists, bad_input};
    return run_tests("denoiser_measures", tests, sizeof tests / sizeof *tests) != 0;
}

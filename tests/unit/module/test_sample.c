/* SPDX-License-Identifier: BSD-2-Clause */
/* Noise, predictions, the reverse chain and generated neighbours, compared with the functions of
 * plain arrays. */
#include <math.h>

#include <diffmm/metrics.h>

#include "base/random.h"
#include "base/streams.h"
#include "linalg/normal.h"
#include "support/close.h"
#include "support/module_world.h"

static const char *const none[] = {NULL};
static const size_t hidden[] = {9}, two_hidden[] = {6, 9};

static void expect_same(const float *got, const float *want, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(got[i] == want[i], "entry %zu is %.9g, not %.9g", i, (double)got[i],
                      (double)want[i]);
}

START_TEST(corrupt)
{
    struct module_world w;
    float got[world_size], want[world_size], own[world_size];
    module_world_begin(&w, 2, none);
    expect_success(diffmm_q_sample(diffmm_diffusion_schedule(w.module), world_users, world_items,
                                   w.x0, w.t, w.noise, want));
    expect_success(diffmm_diffusion_corrupt(w.module, &w.batch, got));
    expect_same(got, want, world_size);

    w.batch.epoch = 5;
    for (size_t u = 0; u < world_users; u++) {
        w.t[u] =
            (int32_t)diffmm__random_below(21, diffmm__stream_time(DIFFMM__NO_MODALITY, 5), u, 4);
        diffmm__normal_draws(21, diffmm__stream_noise(DIFFMM__NO_MODALITY, 5), u, world_items,
                             w.noise + u * world_items);
    }
    expect_success(diffmm_diffusion_corrupt(w.module, &w.batch, want));
    w.batch.t = NULL;
    w.batch.noise = NULL;
    expect_success(diffmm_diffusion_corrupt(w.module, &w.batch, own));
    expect_same(own, want, world_size);
    static const int32_t two[] = {8, 1};
    w.batch.rows = 2;
    w.batch.row_numbers = two;
    expect_success(diffmm_diffusion_corrupt(w.module, &w.batch, own));
    expect_same(own, want + (size_t)8 * world_items, world_items);
    expect_same(own + world_items, want + world_items, world_items);
    module_world_end(&w);
}
END_TEST

START_TEST(denoise)
{
    for (int normalize = 0; normalize < 2; normalize++) {
        struct module_world w;
        float got[world_size], want[world_size];
        module_world_begin(&w, 2,
                           (const char *const[]){"hidden_sizes", "6,9", "norm",
                                                 normalize ? "true" : "false", NULL});
        diffmm_denoiser_shape shape = world_shape(2, two_hidden, normalize);
        expect_success(diffmm_denoiser_forward(w.context, &shape, module_values(w.module),
                                               world_users, w.noise, w.t, NULL, want));
        expect_success(diffmm_diffusion_denoise(w.module, world_users, w.noise, w.t, got));
        expect_same(got, want, world_size);
        w.t[1] = 4;
        fill(world_size, 3.0f, got);
        expect_invalid(diffmm_diffusion_denoise(w.module, world_users, w.noise, w.t, got), "t[1]");
        w.t[1] = 0;
        w.noise[3] = NAN;
        expect_failure(diffmm_diffusion_denoise(w.module, world_users, w.noise, w.t, got),
                       DIFFMM_ERROR_NUMERIC, "value 3");
        expect_untouched(world_size, got, 3.0f);
        module_world_end(&w);
    }
}
END_TEST

static const struct {
    const char *settings[8];
    size_t sampling_steps;
    int sampling_noise;
} samplings[] = {{{NULL}, 0, 0},
                 {{"sampling_steps", "3", NULL}, 3, 0},
                 {{"sampling_noise", "true", NULL}, 0, 1},
                 {{"sampling_steps", "4", "sampling_noise", "true", NULL}, 4, 1}};

/* Blocks of noise for q_sample and every step. */
static float *draw_blocks(size_t users, uint64_t epoch)
{
    size_t size = users * world_items;
    float *noise = malloc(5 * size * sizeof *noise);
    uint64_t first = diffmm__stream_reverse_noise(DIFFMM__NO_MODALITY, epoch);
    for (size_t block = 0; block < 5; block++)
        for (size_t u = 0; u < users; u++)
            diffmm__normal_draws(21, diffmm__stream_reverse_block(first, block), u, world_items,
                                 noise + block * size + u * world_items);
    return noise;
}

START_TEST(reverse)
{
    for (size_t s = 0; s < 4; s++) {
        struct module_world w;
        float got[world_size], want[world_size];
        module_world_begin(&w, 2, samplings[s].settings);
        diffmm_denoiser_shape shape = world_shape(1, hidden, 0);
        float *noise = draw_blocks(world_users, 3);
        expect_success(diffmm_reverse_chain(w.context, &shape, diffmm_diffusion_schedule(w.module),
                                            module_values(w.module), world_users, w.x0,
                                            samplings[s].sampling_steps,
                                            samplings[s].sampling_noise, noise, want));
        w.batch.epoch = 3;
        w.batch.noise = noise;
        expect_success(diffmm_diffusion_reverse(w.module, &w.batch, got));
        expect_same(got, want, world_size);
        w.batch.noise = NULL;
        expect_success(diffmm_diffusion_reverse(w.module, &w.batch, got));
        expect_same(got, want, world_size);
        free(noise);
        module_world_end(&w);
    }
}
END_TEST

START_TEST(generate_as_with_plain_arrays)
{
    enum { count = 6 };
    struct module_world w;
    int32_t got[world_users * count], want[world_users * count];
    module_world_begin(&w, 2, none);
    diffmm_denoiser_shape shape = world_shape(1, hidden, 0);
    expect_success(diffmm_generate_neighbors(w.context, &shape, diffmm_diffusion_schedule(w.module),
                                             module_values(w.module), world_users, w.pointers,
                                             w.row_items, count, want));
    w.batch.row_values = NULL;
    expect_success(diffmm_diffusion_generate(w.module, &w.batch, count, got, NULL));
    ck_assert_mem_eq(got, want, sizeof got);
    module_world_end(&w);
}
END_TEST

/* More users than a block of them, so that blocks of noise must be found from its middle on. */
enum { many = 1300 };

static void expect_ranked(const struct module_world *w, const float *x, const int32_t *items,
                          const float *scores, size_t count)
{
    for (size_t u = 0; u < w->batch.users; u++) {
        int32_t want[world_items];
        float values[world_items];
        size_t found;
        expect_success(
            diffmm_top_k(world_items, x + u * world_items, 0, NULL, count, want, values, &found));
        for (size_t r = 0; r < count; r++) {
            float score = scores[u * count + r];
            ck_assert_msg(
                items[u * count + r] == want[r] || fabsf(score - values[r]) <= 1e-5f * fabsf(score),
                "user %zu, rank %zu: item %d, not %d", u, r, items[u * count + r], want[r]);
            expect_close("score", u, (double)score, (double)values[r], 1e-5 * fabs((double)score));
        }
    }
}

START_TEST(generated_are_the_largest_of_the_chain)
{
    for (size_t s = 0; s < 4; s++) {
        enum { count = 5 };
        struct module_world w;
        struct draws draws = {5};
        module_world_begin(&w, 2, samplings[s].settings);
        int64_t *pointers = calloc(many + 1, sizeof *pointers);
        int32_t *row_items = calloc(many, sizeof *row_items);
        int32_t *items = calloc(many * count, sizeof *items), *again = calloc(many * count, 4);
        float *scores = calloc(many * count, sizeof *scores);
        float *x = calloc((size_t)many * world_items, sizeof *x), *noise = draw_blocks(many, 2);
        draw_numbers(&draws, many, world_items, row_items);
        for (size_t u = 0; u < many; u++)
            pointers[u + 1] = (int64_t)u + 1;
        w.batch = (diffmm_diffusion_batch){.struct_size = sizeof w.batch,
                                           .users = many,
                                           .row_pointers = pointers,
                                           .row_items = row_items,
                                           .epoch = 2,
                                           .noise = noise};
        expect_success(diffmm_diffusion_reverse(w.module, &w.batch, x));
        expect_success(diffmm_diffusion_generate(w.module, &w.batch, count, items, scores));
        expect_ranked(&w, x, items, scores, count);
        w.batch.noise = NULL;
        expect_success(diffmm_diffusion_generate(w.module, &w.batch, count, again, NULL));
        ck_assert(memcmp(items, again, many * count * sizeof *items) == 0);
        free(pointers);
        free(row_items);
        free(items);
        free(again);
        free(scores);
        free(x);
        free(noise);
        module_world_end(&w);
    }
}
END_TEST

static bool in_row(const struct module_world *w, size_t u, int32_t item)
{
    for (int64_t e = w->pointers[u]; e < w->pointers[u + 1]; e++)
        if (w->row_items[e] == item)
            return true;
    return false;
}

/* The same ranking without the items of the user's row: in the hidden space, and in the naive way.
 * What is not there is -1. */
START_TEST(unseen_items_only)
{
    enum { count = world_items };
    static const char *const lists[][5] = {{"generate.unseen", "true"},
                                           {"generate.unseen", "true", "sampling_steps", "3"},
                                           {"generate.unseen", "true", "norm", "true"}};
    static int32_t all[world_users * count], unseen[world_users * count];
    static float scores[world_users * count], of_unseen[world_users * count];
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
        struct module_world w, only;
        module_world_begin(&w, 2, lists[l] + 2);
        module_world_begin(&only, 1, lists[l]);
        w.batch.noise = only.batch.noise = NULL;
        expect_success(diffmm_diffusion_generate(w.module, &w.batch, count, all, scores));
        expect_success(
            diffmm_diffusion_generate(only.module, &only.batch, count, unseen, of_unseen));
        for (size_t u = 0; u < world_users; u++) {
            size_t next = u * count;
            for (size_t r = u * count; r < (u + 1) * count; r++)
                if (!in_row(&w, u, all[r])) {
                    ck_assert_int_eq(unseen[next], all[r]);
                    ck_assert(of_unseen[next++] == scores[r]);
                }
            ck_assert_uint_eq((u + 1) * count - next, (size_t)(w.pointers[u + 1] - w.pointers[u]));
            for (; next < (u + 1) * count; next++)
                ck_assert(unseen[next] == -1 && isnan(of_unseen[next]));
        }
        module_world_end(&w);
        module_world_end(&only);
    }
}
END_TEST

START_TEST(entries_that_are_no_numbers)
{
    struct module_world w;
    int32_t items[2];
    float scores[2], x = NAN;
    module_world_begin(&w, 1, (const char *const[]){"sampling_steps", "1", NULL});
    float *noise = draw_blocks(1, 0);
    noise[0] = x;
    w.batch.rows = 1;
    w.batch.noise = noise;
    expect_success(diffmm_diffusion_generate(w.module, &w.batch, 2, items, scores));
    ck_assert_int_eq(items[0], -1);
    ck_assert(isnan(scores[1]));
    expect_invalid(diffmm_diffusion_generate(w.module, &w.batch, 0, items, NULL), "count is 0");
    expect_invalid(diffmm_diffusion_generate(w.module, &w.batch, world_items + 1, items, NULL),
                   "count is 38");
    free(noise);
    module_world_end(&w);
}
END_TEST

/* Two groups of users, each with items of its own: a trained module generates the group's items. */
START_TEST(new_users_get_what_others_like_them_have)
{
    enum { half = world_items / 2, trained = 60 };
    struct module_world w;
    struct draws draws = {3};
    int64_t pointers[trained + 1] = {0};
    int32_t row_items[trained * world_items];
    module_world_begin(
        &w, 2, (const char *const[]){"batch", "60", "hidden_sizes", "16", "dropout", "0.2", NULL});
    for (size_t u = 0, place = 0; u < trained; u++) {
        for (int32_t i = 0; i < half; i++)
            if (draw_real(&draws) < 0.6)
                row_items[place++] = u % 2 ? half + i : i;
        pointers[u + 1] = (int64_t)place;
    }
    w.batch = (diffmm_diffusion_batch){.struct_size = sizeof w.batch,
                                       .users = trained,
                                       .row_pointers = pointers,
                                       .row_items = row_items};
    for (w.batch.epoch = 1; w.batch.epoch <= 150; w.batch.epoch++)
        expect_success(diffmm_diffusion_step(w.module, &w.batch, NULL));
    const int64_t new_pointers[] = {0, 3, 6};
    const int32_t new_items[] = {1, 4, 9, half + 2, half + 5, half + 11};
    int32_t items[2 * 6];
    w.batch.users = 2;
    w.batch.row_pointers = new_pointers;
    w.batch.row_items = new_items;
    expect_success(diffmm_diffusion_generate(w.module, &w.batch, 6, items, NULL));
    for (size_t i = 0; i < 12; i++)
        ck_assert_msg((items[i] < half) == (i < 6), "item %d at %zu", items[i], i);
    module_world_end(&w);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {corrupt,
                                  denoise,
                                  reverse,
                                  generate_as_with_plain_arrays,
                                  generated_are_the_largest_of_the_chain,
                                  unseen_items_only,
                                  entries_that_are_no_numbers,
                                  new_users_get_what_others_like_them_have};
    return run_tests("sample", tests, sizeof tests / sizeof *tests) != 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Training with spectral denoisers: their bases, what they learn against full ones, and generating
 * from candidates against ranking all items. */
#include <stdlib.h>

#include "base/streams.h"
#include "diffusion/generate_neighbors.h"
#include "diffusion/spectral_basis.h"
#include "support/sanitizers.h"
#include "support/training.h"
#include "train/trainer.h"

enum { users = 4500, items = 900 };

static void begin(struct training *t, const char *const *list)
{
    static const size_t dimensions[] = {24};
    const diffmm_synthetic spec = {.struct_size = sizeof spec,
                                   .users = users,
                                   .items = items,
                                   .interactions = 40000,
                                   .modality_count = 1,
                                   .dimensions = dimensions,
                                   .seed = 6};
    diffmm_context *context;
    diffmm_dataset *dataset;
    expect_success(diffmm_context_create(NULL, &context));
    expect_success(diffmm_dataset_synthesize(context, &spec, &dataset));
    training_on(t, context, dataset, list);
}

/* Large batches: an epoch has few of them. */
#define SPECTRAL "denoiser.kind", "spectral", "contrastive.enabled", "false", "batch", "512"

START_TEST(bases_are_of_the_data)
{
    struct training t;
    begin(&t, (const char *const[]){SPECTRAL, "denoiser.rank", "40", NULL});
    size_t rank;
    const diffmm_diffusion *module = t.model->modalities[0].diffusion;
    const float *basis = diffmm_diffusion_basis(module, &rank);
    float *want = malloc(items * rank * sizeof *want);
    const struct diffmm__spectral_source source = {.train = &t.model->catalog->train,
                                                   .feature_columns = 24,
                                                   .features = t.model->modalities[0].features,
                                                   .rank = 40,
                                                   .seed = t.model->settings.seed,
                                                   .stream = diffmm__stream_spectral_basis(0)};
    ck_assert_uint_eq(rank, 40);
    expect_success(diffmm__spectral_basis_compute(t.context, &source, want));
    ck_assert_mem_eq(basis, want, items * rank * sizeof *want);
    free(want);
    training_end(&t);
}
END_TEST

/* The neighbours by one plan of users who have the rows of a matrix. */
static void generate_for(const diffmm_model *model, const struct diffmm__csr *rows, bool sampled,
                         bool unseen, size_t count, int32_t *out)
{
    const diffmm_diffusion *module = model->modalities[0].diffusion;
    struct diffmm__sampling sampling = {0};
    struct diffmm__generation plan;
    struct diffmm__denoiser_batch all = {.rows = users,
                                         .x0 = {.matrix = *rows, .ascending = true},
                                         .draws = diffmm__module_reverse_draws(module, 1),
                                         .basis = diffmm__module_basis(module)};
    diffmm__generation_plan(&module->layers, model->settings.steps, &sampling, users, count, &plan);
    ck_assert_uint_eq(plan.sample, 0);
    if (sampled) {
        diffmm__generation_plan_candidates(&plan);
        ck_assert_uint_gt(plan.sample, 0);
    }
    plan.unseen = unseen;
    expect_success(diffmm__generator_run_all(model->context, &plan, module->schedule,
                                             module->values, &all, out, NULL));
}

static void generate(const diffmm_model *model, bool sampled, size_t count, int32_t *out)
{
    generate_for(model, &model->catalog->train, sampled, false, count, out);
}

/* How many of the first `depth` neighbours by candidates are among the exact ones' first. */
static double coverage(const int32_t *got, const int32_t *exact, size_t count, size_t depth)
{
    size_t found = 0;
    for (size_t u = 0; u < users; u++)
        for (size_t a = 0; a < depth; a++)
            for (size_t b = 0; b < depth; b++)
                found += exact[u * count + a] == got[u * count + b];
    return (double)found / (double)(users * depth);
}

/* Neighbours from candidates are those from all items, but for a few. */
static void expect_covered(const int32_t *got, const int32_t *exact, size_t count)
{
    double first = coverage(got, exact, count, 1), all = coverage(got, exact, count, count);
    ck_assert_msg(first >= 0.995 && all >= 0.99, "top-1 %.4f, top-%zu %.4f", first, count, all);
}

/* With and without the items that a user has. */
START_TEST(candidates_cover_what_is_exact)
{
    enum { count = 10 };
    struct training t;
    int32_t *exact = malloc(2 * users * count * sizeof *exact), *got = exact + users * count;
    begin(&t, (const char *const[]){SPECTRAL, NULL});
    for (int epoch = 0; epoch < 3; epoch++)
        expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    generate(t.model, false, count, exact);
    generate(t.model, true, count, got);
    expect_covered(got, exact, count);
    generate(t.model, false, 1, exact);
    generate(t.model, true, 1, got);
    expect_covered(got, exact, 1);
    const struct diffmm__csr *train = &t.model->catalog->train;
    generate_for(t.model, train, false, true, count, exact);
    generate_for(t.model, train, true, true, count, got);
    expect_covered(got, exact, count);
    size_t wrong = 0;
    for (size_t i = 0; i < (size_t)users * count; i++)
        wrong += exact[i] < 0 || diffmm__csr_has(train, i / count, exact[i]) || got[i] < 0 ||
                 diffmm__csr_has(train, i / count, got[i]);
    ck_assert_uint_eq(wrong, 0);
    free(exact);
    training_end(&t);
}
END_TEST

/* All users but the last have the same items, so that candidates are few; each of the last has all
 * items but one, which mostly is none of them, and is found all the same. */
START_TEST(users_who_have_seen_the_candidates)
{
    enum { last = 20, few = 60, entries = (users - last) * few + last * (items - 1) };
    struct training t;
    struct diffmm__csr rows;
    static int32_t got[users];
    begin(&t, (const char *const[]){SPECTRAL, NULL});
    expect_success(diffmm__csr_begin(t.context, users, items, entries, false, &rows));
    int64_t place = 0;
    for (int32_t u = 0; u < users; u++) {
        int32_t absent = u - (users - last); /* not below 0: of the last users */
        rows.pointers[u] = place;
        for (int32_t i = 0; i < (absent < 0 ? few : items); i++)
            if (absent < 0 || i != 100 + absent)
                rows.indices[place++] = i;
    }
    rows.pointers[users] = place;
    ck_assert_int_eq(place, entries);
    generate_for(t.model, &rows, true, true, 1, got);
    for (int32_t u = 0; u < users - last; u++)
        ck_assert(got[u] == got[0] && got[u] >= few);
    for (int32_t j = 0; j < last; j++)
        ck_assert_int_eq(got[users - last + j], 100 + j);
    diffmm__csr_end(t.context, &rows);
    training_end(&t);
}
END_TEST

/* The trainer generates from candidates; with generate.exact it ranks all items. */
START_TEST(the_trainer_takes_candidates)
{
    struct training t, exact;
    begin(&t, (const char *const[]){SPECTRAL, NULL});
    begin(&exact, (const char *const[]){SPECTRAL, "generate.exact", "true", NULL});
    ck_assert_uint_gt(t.trainer->plan.generation.sample, 0);
    ck_assert_uint_eq(exact.trainer->plan.generation.sample, 0);
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    expect_success(diffmm_trainer_epoch(exact.trainer, NULL));
    training_end(&t);
    training_end(&exact);
}
END_TEST

#ifndef TESTS_ADDRESS_SANITIZER /* which makes a minute of it, and sees nothing new */
/* Recall@20 of the denoiser's own ranking on validation items, after as many epochs of each. */
static double recall(const char *const *list)
{
    struct training t;
    begin(&t, list);
    for (int epoch = 0; epoch < 2; epoch++)
        expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    enum { count = 20 };
    const diffmm_diffusion *module = t.model->modalities[0].diffusion;
    const struct diffmm__csr *train = &t.model->catalog->train, *held = &t.dataset->held[0];
    const diffmm_diffusion_batch batch = {.struct_size = sizeof batch,
                                          .users = users,
                                          .row_pointers = train->pointers,
                                          .row_items = train->indices};
    float *x = malloc((size_t)users * items * sizeof *x);
    expect_success(diffmm_diffusion_reverse(module, &batch, x));
    double hits = 0.0, judged = 0.0;
    for (size_t u = 0; u < users; u++) {
        int32_t best[count];
        float scores[count];
        size_t found, own = (size_t)(train->pointers[u + 1] - train->pointers[u]);
        size_t wanted = (size_t)(held->pointers[u + 1] - held->pointers[u]);
        if (wanted == 0 || own == 0)
            continue;
        expect_success(diffmm_top_k(items, x + u * items, own, train->indices + train->pointers[u],
                                    count, best, scores, &found));
        for (size_t i = 0; i < found; i++)
            hits += diffmm__csr_has(held, u, best[i]) / (double)wanted;
        judged += 1.0;
    }
    free(x);
    training_end(&t);
    return hits / judged;
}

START_TEST(denoises_where_a_full_one_does_not)
{
    double spectral = recall((const char *const[]){SPECTRAL, "batch", "64", NULL});
    double full = recall((const char *const[]){"contrastive.enabled", "false", NULL});
    ck_assert_msg(spectral > 1.5 * full, "spectral %.4f, full %.4f", spectral, full);
}
END_TEST
#endif

int main(void)
{
    const TTest *const tests[] = {
        bases_are_of_the_data,
        candidates_cover_what_is_exact,
        users_who_have_seen_the_candidates,
        the_trainer_takes_candidates,
#ifndef TESTS_ADDRESS_SANITIZER
        denoises_where_a_full_one_does_not,
#endif
    };
    return run_tests("train/spectral", tests, sizeof tests / sizeof *tests);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows that rank where the denoisers' scores are blended with the recommender's, against the
 * formula of lib/model/blend.h in doubles. */
#include "model/blend.h"

#include <diffmm/new_items.h>

#include "support/failing.h"
#include "support/trainer_state.h"

enum { users = 70, items = 60, d = 8, rank = 9, modalities = 2, width = d + modalities * rank };

#define SPECTRAL "denoiser.kind", "spectral", "denoiser.rank", "9", "epochs", "4", "patience", "0"

static const char *const blended[] = {SPECTRAL, "diffusion.blend", "0.7", NULL};

static void train(struct training *t, const char *const *list, size_t epochs)
{
    training_begin(t, list);
    for (size_t e = 0; e < epochs; e++)
        expect_success(diffmm_trainer_epoch(t->trainer, NULL));
}

static double deviation(const double *scores)
{
    double mean = 0.0, square = 0.0;
    for (size_t i = 0; i < items; i++)
        mean += scores[i] / items;
    for (size_t i = 0; i < items; i++)
        square += (scores[i] - mean) * (scores[i] - mean) / items;
    return sqrt(square);
}

/* What the reverse chain of a modality gives for all users, over the items. */
static void denoise(const diffmm_model *model, size_t m, float *out)
{
    const struct diffmm__csr *train = &model->catalog->train;
    const diffmm_diffusion_batch all = {.struct_size = sizeof all,
                                        .users = users,
                                        .row_pointers = train->pointers,
                                        .row_items = train->indices};
    expect_success(diffmm_diffusion_reverse(model->modalities[m].diffusion, &all, out));
}

/* H_u . H_i, whose deviation is returned, and s_ui. */
static double oracle(const diffmm_model *model, double beta, size_t u,
                     float (*const x)[users * items], double *s)
{
    const float *h = diffmm_model_user_embeddings(model) + u * d;
    double own[items];
    for (size_t i = 0; i < items; i++) {
        own[i] = 0.0;
        for (size_t c = 0; c < d; c++)
            own[i] += (double)h[c] * (double)diffmm_model_item_embeddings(model)[i * d + c];
    }
    double spread = deviation(own);
    for (size_t i = 0; i < items; i++)
        s[i] = own[i] / spread;
    for (size_t m = 0; m < modalities; m++) {
        double scores[items];
        for (size_t i = 0; i < items; i++)
            scores[i] = (double)x[m][u * items + i];
        double sd = deviation(scores);
        for (size_t i = 0; i < items; i++)
            s[i] += beta / modalities * scores[i] / sd;
    }
    return spread;
}

/* A scorer's scores are the formula's, times the deviation of the recommender's scores. */
static void expect_formula(const diffmm_model *model, double beta)
{
    static float x[modalities][users * items];
    diffmm_scorer *scorer;
    double worst = 0.0;
    expect_success(diffmm_scorer_create(model, &scorer));
    ck_assert_uint_eq(diffmm_scorer_dimensions(scorer), width);
    for (size_t m = 0; m < modalities; m++)
        denoise(model, m, x[m]);
    for (size_t u = 0; u < users; u++) {
        float got[items];
        double s[items], spread = oracle(model, beta, u, x, s);
        expect_success(diffmm_score(scorer, (int32_t)u, items, NULL, got));
        for (size_t i = 0; i < items; i++)
            worst = fmax(worst, fabs((double)got[i] / spread - s[i]));
    }
    ck_assert_msg(worst < 2e-4, "off by %g", worst);
    diffmm_scorer_destroy(scorer);
}

START_TEST(scores_are_the_formulas)
{
    static const char *const lists[][20] = {
        {SPECTRAL, "diffusion.blend", "0.7"},
        {SPECTRAL, "diffusion.blend", "30", "hidden_sizes", "12,5", "norm", "true"},
        {SPECTRAL, "diffusion.blend", "0.5", "denoiser.rows", "normalized", "denoiser.target",
         "dropped", "denoiser.linear", "true"},
        {SPECTRAL, "diffusion.blend", "1e-3", "sampling_steps", "1", "average", "0.5"},
    };
    static const double beta[] = {0.7, 30.0, 0.5, 1e-3};
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
        struct training t;
        train(&t, lists[l], 2);
        ck_assert_uint_eq(t.model->width, width);
        ck_assert(t.model->blended && !t.model->stale);
        expect_formula(t.model, beta[l]);
        training_end(&t);
    }
}
END_TEST

/* Chains with noise: the same rows whenever they are computed, and other ones than without. */
START_TEST(noise_is_of_no_epoch)
{
    struct training t;
    train(&t,
          (const char *const[]){SPECTRAL, "diffusion.blend", "1", "sampling_steps", "3",
                                "sampling_noise", "true", NULL},
          2);
    size_t size = (users + items) * width * sizeof(float);
    float *before = malloc(size);
    memcpy(before, t.model->served, size);
    diffmm_model *model = diffmm_trainer_model(t.trainer);
    expect_success(diffmm_model_forward(model));
    ck_assert_mem_eq(before, model->served, size);
    model->modalities[0].diffusion->settings.sampling_noise = false;
    expect_success(diffmm_model_forward(model));
    ck_assert_mem_ne(before, model->served, size);
    free(before);
    training_end(&t);
}
END_TEST

/* Chains that generating has run are not run again: the rows are those of running them, also in epochs
 * that keep their graphs. */
START_TEST(coordinates_of_generating)
{
    static const char *const lists[][14] = {
        {SPECTRAL, "diffusion.blend", "1"},
        {SPECTRAL, "diffusion.blend", "1", "generate.every", "2"},
    };
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
        for (size_t epochs = 1; epochs <= 2; epochs++) {
            struct training t;
            static float before[(users + items) * width];
            train(&t, lists[l], epochs);
            memcpy(before, t.model->served, sizeof before);
            ck_assert(!t.model->blend->received[0] && !t.model->blend->received[1]);
            expect_success(diffmm_model_forward(diffmm_trainer_model(t.trainer)));
            ck_assert_mem_eq(before, t.model->served, sizeof before);
            training_end(&t);
        }
}
END_TEST

static int cancel_recommending(const diffmm_progress *step, void *data)
{
    (void)data;
    return step->phase == DIFFMM_PHASE_RECOMMEND;
}

/* An epoch that ends between generating and evaluating leaves nothing of them behind. */
START_TEST(an_epoch_that_ends_early)
{
    struct training t;
    train(&t, blended, 1);
    expect_success(diffmm_trainer_on_progress(t.trainer, cancel_recommending, NULL));
    ck_assert_int_eq(diffmm_trainer_epoch(t.trainer, NULL), DIFFMM_CANCELLED);
    ck_assert(t.model->stale && !t.model->blend->received[0]);
    for (size_t i = 0; i < users * width; i++)
        ck_assert(t.model->served[i] == 0.0F);
    diffmm_scorer *scorer, *expected;
    expect_success(diffmm_scorer_create(t.model, &scorer));
    expect_success(diffmm_model_forward(diffmm_trainer_model(t.trainer)));
    expect_success(diffmm_scorer_create(t.model, &expected));
    for (int32_t u = 0; u < users; u++) {
        float x[items], y[items];
        expect_success(diffmm_score(scorer, u, items, NULL, x));
        expect_success(diffmm_score(expected, u, items, NULL, y));
        ck_assert_mem_eq(x, y, sizeof x);
    }
    diffmm_scorer_destroy(expected);
    diffmm_scorer_destroy(scorer);
    training_end(&t);
}
END_TEST

/* What a trainer evaluates is what its scorer ranks by. */
START_TEST(metrics_are_of_the_rows_that_rank)
{
    struct training t;
    diffmm_report report = {.struct_size = sizeof report};
    diffmm_metrics again;
    train(&t, blended, 1);
    expect_success(diffmm_trainer_report(t.trainer, &report));
    for (size_t c = 0; c < report.cutoff_count; c++) {
        expect_success(diffmm_evaluate(t.context, t.dataset, DIFFMM_TEST, width, t.model->served,
                                       t.model->served + users * width, 1, &report.test[c].cutoff,
                                       &again));
        ck_assert(again.recall == report.test[c].recall && again.ndcg == report.test[c].ndcg);
    }
    ck_assert_uint_gt(report.cutoff_count, 0);
    training_end(&t);
}
END_TEST

START_TEST(without_it_nothing_is_wider)
{
    struct training t, without;
    diffmm_scorer *scorer;
    train(&t, (const char *const[]){SPECTRAL, NULL}, 1);
    ck_assert_ptr_null(t.model->served);
    ck_assert_ptr_eq(diffmm__served_users(t.model), t.model->final);
    expect_success(diffmm_scorer_create(t.model, &scorer));
    ck_assert_uint_eq(diffmm_scorer_dimensions(scorer), d);
    diffmm_scorer_destroy(scorer);
    /* The blend trains nothing. */
    train(&without, blended, 1);
    expect_same_bits(t.model, without.model);
    training_end(&without);
    training_end(&t);
}
END_TEST

static void expect_same_scores(const diffmm_scorer *a, const diffmm_scorer *b)
{
    for (int32_t u = 0; u < users; u++) {
        float x[items], y[items];
        expect_success(diffmm_score(a, u, items, NULL, x));
        expect_success(diffmm_score(b, u, items, NULL, y));
        ck_assert_mem_eq(x, y, sizeof x);
    }
}

START_TEST(files_hold_it)
{
    struct training t;
    diffmm_scorer *scorer, *opened, *of_loaded;
    diffmm_model *loaded;
    size_t size, again;
    train(&t, blended, 2);
    void *data = model_bytes(t.trainer, &size);
    expect_success(diffmm_scorer_create(t.model, &scorer));
    expect_success(diffmm_scorer_open_memory(t.context, data, size, &opened));
    expect_success(diffmm_model_load_memory(t.context, data, size, &loaded));
    ck_assert_uint_eq(diffmm_model_dimensions(loaded), d);
    expect_same_bits(loaded, loaded);
    ck_assert_mem_eq(diffmm_model_user_embeddings(loaded), diffmm_model_user_embeddings(t.model),
                     (users + items) * d * sizeof(float));
    expect_success(diffmm_scorer_create(loaded, &of_loaded));
    expect_same_scores(scorer, opened);
    expect_same_scores(scorer, of_loaded);
    void *copy = malloc(size);
    expect_success(diffmm_scorer_save_memory(opened, copy, size, &again));
    ck_assert_uint_eq(again, size);
    ck_assert_mem_eq(copy, data, size);
    expect_success(diffmm_scorer_save_memory(scorer, copy, size, &again));
    ck_assert_mem_eq(copy, data, size);
    expect_success(diffmm_model_save_memory(loaded, copy, size, &again));
    ck_assert_mem_eq(copy, data, size);
    free(copy);
    free(data);
    diffmm_scorer_destroy(of_loaded);
    diffmm_scorer_destroy(opened);
    diffmm_scorer_destroy(scorer);
    diffmm_model_destroy(loaded);
    training_end(&t);
}
END_TEST

/* Where a parameter has changed, or a batch has moved the final embeddings alone, a scorer has what a
 * forward pass would give. */
START_TEST(rows_are_of_the_present_parameters)
{
    struct training t;
    diffmm_scorer *scorer, *expected;
    const int32_t one[] = {1};
    train(&t, blended, 1);
    diffmm_model *model = diffmm_trainer_model(t.trainer);
    for (int change = 0; change < 2; change++) {
        if (change == 0) {
            expect_success(diffmm_model_objective(model, 1, one, one, one, NULL));
            ck_assert(!model->stale && !model->blended);
        } else {
            const float ones[modalities] = {0.0F, 1.5F};
            expect_success(
                diffmm_model_set_parameter(model, "modality_logits", modalities, 1, ones));
        }
        expect_success(diffmm_scorer_create(model, &scorer));
        expect_success(diffmm_model_forward(model));
        expect_success(diffmm_scorer_create(model, &expected));
        expect_same_scores(scorer, expected);
        diffmm_scorer_destroy(expected);
        diffmm_scorer_destroy(scorer);
    }
    training_end(&t);
}
END_TEST

START_TEST(the_best_epoch_is_put_back)
{
    struct training t;
    static float rows[5][(users + items) * width];
    train(&t, blended, 0);
    for (size_t e = 1; e <= 4; e++) {
        expect_success(diffmm_trainer_epoch(t.trainer, NULL));
        memcpy(rows[e], t.model->served, sizeof rows[e]);
    }
    expect_success(diffmm_trainer_restore_best(t.trainer));
    ck_assert_mem_eq(t.model->served, rows[t.trainer->best.epoch], sizeof *rows);
    ck_assert(t.model->blended);
    training_end(&t);
}
END_TEST

/* A part without spread counts nothing, and one that is not a number neither. */
START_TEST(parts_without_spread)
{
    struct training t;
    train(&t, blended, 1);
    diffmm_model *model = diffmm_trainer_model(t.trainer);
    diffmm_diffusion *first = model->modalities[0].diffusion,
                     *second = model->modalities[1].diffusion;
    for (size_t i = 0; i < first->layers.size; i++)
        first->values[i] = 0.0F;
    second->values[second->layers.layer[2].bias] = NAN;
    expect_success(diffmm_model_forward(model));
    for (size_t u = 0; u < users; u++)
        for (size_t c = 0; c < width; c++)
            ck_assert(model->served[u * width + c] == (c < d ? model->final[u * d + c] : 0.0F));
    /* Without any spread of the recommender's own, the denoisers alone rank. */
    memset(model->final, 0, (users + items) * d * sizeof *model->final);
    expect_success(diffmm__blend_fill(model));
    expect_finite(model);
    for (size_t i = 0; i < first->layers.size; i++)
        first->values[i] = sinf((float)i);
    expect_success(diffmm__blend_fill(model));
    double scores[items] = {0};
    for (size_t i = 0; i < items; i++)
        for (size_t c = 0; c < width; c++)
            scores[i] += (double)model->served[c] * (double)model->served[(users + i) * width + c];
    ck_assert_msg(fabs(deviation(scores) - 0.7 / modalities) < 1e-3, "%g", deviation(scores));
    training_end(&t);
}
END_TEST

static void expect_refusal(const char *const *list, const char *why)
{
    diffmm_context *context;
    diffmm_trainer *trainer;
    expect_success(diffmm_context_create(NULL, &context));
    diffmm_dataset *dataset = training_data(context);
    diffmm_options *options = settings(context, training_settings);
    set_all(options, list);
    expect_failure(diffmm_trainer_create(dataset, options, &trainer), DIFFMM_ERROR_INVALID_ARGUMENT,
                   why);
    diffmm_options_destroy(options);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}

START_TEST(refusals)
{
    expect_refusal((const char *const[]){"diffusion.blend", "0.5", NULL},
                   "diffusion.blend is 0.5, but the denoisers are full ones; set denoiser.kind to "
                   "spectral, or diffusion.blend to 0");
}
END_TEST

/* So that a preset can be compared with itself without diffusion. */
START_TEST(without_diffusion_there_is_nothing_to_blend)
{
    struct training plain, t;
    training_begin(&plain, (const char *const[]){"diffusion.enabled", "false", NULL});
    training_begin(&t, (const char *const[]){"diffusion.enabled", "false", "diffusion.blend", "2",
                                             "denoiser.kind", "spectral", NULL});
    expect_success(diffmm_trainer_fit(plain.trainer, NULL, NULL));
    expect_success(diffmm_trainer_fit(t.trainer, NULL, NULL));
    expect_same_bits(plain.model, t.model);
    diffmm_scorer *scorer;
    expect_success(diffmm_scorer_create(t.model, &scorer));
    ck_assert_uint_eq(diffmm_scorer_dimensions(scorer), diffmm_model_dimensions(t.model));
    diffmm_scorer_destroy(scorer);
    training_end(&t);
    training_end(&plain);
}
END_TEST

/* By the recommender's part of the rows. */
START_TEST(similar_items)
{
    struct training t;
    diffmm_scorer *scorer;
    diffmm_hit hits[items];
    size_t found;
    train(&t, blended, 1);
    expect_success(diffmm_scorer_create(t.model, &scorer));
    const diffmm_query query = {.struct_size = sizeof query, .count = items};
    for (int s = 0; s < 2; s++) {
        expect_success(
            diffmm_similar_items(scorer, 2, s ? DIFFMM_COSINE : DIFFMM_DOT, &query, hits, &found));
        ck_assert_uint_eq(found, items - 1);
        for (size_t h = 0; h < found; h++) {
            const float *a = diffmm_model_item_embeddings(t.model) + 2 * d,
                        *b = diffmm_model_item_embeddings(t.model) + (size_t)hits[h].item * d;
            double dot = 0.0, aa = 0.0, bb = 0.0;
            for (size_t c = 0; c < d; c++) {
                dot += (double)a[c] * (double)b[c];
                aa += (double)a[c] * (double)a[c];
                bb += (double)b[c] * (double)b[c];
            }
            ck_assert(fabs((double)hits[h].score - (s ? dot / sqrt(aa * bb) : dot)) <
                      1e-5 * sqrt(aa * bb) + 1e-6);
        }
    }
    diffmm_scorer_destroy(scorer);
    training_end(&t);
}
END_TEST

/* New items are placed among the rows that rank. */
START_TEST(new_items)
{
    struct training t;
    diffmm_placer *placer;
    diffmm_scorer *scorer, *larger;
    const float image[12] = {0.2F, -0.4F}, text[7] = {0.9F};
    const float *const features[] = {image, text};
    float row[width], score, expected = 0.0F;
    const int32_t item = items;
    train(&t, blended, 1);
    expect_success(diffmm_placer_create(t.model, t.dataset, &placer));
    ck_assert_uint_eq(diffmm_placer_dimensions(placer), width);
    expect_success(diffmm_place_items(placer, 1, features, 1.0, row));
    expect_success(diffmm_scorer_create(t.model, &scorer));
    expect_success(diffmm_scorer_extend(scorer, 1, NULL, row, &larger));
    expect_success(diffmm_score(larger, 3, 1, &item, &score));
    for (size_t c = 0; c < width; c++)
        expected += t.model->served[3 * width + c] * row[c];
    ck_assert(fabsf(score - expected) < 1e-4F * (1.0F + fabsf(expected)));
    size_t size;
    expect_success(diffmm_scorer_save_memory(larger, NULL, 0, &size));
    diffmm_scorer_destroy(larger);
    diffmm_scorer_destroy(scorer);
    diffmm_placer_destroy(placer);
    training_end(&t);
}
END_TEST

/* Without modalities there is nothing to blend. */
START_TEST(without_modalities)
{
    struct training t;
    diffmm_context *context;
    const diffmm_synthetic spec = {.struct_size = sizeof spec,
                                   .users = 20,
                                   .items = 15,
                                   .interactions = 100,
                                   .modality_count = 1,
                                   .seed = 3};
    diffmm_dataset *dataset;
    expect_success(diffmm_context_create(NULL, &context));
    expect_success(diffmm_dataset_synthesize(context, &spec, &dataset));
    training_on(&t, context, dataset,
                (const char *const[]){SPECTRAL, "diffusion.blend", "0.5", "modality.image.enabled",
                                      "false", NULL});
    ck_assert_ptr_null(t.model->served);
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    training_end(&t);
}
END_TEST

/* A file whose width is not that of its rows, or not above d. */
START_TEST(files_of_another_width)
{
    struct training t;
    size_t size;
    diffmm_scorer *scorer;
    diffmm_model *model;
    train(&t, blended, 1);
    char *data = model_bytes(t.trainer, &size);
    static const char width_of_file[] = "\"width\":\"26\"";
    static const char *const wrong[] = {"27", "08", "-1", "99"};
    char *place = data;
    while (memcmp(place, width_of_file, sizeof width_of_file - 1) != 0)
        ck_assert_ptr_ne(++place, data + size - sizeof width_of_file);
    for (size_t w = 0; w < sizeof wrong / sizeof *wrong; w++) {
        memcpy(place + 9, wrong[w], 2);
        expect_failure(diffmm_scorer_open_memory(t.context, data, size, &scorer),
                       DIFFMM_ERROR_FORMAT, w == 1 || w == 2 ? "width" : "final.user");
        expect_failure(diffmm_model_load_memory(t.context, data, size, &model), DIFFMM_ERROR_FORMAT,
                       w == 1 || w == 2 ? "width" : "final.user");
    }
    free(data);
    training_end(&t);
}
END_TEST

static diffmm_status make_scorer(void *model)
{
    diffmm_scorer *scorer;
    diffmm_status status = diffmm_scorer_create(model, &scorer);
    if (!status)
        diffmm_scorer_destroy(scorer);
    return status;
}

/* A scorer of a model that has changed takes memory for all of this; the model stays as it is. */
START_TEST(memory_may_fail)
{
    struct failing failing = {0};
    struct training t;
    diffmm_context *context = failing_context(&failing, 1);
    training_on(&t, context, training_data(context), blended);
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    diffmm_model *model = diffmm_trainer_model(t.trainer);
    size_t size = (users + items) * width * sizeof(float);
    float *before = malloc(size);
    memcpy(before, model->served, size);
    diffmm__model_changed(model);
    ck_assert_uint_gt(fail_each_allocation(&failing, make_scorer, model), 10);
    ck_assert_mem_eq(model->served, before, size);
    free(before);
    training_end(&t);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {scores_are_the_formulas,
                                  noise_is_of_no_epoch,
                                  coordinates_of_generating,
                                  an_epoch_that_ends_early,
                                  metrics_are_of_the_rows_that_rank,
                                  without_it_nothing_is_wider,
                                  files_hold_it,
                                  rows_are_of_the_present_parameters,
                                  the_best_epoch_is_put_back,
                                  parts_without_spread,
                                  refusals,
                                  without_diffusion_there_is_nothing_to_blend,
                                  similar_items,
                                  new_items,
                                  without_modalities,
                                  files_of_another_width,
                                  memory_may_fail};
    return run_tests("model/blend", tests, sizeof tests / sizeof *tests) != 0;
}

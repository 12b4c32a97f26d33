/* SPDX-License-Identifier: BSD-2-Clause */
/* Every public function that changes parameters or graphs leaves neither metrics nor embeddings
 * that are not those of what the model now is: in the handle, in a file saved from it, in a scorer.
 */
#include <stdlib.h>

#include <diffmm/diffmm.h>

#include "support/failing.h"
#include "support/training.h"

static const char *const plain[] = {"layers", "2", NULL};

struct world {
    struct training t;
    diffmm_model *model;
    diffmm_model *other; /* whose parameters are others */
};

static void begin(struct world *w)
{
    training_begin(&w->t, plain);
    for (int epoch = 0; epoch < 2; epoch++)
        expect_success(diffmm_trainer_epoch(w->t.trainer, NULL));
    expect_success(diffmm_trainer_restore_best(w->t.trainer));
    w->model = diffmm_trainer_model(w->t.trainer);
    diffmm_options *options = settings(w->t.context, training_settings);
    set_all(options, (const char *const[]){"layers", "2", "seed", "77", NULL});
    expect_success(diffmm_model_create(w->t.dataset, options, &w->other));
    diffmm_options_destroy(options);
}

static void end(struct world *w)
{
    diffmm_model_destroy(w->other);
    training_end(&w->t);
}

static void *saved(const diffmm_model *model, size_t *size)
{
    expect_success(diffmm_model_save_memory(model, NULL, 0, size));
    void *data = malloc(*size);
    expect_success(diffmm_model_save_memory(model, data, *size, size));
    return data;
}

static size_t chosen_epoch(diffmm_context *context, const void *data, size_t size)
{
    diffmm_file *file;
    diffmm_file_info info = {.struct_size = sizeof info};
    expect_success(diffmm_file_open_memory(context, data, size, &file));
    expect_success(diffmm_file_describe(file, &info));
    diffmm_file_destroy(file);
    return info.chosen_epoch;
}

static size_t epoch_of(const diffmm_model *model)
{
    size_t size;
    void *data = saved(model, &size);
    diffmm_context *context;
    expect_success(diffmm_context_create(NULL, &context));
    size_t epoch = chosen_epoch(context, data, size);
    diffmm_context_destroy(context);
    free(data);
    return epoch;
}

/* The saved file's metrics and vectors, and a scorer's, against a forward pass made afterwards. */
static void expect_nothing_stale(struct world *w)
{
    const diffmm_model *model = w->model;
    diffmm_scorer *scorer, *opened;
    size_t size, count = final_size(model) * sizeof(float), users = diffmm_model_users(model);
    void *data = saved(model, &size);
    diffmm_model *loaded;
    expect_success(diffmm_scorer_create(model, &scorer));
    expect_success(diffmm_scorer_open_memory(w->t.context, data, size, &opened));
    expect_success(diffmm_model_load_memory(w->t.context, data, size, &loaded));
    ck_assert_uint_eq(chosen_epoch(w->t.context, data, size), 0);
    ck_assert_uint_eq(epoch_of(loaded), 0);
    expect_success(diffmm_model_forward(w->model));
    const float *final = diffmm_model_user_embeddings(model);
    ck_assert_mem_eq(diffmm_model_user_embeddings(loaded), final, count);
    /* The fold-in state is the same forward pass's: it gives each user's own vector or another,
     * but from the file, from a scorer made before and from one made after, the same bits. */
    diffmm_scorer *after;
    float a[8], b[8], c[8];
    expect_success(diffmm_scorer_create(model, &after));
    for (int32_t u = 0; u < (int32_t)users; u += 7) {
        const int32_t item = u % 50;
        expect_success(diffmm_fold_in(scorer, -1, 1, &item, a));
        expect_success(diffmm_fold_in(opened, -1, 1, &item, b));
        expect_success(diffmm_fold_in(after, -1, 1, &item, c));
        ck_assert_mem_eq(a, c, sizeof a);
        ck_assert_mem_eq(b, c, sizeof b);
        float x, y;
        expect_success(diffmm_score(scorer, u, 1, &item, &x));
        expect_success(diffmm_score(after, u, 1, &item, &y));
        ck_assert(x == y);
    }
    diffmm_scorer_destroy(after);
    diffmm_scorer_destroy(scorer);
    diffmm_scorer_destroy(opened);
    diffmm_model_destroy(loaded);
    free(data);
}

static const int32_t batch_user[] = {1, 2, 3}, batch_positive[] = {4, 5, 6},
                     batch_negative[] = {7, 8, 9};

static void objective(struct world *w)
{
    expect_success(
        diffmm_model_objective(w->model, 3, batch_user, batch_positive, batch_negative, NULL));
}

static void step(struct world *w)
{
    objective(w);
    expect_success(diffmm_model_step(w->model));
}

static void step_alone(struct world *w) /* moments are not zero, so that it changes something */
{
    expect_success(diffmm_model_step(w->model));
}

static void inherit(struct world *w)
{
    expect_success(diffmm_model_inherit(w->model, w->other));
}

static void set_parameter(struct world *w, const char *name)
{
    diffmm_parameter p = {.struct_size = sizeof p};
    expect_success(diffmm_model_parameter(w->model, name, &p));
    float *values = malloc(p.rows * p.columns * sizeof *values);
    for (size_t i = 0; i < p.rows * p.columns; i++)
        values[i] = 0.5F * p.values[i] + 0.01F;
    expect_success(diffmm_model_set_parameter(w->model, name, p.rows, p.columns, values));
    free(values);
}

static void set_embedding(struct world *w)
{
    set_parameter(w, "item_embedding");
}

static void set_logits(struct world *w)
{
    set_parameter(w, "modality_logits");
}

static void set_projection(struct world *w)
{
    set_parameter(w, "modality.image.projection.weight");
}

static void set_denoiser(struct world *w)
{
    set_parameter(w, "denoiser.image.encoder.0.weight");
    expect_success(
        diffmm_model_forward(w->model)); /* graphs are the last epoch's, not the best's */
}

static void set_graph(struct world *w)
{
    expect_success(diffmm_model_set_graph(w->model, "text", diffmm_model_graph(w->other, "text")));
}

static void forward(struct world *w)
{
    expect_success(diffmm_model_forward(w->model));
}

static int stop_in(const diffmm_progress *progress, void *phase)
{
    return progress->phase == *(diffmm_phase *)phase;
}

/* An epoch that is stopped after the first step of a phase. */
static void stop_epoch(struct world *w, diffmm_phase phase)
{
    diffmm_trainer *trainer = w->t.trainer;
    expect_success(diffmm_trainer_on_progress(trainer, stop_in, &phase));
    expect_failure(diffmm_trainer_epoch(trainer, NULL), DIFFMM_CANCELLED, "");
    expect_success(diffmm_trainer_on_progress(trainer, NULL, NULL));
}

static void stop_in_denoise(struct world *w)
{
    stop_epoch(w, DIFFMM_PHASE_DENOISE);
}

static void stop_in_generate(struct world *w)
{
    stop_epoch(w, DIFFMM_PHASE_GENERATE);
}

static void stop_in_recommend(struct world *w)
{
    stop_epoch(w, DIFFMM_PHASE_RECOMMEND);
}

static void stop_in_evaluate(struct world *w)
{
    stop_epoch(w, DIFFMM_PHASE_EVALUATE);
}

START_TEST(nothing_is_stale)
{
    static const struct {
        const char *name;
        void (*change)(struct world *);
    } changes[] = {{"step", step},
                   {"step alone", step_alone},
                   {"objective", objective},
                   {"inherit", inherit},
                   {"set embedding", set_embedding},
                   {"set logits", set_logits},
                   {"set projection", set_projection},
                   {"set denoiser", set_denoiser},
                   {"set graph", set_graph},
                   {"forward", forward},
                   {"stopped in denoise", stop_in_denoise},
                   {"stopped in generate", stop_in_generate},
                   {"stopped in recommend", stop_in_recommend},
                   {"stopped in evaluate", stop_in_evaluate}};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct world w;
        begin(&w);
        ck_assert_uint_gt(epoch_of(w.model), 0);
        diffmm_scorer *before;
        const int32_t item = 3;
        float score, again, vector[8], vector_again[8];
        expect_success(diffmm_scorer_create(w.model, &before));
        expect_success(diffmm_score(before, 4, 1, &item, &score));
        expect_success(diffmm_fold_in(before, -1, 1, &item, vector));
        changes[i].change(&w);
        ck_assert_msg(epoch_of(w.model) == 0, "after %s", changes[i].name);
        expect_nothing_stale(&w);
        expect_success(diffmm_score(before, 4, 1, &item, &again)); /* stays what it was */
        expect_success(diffmm_fold_in(before, -1, 1, &item, vector_again));
        ck_assert(score == again);
        ck_assert_mem_eq(vector, vector_again, sizeof vector);
        diffmm_scorer_destroy(before);
        end(&w);
    }
}
END_TEST

/* What puts back a whole epoch says which. */
START_TEST(an_epoch_is_known_again)
{
    struct world w;
    size_t best;
    begin(&w);
    expect_success(diffmm_trainer_best(w.t.trainer, &best, NULL, NULL));
    ck_assert_uint_eq(epoch_of(w.model), best);
    size_t count = final_size(w.model) * sizeof(float);
    float *final = malloc(count);
    memcpy(final, diffmm_model_user_embeddings(w.model), count);
    step(&w);
    expect_success(diffmm_trainer_restore_best(w.t.trainer));
    ck_assert_uint_eq(epoch_of(w.model), best);
    ck_assert_mem_eq(diffmm_model_user_embeddings(w.model), final, count);
    size_t size;
    void *data = saved(w.model, &size);
    diffmm_model *loaded;
    expect_success(diffmm_model_load_memory(w.t.context, data, size, &loaded));
    ck_assert_mem_eq(diffmm_model_user_embeddings(loaded), final, count);
    diffmm_model_destroy(loaded);
    free(data);
    free(final);
    end(&w);
}
END_TEST

/* A trainer made from a model, and one that goes on from a checkpoint of a changed model. */
START_TEST(new_trainers)
{
    struct world w;
    diffmm_trainer *trainer;
    begin(&w);
    diffmm_model *model = w.model;
    expect_success(diffmm_trainer_create_from(w.t.dataset, NULL, model, &trainer));
    w.model = diffmm_trainer_model(trainer);
    expect_nothing_stale(&w);
    diffmm_trainer_destroy(trainer);
    w.model = model;
    step(&w);
    size_t size;
    expect_success(diffmm_trainer_checkpoint_memory(w.t.trainer, NULL, 0, &size));
    void *data = malloc(size);
    expect_success(diffmm_trainer_checkpoint_memory(w.t.trainer, data, size, &size));
    expect_success(diffmm_trainer_resume_memory(w.t.dataset, data, size, NULL, &trainer));
    w.model = diffmm_trainer_model(trainer);
    ck_assert_uint_eq(epoch_of(w.model), 0);
    expect_nothing_stale(&w);
    diffmm_trainer_destroy(trainer);
    free(data);
    end(&w);
}
END_TEST

/* A new model has embeddings before its first forward pass: those of its initial parameters. */
START_TEST(a_new_model)
{
    struct world w;
    begin(&w);
    diffmm_model *model = w.model;
    w.model = w.other;
    expect_nothing_stale(&w);
    w.model = model;
    end(&w);
}
END_TEST

static void count_warnings(diffmm_log_level level, const char *message, void *count)
{
    if (level == DIFFMM_LOG_WARNING && strstr(message, "still the file's"))
        ++*(size_t *)count;
}

/* A loaded model cannot compute: its embeddings are the file's, and this is said. */
START_TEST(a_loaded_model)
{
    struct world w;
    size_t size, warnings = 0;
    begin(&w);
    void *data = saved(w.model, &size);
    diffmm_context *context;
    diffmm_model *loaded;
    expect_success(diffmm_context_create(
        &(diffmm_context_settings){
            .log = count_warnings, .log_data = &warnings, .log_level = DIFFMM_LOG_WARNING},
        &context));
    expect_success(diffmm_model_load_memory(context, data, size, &loaded));
    ck_assert_uint_gt(epoch_of(loaded), 0);
    ck_assert_uint_eq(warnings, 0);
    diffmm_model *model = w.model;
    w.model = loaded;
    set_embedding(&w);
    w.model = model;
    ck_assert_uint_eq(epoch_of(loaded), 0);
    ck_assert_uint_gt(warnings, 0);
    size_t count = final_size(w.model) * sizeof(float);
    ck_assert_mem_eq(diffmm_model_user_embeddings(loaded), diffmm_model_user_embeddings(w.model),
                     count);
    diffmm_model_destroy(loaded);
    diffmm_context_destroy(context);
    free(data);
    end(&w);
}
END_TEST

static diffmm_status save_changed(void *model)
{
    size_t size;
    return diffmm_model_save_memory(model, NULL, 0, &size);
}

START_TEST(without_memory)
{
    struct failing failing = {.fail = 0};
    diffmm_context *context = failing_context(&failing, 1);
    struct training t;
    training_on(&t, context, training_data(context), plain);
    ck_assert_uint_ge(fail_each_allocation(&failing, save_changed, diffmm_trainer_model(t.trainer)),
                      20);
    training_end(&t);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {nothing_is_stale, an_epoch_is_known_again, new_trainers,
                                  a_new_model,      a_loaded_model,          without_memory};
    return run_tests("model/embeddings", tests, sizeof tests / sizeof *tests) != 0;
}

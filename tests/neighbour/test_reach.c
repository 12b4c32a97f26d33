/* SPDX-License-Identifier: BSD-2-Clause */
/* All that the library can do is within reach of a program that has only the public headers. */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "life.h"
#include "support/failure.h"
#include "support/folder.h"
#include "support/task_threads.h"

enum { USERS = 40, ITEMS = 30, D = 8, BATCH = 32, THREADS = 3 };

/* A host that gives memory and threads, and listens. */
struct host {
    atomic_long blocks; /* allocated and not released */
    atomic_size_t allocations, runs;
    pthread_t caller;
    size_t messages[DIFFMM_LOG_DEBUG + 1], steps, epochs, elsewhere;
};

static void *host_allocate(size_t size, void *user_data)
{
    struct host *host = user_data;
    atomic_fetch_add(&host->blocks, 1);
    atomic_fetch_add(&host->allocations, 1);
    return malloc(size);
}

static void host_release(void *pointer, void *user_data)
{
    struct host *host = user_data;
    atomic_fetch_sub(&host->blocks, 1);
    free(pointer);
}

static size_t pool_size(void *user_data)
{
    (void)user_data;
    return THREADS;
}

static void pool_run(size_t count, diffmm_task task, void *argument, void *user_data)
{
    struct host *host = user_data;
    ck_assert_uint_le(count, THREADS);
    atomic_fetch_add(&host->runs, 1);
    run_in_threads(0, count, task, argument);
}

static void note_thread(struct host *host)
{
    host->elsewhere += !pthread_equal(pthread_self(), host->caller);
}

static void on_log(diffmm_log_level level, const char *message, void *user_data)
{
    struct host *host = user_data;
    note_thread(host);
    ck_assert(level > DIFFMM_LOG_NONE && level <= DIFFMM_LOG_DEBUG && *message);
    host->messages[level]++;
}

static int on_step(const diffmm_progress *progress, void *user_data)
{
    struct host *host = user_data;
    note_thread(host);
    host->steps += progress->done >= 1 && progress->done <= progress->total;
    return 0;
}

static int on_epoch(const diffmm_report *report, void *user_data)
{
    struct host *host = user_data;
    note_thread(host);
    host->epochs = report->epoch;
    return 0;
}

struct world {
    diffmm_dataset *data;
    diffmm_options *options;
    diffmm_trainer *trainer;
    diffmm_model *model; /* the trainer's */
};

/* A trainer of two modalities with small sizes, on a context that it takes over. */
static void begin(struct world *world, diffmm_context *context)
{
    static const char *const small[][2] = {
        {"embedding_size", "8"}, {"hidden_sizes", "16"}, {"batch", "32"},    {"epochs", "2"},
        {"keep_rate", "1"},      {"rebuild_k", "2"},     {"ssl_reg", "0.1"}, {"reg", "0.01"}};
    const diffmm_synthetic spec = {.struct_size = sizeof spec, .users = USERS, .items = ITEMS};
    expect_success(diffmm_dataset_synthesize(context, &spec, &world->data));
    expect_success(diffmm_options_create(context, &world->options));
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        expect_success(diffmm_options_set(world->options, small[i][0], small[i][1]));
    expect_success(diffmm_trainer_create(world->data, world->options, &world->trainer));
    world->model = diffmm_trainer_model(world->trainer);
    diffmm_context_destroy(context);
}

static void end(struct world *world)
{
    diffmm_trainer_destroy(world->trainer);
    diffmm_options_destroy(world->options);
    diffmm_dataset_destroy(world->data);
}

static void begin_plain(struct world *world)
{
    diffmm_context *context;
    expect_success(diffmm_context_create(NULL, &context));
    begin(world, context);
}

START_TEST(memory_threads_and_callbacks_of_the_host)
{
    struct host host = {.caller = pthread_self()};
    const diffmm_context_settings settings = {.struct_size = sizeof settings,
                                              .allocate = host_allocate,
                                              .release = host_release,
                                              .allocator_data = &host,
                                              .log = on_log,
                                              .log_data = &host,
                                              .log_level = DIFFMM_LOG_DEBUG,
                                              .pool_size = pool_size,
                                              .pool_run = pool_run,
                                              .pool_data = &host};
    diffmm_context *context;
    struct world hosted, plain;
    expect_success(diffmm_context_create(&settings, &context));
    begin(&hosted, context);
    begin_plain(&plain);
    expect_success(diffmm_trainer_on_progress(hosted.trainer, on_step, &host));
    expect_success(diffmm_trainer_fit(hosted.trainer, on_epoch, &host));
    expect_success(diffmm_trainer_fit(plain.trainer, NULL, NULL));
    ck_assert_mem_eq(diffmm_model_user_embeddings(hosted.model),
                     diffmm_model_user_embeddings(plain.model), USERS * D * sizeof(float));
    ck_assert_uint_eq(host.epochs, 2);
    ck_assert_uint_eq(host.elsewhere, 0); /* every callback from the calling thread */
    ck_assert(host.steps > 8 && host.allocations > 100 && host.runs > 10);
    /* A line for each epoch, and one in each for the graph of each modality. */
    ck_assert_uint_eq(host.messages[DIFFMM_LOG_INFO], 2 * (1 + 2));
    ck_assert(host.messages[DIFFMM_LOG_DEBUG] > 0);
    end(&hosted);
    end(&plain);
    ck_assert_int_eq((int)host.blocks, 0);
}
END_TEST

static int cancel(const diffmm_progress *progress, void *user_data)
{
    if (progress->phase == DIFFMM_PHASE_RECOMMEND)
        diffmm_trainer_cancel(user_data);
    return 0;
}

START_TEST(cancelling)
{
    struct world world;
    begin_plain(&world);
    expect_success(diffmm_trainer_on_progress(world.trainer, cancel, world.trainer));
    ck_assert_int_eq(diffmm_trainer_epoch(world.trainer, NULL), DIFFMM_CANCELLED);
    expect_success(diffmm_trainer_on_progress(world.trainer, NULL, NULL));
    expect_success(diffmm_trainer_epoch(world.trainer, NULL));
    end(&world);
}
END_TEST

START_TEST(every_setting_by_its_name)
{
    struct world world;
    begin_plain(&world);
    for (size_t i = 0; i < diffmm_option_count(); i++) {
        diffmm_option_info info = {.struct_size = sizeof info};
        char name[80];
        const char *value;
        expect_success(diffmm_option_describe(i, &info));
        ck_assert(*info.name && *info.help && info.minimum <= info.maximum);
        ck_assert(info.type >= DIFFMM_OPTION_FLAG && info.type <= DIFFMM_OPTION_LIST);
        ck_assert(!info.choices == (info.type != DIFFMM_OPTION_CHOICE));
        const char *star = strchr(info.name, '*');
        snprintf(name, sizeof name, "%.*s%s%s", (int)(star ? star - info.name : 79), info.name,
                 star ? "image" : "", star ? star + 1 : "");
        if (*info.default_value) {
            expect_success(diffmm_options_set(world.options, name, info.default_value));
            expect_success(diffmm_options_get(world.options, name, &value));
            ck_assert_str_eq(value, info.default_value);
        } else {
            expect_success(diffmm_options_get(world.options, name, &value));
        }
    }
    end(&world);
}
END_TEST

START_TEST(every_parameter_by_its_name)
{
    struct world world;
    size_t denoisers = 0;
    begin_plain(&world);
    expect_success(diffmm_trainer_epoch(world.trainer, NULL));
    for (size_t i = 0; i < diffmm_model_parameters(world.model); i++) {
        diffmm_parameter listed = {.struct_size = sizeof listed}, named = listed;
        expect_success(diffmm_model_parameter_at(world.model, i, &listed));
        expect_success(diffmm_model_parameter(world.model, listed.name, &named));
        ck_assert_ptr_eq(named.values, listed.values);
        denoisers += strncmp(listed.name, "denoiser.", 9) == 0;
        size_t count = listed.rows * listed.columns;
        float *values = malloc(count * sizeof *values);
        ck_assert_ptr_nonnull(values);
        for (size_t v = 0; v < count; v++)
            values[v] = listed.values[v] / 2;
        expect_success(diffmm_model_set_parameter(world.model, listed.name, listed.rows,
                                                  listed.columns, values));
        ck_assert_mem_eq(listed.values, values, count * sizeof *values);
        free(values);
    }
    ck_assert_uint_eq(denoisers, 2 * 6); /* time, encoder.0 and decoder.0, for two modalities */
    expect_success(diffmm_trainer_epoch(world.trainer, NULL));
    end(&world);
}
END_TEST

START_TEST(weights_graphs_and_views_of_each_modality)
{
    struct world world;
    float weights[2], view[2][(USERS + ITEMS) * D];
    const float logits[] = {0, logf(3)};
    begin_plain(&world);
    expect_success(diffmm_trainer_epoch(world.trainer, NULL));
    expect_success(diffmm_model_set_parameter(world.model, "modality_logits", 2, 1, logits));
    expect_success(diffmm_model_modality_weights(world.model, weights));
    ck_assert(fabsf(weights[0] - 0.25F) < 1e-6F && fabsf(weights[1] - 0.75F) < 1e-6F);
    ck_assert_uint_eq(diffmm_model_modalities(world.model), 2);
    for (size_t m = 0; m < 2; m++) {
        const char *name = diffmm_model_modality_name(world.model, m);
        const diffmm_graph *graph = diffmm_model_graph(world.model, name);
        ck_assert_ptr_nonnull(graph);
        /* No edge dropped: a loop for each node, two entries for each of two neighbours. */
        ck_assert_uint_eq(diffmm_graph_entries(graph), USERS + ITEMS + 2 * 2 * USERS);
        expect_success(diffmm_model_view(world.model, name, view[m]));
    }
    ck_assert_mem_ne(view[0], view[1], sizeof view[0]);
    end(&world);
}
END_TEST

/* The objective from its parts, each a function of plain arrays. */
static void expect_objective_of_parts(struct world *world, size_t count, const int32_t *user,
                                      const int32_t *positive, const int32_t *negative)
{
    float view[2][(USERS + ITEMS) * D];
    const float *const views[] = {view[0], view[1]};
    double bpr, contrastive, squares[2];
    diffmm_losses losses;
    diffmm_parameter table[] = {{.struct_size = sizeof *table}, {.struct_size = sizeof *table}};
    expect_success(diffmm_model_objective(world->model, count, user, positive, negative, &losses));
    expect_success(diffmm_bpr(USERS, ITEMS, D, diffmm_model_user_embeddings(world->model),
                              diffmm_model_item_embeddings(world->model), count, user, positive,
                              negative, BATCH, &bpr, NULL, NULL));
    for (size_t m = 0; m < 2; m++)
        expect_success(
            diffmm_model_view(world->model, diffmm_model_modality_name(world->model, m), view[m]));
    expect_success(diffmm_contrastive_loss(NULL, DIFFMM_ANCHOR_MODAL, USERS, ITEMS, D, 2, views,
                                           NULL, count, user, positive, 0.5, &contrastive, NULL,
                                           NULL));
    expect_success(diffmm_model_parameter(world->model, "user_embedding", &table[0]));
    expect_success(diffmm_model_parameter(world->model, "item_embedding", &table[1]));
    expect_success(diffmm_l2(USERS * D, table[0].values, 0.01, &squares[0], NULL));
    expect_success(diffmm_l2(ITEMS * D, table[1].values, 0.01, &squares[1], NULL));
    ck_assert_double_eq_tol(losses.bpr, bpr, 1e-6 * bpr);
    ck_assert_double_eq_tol(losses.contrastive, 0.1 * contrastive, 1e-5 * contrastive);
    ck_assert_double_eq_tol(losses.regularizer, squares[0] + squares[1], 1e-6);
    ck_assert_double_eq_tol(losses.total, losses.bpr + losses.contrastive + losses.regularizer,
                            1e-9);
}

START_TEST(losses)
{
    static int32_t user[USERS * ITEMS], positive[USERS * ITEMS], negative[USERS * ITEMS];
    struct world world;
    size_t count;
    begin_plain(&world);
    expect_success(diffmm_trainer_fit(world.trainer, NULL, NULL));
    diffmm_report report = {.struct_size = sizeof report};
    expect_success(diffmm_trainer_report(world.trainer, &report));
    ck_assert(report.epoch == 2 && report.loss.bpr > 0 && report.loss.contrastive > 0);
    ck_assert(report.loss.regularizer > 0 && report.modality_count == 2);
    ck_assert(report.denoiser_loss[0] > 0 && report.denoiser_loss[1] > 0);
    expect_success(diffmm_sample_pairs(world.data, 1, 1, user, positive, negative, &count));
    expect_objective_of_parts(&world, BATCH, user, positive, negative);
    end(&world);
}
END_TEST

/* The denoiser's loss from its parts. */
START_TEST(losses_of_a_denoiser)
{
    enum { rows = 3, items = 6, d = 2 };
    const size_t hidden[] = {4};
    const diffmm_denoiser_shape shape = {.struct_size = sizeof shape,
                                         .items = items,
                                         .time_size = 2,
                                         .hidden_count = 1,
                                         .hidden_sizes = hidden};
    const float x0[rows * items] = {1, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 1};
    const float features[items * d] = {1, 0, 0, 1, 1, 1, 0.5F, 0, 0, 0.5F, 1, -1};
    const float embedding[items * d] = {0, 1, 1, 0, -1, 1, 0, 0.5F, 0.5F, 0, 1, 1};
    const int32_t t[rows] = {0, 2, 4};
    float parameters[200], noise[rows * items], x_t[rows * items], x_hat[rows * items];
    double loss, elbo, msi, total;
    diffmm_schedule *schedule;
    ck_assert_uint_le(diffmm_denoiser_size(&shape), 200);
    expect_success(diffmm_schedule_create(NULL, 5, 0.1, 1e-4, 0.02, 1, &schedule));
    expect_success(diffmm_denoiser_initialize(&shape, 3, parameters));
    expect_success(diffmm_initialize_normal(rows * items, 1, 4, 0, noise));
    expect_success(diffmm_q_sample(schedule, rows, items, x0, t, noise, x_t));
    expect_success(diffmm_denoiser_forward(NULL, &shape, parameters, rows, x_t, t, NULL, x_hat));
    expect_success(diffmm_elbo(schedule, rows, items, x0, x_hat, t, NULL, &elbo, NULL));
    expect_success(
        diffmm_msi(NULL, rows, items, d, x0, x_hat, features, embedding, NULL, &msi, NULL));
    expect_success(diffmm_denoiser_loss(NULL, &shape, schedule, parameters, rows, x0, t, noise,
                                        NULL, d, features, embedding, 0.3, &total, NULL, NULL,
                                        NULL));
    loss = elbo + 0.3 * msi;
    ck_assert(elbo > 0 && msi > 0);
    ck_assert_double_eq_tol(total, loss, 1e-5 * loss);
    diffmm_schedule_destroy(schedule);
}
END_TEST

START_TEST(versions)
{
    ck_assert_int_eq(diffmm_version(), DIFFMM_VERSION);
    ck_assert_ptr_nonnull(strstr(diffmm_build_info(), "BLIS"));
    ck_assert_ptr_nonnull(strstr(diffmm_build_info(), "processor: "));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {memory_threads_and_callbacks_of_the_host,
                                  cancelling,
                                  every_setting_by_its_name,
                                  every_parameter_by_its_name,
                                  weights_graphs_and_views_of_each_modality,
                                  losses,
                                  losses_of_a_denoiser,
                                  versions};
    return run_tests("neighbour/reach", tests, sizeof tests / sizeof *tests) != 0;
}

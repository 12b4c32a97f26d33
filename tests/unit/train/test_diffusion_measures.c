/* SPDX-License-Identifier: BSD-2-Clause */
/* What a report says of the diffusion is what the public functions say of the same graphs and
 * modules; and nothing that is trained depends on it. */
#include "train/diffusion_measures.h"

#include <stdio.h>

#include "support/trainer_state.h"
#include "train/trainer.h"

enum { modalities = 2, most = 70 * 60 };

static diffmm_report one_epoch(diffmm_trainer *trainer)
{
    diffmm_report report = {.struct_size = sizeof report};
    expect_success(diffmm_trainer_epoch(trainer, &report));
    return report;
}

/* The users of a sample, or all. */
static diffmm_diffusion_batch batch_of(const struct training *t, size_t epoch, size_t count,
                                       const int32_t *users)
{
    const struct diffmm__csr *train = &t->model->catalog->train;
    return (diffmm_diffusion_batch){.struct_size = sizeof(diffmm_diffusion_batch),
                                    .users = train->rows,
                                    .row_pointers = train->pointers,
                                    .row_items = train->indices,
                                    .rows = count,
                                    .row_numbers = users,
                                    .epoch = epoch};
}

static void generate(const struct training *t, size_t epoch, size_t m, size_t count, int32_t *out)
{
    diffmm_diffusion_batch batch = batch_of(t, epoch, 0, NULL);
    expect_success(
        diffmm_diffusion_generate(t->model->modalities[m].diffusion, &batch, count, out, NULL));
}

static diffmm_graph_measures measure_graph(const struct training *t, size_t m, size_t count,
                                           const int32_t *neighbors, const int32_t *previous)
{
    const struct diffmm__csr *train = &t->model->catalog->train, *held = &t->dataset->held[0];
    const struct diffmm__model_modality *modality = &t->model->modalities[m];
    const diffmm_measure_graph_arguments arguments = {.struct_size = sizeof arguments,
                                                      .users = train->rows,
                                                      .items = train->columns,
                                                      .count = count,
                                                      .neighbors = neighbors,
                                                      .row_pointers = train->pointers,
                                                      .row_items = train->indices,
                                                      .held_pointers = held->pointers,
                                                      .held_items = held->indices,
                                                      .previous = previous,
                                                      .columns = modality->dimensions,
                                                      .features = modality->features};
    diffmm_graph_measures measures = {.struct_size = sizeof measures};
    expect_success(diffmm_measure_graph_with(NULL, &arguments, &measures));
    return measures;
}

static diffmm_denoiser_measures measure_denoiser(const struct training *t, size_t epoch, size_t m)
{
    const struct diffmm__diffusion_measures *own = &t->trainer->measures;
    const struct diffmm__csr *held = &t->dataset->held[0];
    diffmm_diffusion_batch batch = batch_of(t, epoch, own->users.judged, own->judged);
    diffmm_denoiser_measures measures = {.struct_size = sizeof measures};
    expect_success(diffmm_diffusion_measure(t->model->modalities[m].diffusion, &batch,
                                            held->pointers, held->indices, 5, &measures));
    return measures;
}

#define SETTINGS "rebuild_k", "3", "cutoffs", "5,20", "epochs", "6", "patience", "0"

/* With all users, whatever the number of threads, for both kinds of denoiser. Users without training items have nothing to be
 * compared with: agreement leaves them out, too. */
START_TEST(figures_are_those_of_the_public_functions)
{
    static int32_t before[modalities][most], now[most];
    struct training t;
    for (size_t threads = 1; threads <= 4; threads++) {
        training_with(&t, &(diffmm_context_settings){.threads = threads},
                      (const char *const[]){SETTINGS, "measure", "full", "measure.users", "0",
                                            "denoiser.rank", "16", "denoiser.kind",
                                            threads % 2 ? "full" : "spectral", NULL});
        for (size_t epoch = 1; epoch <= 3; epoch++) {
            diffmm_report report = one_epoch(t.trainer);
            for (size_t m = 0; m < modalities; m++) {
                generate(&t, epoch, m, 3, now);
                diffmm_graph_measures want =
                    measure_graph(&t, m, 3, now, epoch > 1 ? before[m] : NULL);
                const diffmm_graph_measures *got = report.graph_measures[m];
                ck_assert_uint_eq(got->struct_size, sizeof *got);
                ck_assert_uint_eq(got->edges, 70 * 3);
                ck_assert_uint_eq(got->compared_edges, epoch > 1 ? 68 * 3 : 0);
                want.compared_edges = got->compared_edges;
                want.agreement = got->agreement;
                ck_assert(got->agreement >= 0 && got->agreement <= 1);
                ck_assert(memcmp(got, &want, sizeof want) == 0);
                diffmm_denoiser_measures denoiser = measure_denoiser(&t, epoch, m);
                ck_assert(memcmp(report.denoiser_measures[m], &denoiser, sizeof denoiser) == 0);
                ck_assert(denoiser.users > 0 && denoiser.users == denoiser.held_users);
                memcpy(before[m], now, sizeof now);
            }
        }
        training_end(&t);
    }
}
END_TEST

/* Agreement, of the users who have training items. */
START_TEST(agreement_with_the_graph_before)
{
    static int32_t before[most], now[most];
    struct training t;
    training_begin(&t, (const char *const[]){SETTINGS, NULL});
    one_epoch(t.trainer);
    generate(&t, 1, 0, 3, before);
    diffmm_report report = one_epoch(t.trainer);
    generate(&t, 2, 0, 3, now);
    size_t agreed = 0;
    for (size_t u = 0; u < 68; u++)
        for (size_t i = 0; i < 9; i++)
            agreed += now[u * 3 + i / 3] == before[u * 3 + i % 3];
    ck_assert_uint_eq(report.graph_measures[0]->compared_edges, 68 * 3);
    ck_assert_double_eq_tol(report.graph_measures[0]->agreement, (double)agreed / (68 * 3), 1e-12);
    training_end(&t);
}
END_TEST

START_TEST(only_what_is_asked_for)
{
    static const struct {
        const char *list[16];
        bool graph, denoiser;
    } cases[] = {{{"measure", "off"}, false, false},
                 {{"measure", "graph"}, true, false},
                 {{NULL}, true, false},
                 {{"measure", "full"}, true, true},
                 {{"measure", "full", "diffusion.enabled", "false"}, false, false}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct training t;
        training_begin(&t, cases[c].list);
        diffmm_report report = {.struct_size = sizeof report};
        expect_success(diffmm_trainer_report(t.trainer, &report));
        for (int trained = 0; trained < 2; trained++) {
            ck_assert_int_eq(report.graph_measures != NULL, cases[c].graph);
            ck_assert_int_eq(report.denoiser_measures != NULL, cases[c].denoiser);
            if (report.graph_measures)
                ck_assert_uint_eq(report.graph_measures[1]->edges, trained ? 70 : 0);
            if (report.denoiser_measures)
                ck_assert_uint_eq(report.denoiser_measures[1]->cutoff, trained ? 20 : 0);
            report = one_epoch(t.trainer);
        }
        training_end(&t);
    }
}
END_TEST

START_TEST(training_does_not_depend_on_them)
{
    struct training off, full;
    training_begin(&off, (const char *const[]){SETTINGS, "measure", "off", NULL});
    training_begin(&full, (const char *const[]){SETTINGS, "measure", "full", NULL});
    for (size_t epoch = 1; epoch <= 3; epoch++) {
        diffmm_report a = one_epoch(off.trainer), b = one_epoch(full.trainer);
        ck_assert(b.counted_flops[DIFFMM_PHASE_GENERATE] > a.counted_flops[DIFFMM_PHASE_GENERATE]);
        ck_assert(b.straight_flops > a.straight_flops);
        memcpy(b.counted_flops, a.counted_flops, sizeof a.counted_flops);
        b.straight_flops = a.straight_flops;
        expect_same_report(&a, &b);
    }
    expect_same_bits(off.model, full.model);
    training_end(&off);
    training_end(&full);
}
END_TEST

/* Epochs that keep their graphs keep the measures; the report of an earlier epoch is not touched by
 * one that is stopped. */
static int stop_recommending(const diffmm_progress *progress, void *user_data)
{
    (void)user_data;
    return progress->phase == DIFFMM_PHASE_RECOMMEND;
}

START_TEST(between_graphs_and_after_a_stop)
{
    struct training t;
    training_begin(&t,
                   (const char *const[]){SETTINGS, "measure", "full", "generate.every", "2", NULL});
    diffmm_report report = one_epoch(t.trainer), again = {.struct_size = sizeof again};
    diffmm_graph_measures first = *report.graph_measures[0];
    diffmm_denoiser_measures denoiser = *report.denoiser_measures[0];
    report = one_epoch(t.trainer);
    ck_assert(memcmp(report.graph_measures[0], &first, sizeof first) == 0);
    ck_assert(memcmp(report.denoiser_measures[0], &denoiser, sizeof denoiser) == 0);
    expect_success(diffmm_trainer_on_progress(t.trainer, stop_recommending, NULL));
    ck_assert_int_eq(diffmm_trainer_epoch(t.trainer, NULL), DIFFMM_CANCELLED);
    expect_success(diffmm_trainer_report(t.trainer, &again));
    ck_assert(memcmp(again.graph_measures[0], &first, sizeof first) == 0);
    expect_success(diffmm_trainer_on_progress(t.trainer, NULL, NULL));
    report = one_epoch(t.trainer);
    ck_assert_uint_eq(report.graph_measures[0]->compared_edges, 68 * 3);
    training_end(&t);
}
END_TEST

/* A checkpoint has no measures, but whoever goes on from it measures the same as without the
 * interruption, agreement included. What is measured may change. */
START_TEST(after_a_checkpoint)
{
    static unsigned char bytes[1 << 20];
    struct training t;
    size_t size;
    diffmm_trainer *resumed;
    training_begin(&t, (const char *const[]){SETTINGS, NULL});
    one_epoch(t.trainer);
    expect_success(diffmm_trainer_checkpoint_memory(t.trainer, bytes, sizeof bytes, &size));
    expect_success(diffmm_options_set(t.options, "measure", "full"));
    expect_success(diffmm_options_set(t.options, "measure.users", "9"));
    expect_success(diffmm_trainer_resume_memory(t.dataset, bytes, size, t.options, &resumed));
    diffmm_report report = {.struct_size = sizeof report};
    expect_success(diffmm_trainer_report(resumed, &report));
    ck_assert_uint_eq(report.epoch, 1);
    ck_assert_uint_eq(report.graph_measures[0]->edges, 0);
    ck_assert_uint_eq(report.denoiser_measures[0]->users, 0);
    report = one_epoch(resumed);
    ck_assert_uint_eq(report.graph_measures[0]->edges, 70 * 3);
    ck_assert_uint_eq(report.graph_measures[0]->compared_edges, 9 * 3);
    ck_assert_uint_eq(report.denoiser_measures[0]->users, 9);
    report = one_epoch(resumed);
    ck_assert_uint_eq(report.graph_measures[0]->compared_edges, 9 * 3);
    ck_assert_uint_le(report.graph_measures[0]->similarity_users, 9);
    for (int e = 0; e < 2; e++)
        one_epoch(t.trainer);
    expect_same_bits(t.model, diffmm_trainer_model(resumed));
    diffmm_trainer_destroy(resumed);
    training_end(&t);
}
END_TEST

/* Epochs 1, 3 and 5 generate where `every` is 2. */
START_TEST(same_measures_after_a_checkpoint)
{
    static unsigned char bytes[1 << 20];
    for (int every = 1; every <= 2; every++)
        for (size_t done = 1; done < 4; done++) {
            struct training t;
            size_t size;
            diffmm_trainer *resumed;
            training_with(&t, &(diffmm_context_settings){.threads = 2},
                          (const char *const[]){SETTINGS, "measure", "full", "generate.every",
                                                every == 1 ? "1" : "2", NULL});
            for (size_t e = 0; e < done; e++)
                one_epoch(t.trainer);
            expect_success(diffmm_trainer_checkpoint_memory(t.trainer, bytes, sizeof bytes, &size));
            expect_success(diffmm_trainer_resume_memory(t.dataset, bytes, size, NULL, &resumed));
            for (size_t e = done + 1; e <= 5; e++) {
                diffmm_report a = one_epoch(t.trainer), b = one_epoch(resumed);
                if (every == 2 && e % 2 == 0)
                    continue; /* what no graph was made in has the measures of an earlier one */
                for (size_t m = 0; m < modalities; m++) {
                    ck_assert(a.graph_measures[m]->compared_edges > 0);
                    ck_assert(memcmp(a.graph_measures[m], b.graph_measures[m],
                                     sizeof(diffmm_graph_measures)) == 0);
                    ck_assert(memcmp(a.denoiser_measures[m], b.denoiser_measures[m],
                                     sizeof(diffmm_denoiser_measures)) == 0);
                }
            }
            diffmm_trainer_destroy(resumed);
            training_end(&t);
        }
}
END_TEST

struct heard {
    size_t graphs, denoisers;
    char last[512];
};

static void listen(diffmm_log_level level, const char *message, void *user_data)
{
    struct heard *heard = user_data;
    if (level != DIFFMM_LOG_INFO)
        return;
    bool graph = strstr(message, ", graph of modality '") != NULL;
    heard->graphs += graph;
    heard->denoisers += strstr(message, ", denoiser of modality '") != NULL;
    if (graph)
        snprintf(heard->last, sizeof heard->last, "%s", message);
}

START_TEST(told_in_the_log)
{
    struct heard heard = {0};
    struct training t;
    training_with(
        &t,
        &(diffmm_context_settings){
            .threads = 1, .log = listen, .log_data = &heard, .log_level = DIFFMM_LOG_INFO},
        (const char *const[]){SETTINGS, "measure", "full", NULL});
    one_epoch(t.trainer);
    diffmm_report report = one_epoch(t.trainer);
    ck_assert(heard.graphs == 4 && heard.denoisers == 4);
    char part[96];
    snprintf(part, sizeof part, "epoch 2, graph of modality 'text': 210 edges to %zu items",
             report.graph_measures[1]->distinct_items);
    ck_assert_msg(strstr(heard.last, part) != NULL, "no '%s' in '%s'", part, heard.last);
    training_end(&t);
}
END_TEST

static void expect_chosen(const struct training *t, size_t count, const int32_t *users, bool held)
{
    for (size_t i = 0; i < count; i++) {
        ck_assert(i == 0 || users[i] > users[i - 1]);
        ck_assert_uint_gt(diffmm__csr_row_entries(&t->model->catalog->train, (size_t)users[i]), 0);
        ck_assert(!held || diffmm__csr_row_entries(&t->dataset->held[0], (size_t)users[i]) > 0);
    }
}

/* From the seed, among those who can be measured; not the first ones. */
START_TEST(users_are_drawn_once)
{
    struct training t, other;
    const struct diffmm__diffusion_measures *a, *b;
    training_begin(&t, (const char *const[]){"measure", "full", "measure.users", "20", NULL});
    training_begin(
        &other, (const char *const[]){"measure", "full", "measure.users", "20", "seed", "6", NULL});
    a = &t.trainer->measures;
    b = &other.trainer->measures;
    ck_assert(a->users.sampled == 20 && a->users.judged == 20);
    expect_chosen(&t, 20, a->sampled, false);
    expect_chosen(&t, 20, a->judged, true);
    ck_assert(a->sampled[19] > 25);
    ck_assert(memcmp(a->sampled, b->sampled, 20 * sizeof *a->sampled) != 0);
    training_end(&other);
    training_begin(&other, (const char *const[]){"measure", "full", "measure.users", "20",
                                                 "embedding_size", "4", NULL});
    ck_assert(memcmp(a->sampled, other.trainer->measures.sampled, 20 * sizeof *a->sampled) == 0);
    ck_assert(memcmp(a->judged, other.trainer->measures.judged, 20 * sizeof *a->judged) == 0);
    training_end(&other);
    training_end(&t);
}
END_TEST

/* With nothing held out, the denoiser is measured on users of the training. */
START_TEST(nothing_held_out)
{
    struct training t;
    diffmm_trainer *final;
    training_begin(&t, (const char *const[]){SETTINGS, "measure", "full", NULL});
    one_epoch(t.trainer);
    expect_success(diffmm_trainer_create_final(t.trainer, &final));
    diffmm_report report = one_epoch(final);
    ck_assert_uint_eq(report.graph_measures[0]->held_edges, 0);
    ck_assert_uint_eq(report.denoiser_measures[0]->users, 68);
    ck_assert_uint_eq(report.denoiser_measures[0]->held_users, 0);
    diffmm_trainer_destroy(final);
    training_end(&t);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {figures_are_those_of_the_public_functions,
                                  agreement_with_the_graph_before,
                                  only_what_is_asked_for,
                                  training_does_not_depend_on_them,
                                  between_graphs_and_after_a_stop,
                                  after_a_checkpoint,
                                  same_measures_after_a_checkpoint,
                                  told_in_the_log,
                                  users_are_drawn_once,
                                  nothing_held_out};
    return run_tests("diffusion_measures", tests, sizeof tests / sizeof *tests) != 0;
}

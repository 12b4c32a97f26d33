/* SPDX-License-Identifier: BSD-2-Clause */
/* diffmm_train: from a data set to a saved model.
 *
 *     diffmm_train --data synthetic --epochs 20 --log run.jsonl --model model.safetensors
 *     diffmm_train .. --checkpoint run.ckpt --resume      (again and again, until it is through)
 *
 * The order of things is that of every program that trains: a context, the settings, the data, a
 * trainer, fit, save. Progress and results come through two callbacks. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <diffmm/diffmm.h>

#include "id_list.h"
#include "popularity.h"
#include "progress.h"
#include "standard_files.h"
#include "train_arguments.h"
#include "train_log.h"

enum exit_code { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };

/* What the callbacks need. */
struct run {
    const struct arguments *arguments;
    const diffmm_dataset *dataset;
    const diffmm_trainer *trainer;
    struct progress progress;
    FILE *log; /* NULL: none */
    size_t epochs_done, cutoff_count;
    bool log_failed, checkpoint_failed;
};

/* Ctrl-C: the trainer stops at its next step. diffmm_trainer_cancel() may be called from a signal
 * handler. A second Ctrl-C ends the program at once (SA_RESETHAND). */
static diffmm_trainer *volatile training;
static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
    diffmm_trainer_cancel(training);
}

static void catch_interrupt(diffmm_trainer *trainer)
{
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};
    action.sa_flags |= (int)SA_RESETHAND;
    training = trainer;
    sigaction(SIGINT, &action, NULL);
}

static void leave_interrupt(void)
{
    signal(SIGINT, SIG_DFL);
    training = NULL;
}

static int failed(void)
{
    fprintf(stderr, "diffmm_train: %s\n", diffmm_error_message());
    return EXIT_FAILED;
}

static int on_progress(const diffmm_progress *step, void *user_data)
{
    struct run *run = user_data;
    progress_step(&run->progress, step);
    return 0;
}

static int on_epoch(const diffmm_report *report, void *user_data)
{
    struct run *run = user_data;
    run->epochs_done = report->epoch;
    run->cutoff_count = report->cutoff_count;
    progress_epoch(&run->progress, report);
    if (run->log && !log_epoch(run->log, run->dataset, report))
        run->log_failed = true;
    /* After the log, which a resumed run cuts back to what the checkpoint knows of. */
    const struct arguments *arguments = run->arguments;
    bool due = report->epoch % arguments->checkpoint_every == 0 || report->finished || interrupted;
    if (arguments->checkpoint && due && !run->log_failed &&
        diffmm_trainer_checkpoint(run->trainer, arguments->checkpoint) != DIFFMM_OK) {
        failed(); /* while the reason is still known */
        run->checkpoint_failed = true;
    }
    return interrupted || run->log_failed || run->checkpoint_failed;
}

static int failed_file(const char *what, const char *path)
{
    fprintf(stderr, "diffmm_train: %s %s: %s\n", what, path, strerror(errno));
    return EXIT_FAILED;
}

/* Fix the numbering of items: one id per line. */
static int declare_items(diffmm_dataset *dataset, const char *path)
{
    struct id_list list;
    char why[512];
    if (!id_list_read(path, &list, why, sizeof why)) {
        fprintf(stderr, "diffmm_train: %s\n", why);
        return EXIT_FAILED;
    }
    int result = EXIT_DONE;
    if (diffmm_dataset_declare_items(dataset, list.count, list.ids) != DIFFMM_OK) {
        fprintf(stderr, "diffmm_train: %s: %s\n", path, diffmm_error_message());
        result = EXIT_FAILED;
    }
    id_list_end(&list);
    return result;
}

/* Data from what the command line names; *out is the caller's also after a failure. */
static int open_dataset(diffmm_context *context, const struct arguments *arguments,
                        const diffmm_options *options, diffmm_dataset **out)
{
    diffmm_status status;
    if (strcmp(arguments->data, "synthetic") == 0) {
        status = diffmm_dataset_synthesize(context, NULL, out);
    } else if (arguments->items) {
        status = diffmm_dataset_create(context, out);
        if (status == DIFFMM_OK && declare_items(*out, arguments->items) != EXIT_DONE)
            return EXIT_FAILED;
        if (status == DIFFMM_OK)
            status = diffmm_dataset_read_interactions(*out, DIFFMM_TRAIN, arguments->data);
    } else {
        status = diffmm_dataset_open(context, arguments->data, out);
    }
    for (size_t i = 0; i < arguments->modality_count && status == DIFFMM_OK; i++)
        status = diffmm_dataset_read_modality(*out, arguments->modalities[i].name,
                                              arguments->modalities[i].value);
    int64_t seed = 0;
    if (status == DIFFMM_OK && arguments->hold_out)
        status = diffmm_options_get_integer(options, "seed", &seed);
    if (status == DIFFMM_OK && arguments->hold_out)
        status = diffmm_dataset_hold_out(*out, arguments->hold_out_valid, arguments->hold_out_test,
                                         (uint64_t)seed);
    if (status == DIFFMM_OK)
        status = diffmm_dataset_seal(*out);
    return status == DIFFMM_OK ? EXIT_DONE : failed();
}

static void describe_dataset(const diffmm_dataset *dataset)
{
    fprintf(stderr, "%zu users, %zu items, %zu + %zu + %zu interactions",
            diffmm_dataset_users(dataset), diffmm_dataset_items(dataset),
            diffmm_dataset_interactions(dataset, DIFFMM_TRAIN),
            diffmm_dataset_interactions(dataset, DIFFMM_VALID),
            diffmm_dataset_interactions(dataset, DIFFMM_TEST));
    for (size_t m = 0; m < diffmm_dataset_modalities(dataset); m++)
        fprintf(stderr, ", %s (%zu)", diffmm_dataset_modality_name(dataset, m),
                diffmm_dataset_modality_dimensions(dataset, m));
    fprintf(stderr, "\n");
}

/* The model's test figures beside those of popularity, for people. */
static void print_result(const struct result *result)
{
    bool last = strcmp(result->chosen_by, "last") == 0;
    printf("%s%s epoch %zu of %zu, chosen by %s\n", result->cancelled ? "stopped; " : "",
           last ? "last" : "best", result->epoch, result->epochs,
           last ? "last: nothing is held out" : result->chosen_by);
    if (result->cutoff_count == 0 || result->test[0].users == 0) {
        printf("no held-out test interactions, so no figures\n");
        return;
    }
    for (size_t i = 0; i < result->cutoff_count; i++) {
        const diffmm_metrics *model = &result->test[i], *popular = &result->popularity[i];
        printf("test Recall@%zu: model %.4f, popularity %.4f", model->cutoff, model->recall,
               popular->recall);
        if (popular->recall > 0)
            printf(", ratio %.2f", model->recall / popular->recall);
        printf("\n");
    }
}

/* What chose the best epoch: the split asked for or, where nothing of it is held out, the other
 * one; without either, the last epoch counts as the best. */
static const char *chosen_by(const diffmm_options *options, const diffmm_metrics *valid,
                             const diffmm_metrics *test)
{
    const char *select = "valid";
    diffmm_options_get(options, "select", &select);
    bool has_valid = valid[0].users > 0, has_test = test[0].users > 0;
    if (!has_valid && !has_test)
        return "last";
    return has_test && (!has_valid || strcmp(select, "test") == 0) ? "test" : "valid";
}

/* Compare with popularity, print and log. */
static int report_result(diffmm_context *context, const diffmm_trainer *trainer,
                         const struct run *run, bool cancelled)
{
    struct result result = {
        .epochs = run->epochs_done, .cancelled = cancelled, .cutoff_count = run->cutoff_count};
    if (diffmm_trainer_best(trainer, &result.epoch, &result.valid, &result.test) != DIFFMM_OK)
        return failed();
    result.chosen_by =
        chosen_by(diffmm_model_options(diffmm_trainer_model(trainer)), result.valid, result.test);

    int code = EXIT_DONE;
    size_t *cutoffs = calloc(run->cutoff_count, sizeof *cutoffs);
    diffmm_metrics *popularity = calloc(run->cutoff_count, sizeof *popularity);
    if (!cutoffs || !popularity) {
        fprintf(stderr, "diffmm_train: no memory\n");
        code = EXIT_FAILED;
        goto done;
    }
    for (size_t i = 0; i < run->cutoff_count; i++)
        cutoffs[i] = result.test[i].cutoff;
    if (evaluate_popularity(context, run->dataset, DIFFMM_TEST, run->cutoff_count, cutoffs,
                            popularity) != DIFFMM_OK) {
        code = failed();
        goto done;
    }
    result.popularity = popularity;
    print_result(&result);
    if (run->log && !log_result(run->log, &result)) {
        fprintf(stderr, "diffmm_train: cannot write the log\n");
        code = EXIT_FAILED;
    }
done:
    free(popularity);
    free(cutoffs);
    return code;
}

/* Where the model went, and what to do with it next. */
static int save(const diffmm_trainer *trainer, const diffmm_dataset *dataset, const char *path)
{
    if (diffmm_model_save(diffmm_trainer_model(trainer), path) != DIFFMM_OK)
        return failed();
    printf("saved %s\n", path);
    printf("next: diffmm_recommend --model %s --user %s\n", path,
           diffmm_dataset_user_id(dataset, 0));
    return EXIT_DONE;
}

static int train(diffmm_context *context, diffmm_trainer *trainer, struct run *run,
                 const struct arguments *arguments)
{
    progress_begin(&run->progress);
    diffmm_trainer_on_progress(trainer, on_progress, run);
    catch_interrupt(trainer);
    diffmm_status status = diffmm_trainer_fit(trainer, on_epoch, run);
    leave_interrupt();
    progress_clear(&run->progress);
    if (run->log_failed) {
        fprintf(stderr, "diffmm_train: cannot write %s\n", arguments->log);
        return EXIT_FAILED;
    }
    if (run->checkpoint_failed)
        return EXIT_FAILED;
    bool cancelled = status == DIFFMM_CANCELLED;
    if (cancelled) {
        if (run->epochs_done == 0) {
            fprintf(stderr, "stopped before the end of the first epoch: nothing to save\n");
            return EXIT_INTERRUPTED;
        }
        status = diffmm_trainer_restore_best(trainer);
    }
    if (status != DIFFMM_OK)
        return failed();

    int code = report_result(context, trainer, run, cancelled);
    if (code == EXIT_DONE && arguments->model)
        code = save(trainer, run->dataset, arguments->model);
    return code == EXIT_DONE && cancelled ? EXIT_INTERRUPTED : code;
}

/* A new trainer, or one that goes on from the checkpoint where there is one. */
static int make_trainer(diffmm_dataset *dataset, const diffmm_options *options, struct run *run,
                        diffmm_trainer **out)
{
    const struct arguments *arguments = run->arguments;
    diffmm_report report = {.struct_size = sizeof report};
    bool resume = arguments->resume && access(arguments->checkpoint, F_OK) == 0;
    diffmm_status status = resume
                               ? diffmm_trainer_resume(dataset, arguments->checkpoint, options, out)
                               : diffmm_trainer_create(dataset, options, out);
    if (status == DIFFMM_OK)
        status = diffmm_trainer_report(*out, &report);
    if (status != DIFFMM_OK)
        return failed();
    if (resume)
        fprintf(stderr, "going on after epoch %zu\n", report.epoch);
    run->trainer = *out;
    run->epochs_done = report.epoch;
    run->cutoff_count = report.cutoff_count;
    return EXIT_DONE;
}

static int run_program(const struct arguments *arguments)
{
    diffmm_context *context = NULL;
    diffmm_options *options = NULL;
    diffmm_dataset *dataset = NULL;
    diffmm_trainer *trainer = NULL;
    struct run run = {.arguments = arguments};
    diffmm_context_settings settings = {.struct_size = sizeof settings,
                                        .threads = arguments->threads};
    int code = EXIT_DONE;
    if (diffmm_context_create(&settings, &context) != DIFFMM_OK) {
        code = failed();
        goto done;
    }
    if (arguments_options(context, arguments, &options) != DIFFMM_OK) {
        failed();
        code = EXIT_USAGE;
        goto done;
    }
    code = open_dataset(context, arguments, options, &dataset);
    if (code != EXIT_DONE)
        goto done;
    describe_dataset(dataset);
    run.dataset = dataset;
    code = make_trainer(dataset, options, &run, &trainer);
    if (code != EXIT_DONE)
        goto done;
    if (arguments->log && !(run.log = log_open(arguments->log, run.epochs_done))) {
        code = failed_file("cannot write", arguments->log);
        goto done;
    }
    code = train(context, trainer, &run, arguments);
done:
    if (run.log && fclose(run.log) != 0 && code == EXIT_DONE)
        code = failed_file("cannot write", arguments->log);
    diffmm_trainer_destroy(trainer);
    diffmm_dataset_destroy(dataset);
    diffmm_options_destroy(options);
    diffmm_context_destroy(context);
    return code;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    int code;
    standard_files_hold();
    if (!arguments_read(argc, argv, &arguments)) {
        fprintf(stderr, "try: diffmm_train --help\n");
        code = EXIT_USAGE;
    } else if (arguments.help) {
        print_help();
        code = EXIT_DONE;
    } else if (arguments.version) {
        printf("%s\n", diffmm_build_info());
        code = EXIT_DONE;
    } else {
        code = run_program(&arguments);
    }
    arguments_end(&arguments);
    return code;
}

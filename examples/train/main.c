/* SPDX-License-Identifier: BSD-2-Clause */
/* diffmm_train: from a data set to a saved model.
 *
 *     diffmm_train --data synthetic --epochs 20 --log run.jsonl --model model.safetensors
 *     diffmm_train .. --checkpoint run.ckpt --resume      (again after each interruption)
 *
 * As every program that trains it makes a context, settings, a data set and a trainer, fits, and
 * saves the model. Progress and results come through two callbacks (fit.c). */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <diffmm/diffmm.h>

#include "arguments.h"
#include "common/command_line.h"
#include "common/shell_text.h"
#include "common/standard_files.h"
#include "data.h"
#include "fit.h"
#include "forecast.h"
#include "log.h"
#include "peers.h"
#include "report.h"
#include "result.h"

const char program_name[] = "diffmm_train";

static int failed_log(const char *path)
{
    complain("cannot write %s: %s", path, strerror(errno));
    return EXIT_FAILED;
}

/* A new trainer, or one that goes on from the checkpoint where there is one. Processes that divide their
 * memory read it as peers, each its part. */
static int make_trainer(struct run *run, struct peers *peers, diffmm_dataset *dataset,
                        const diffmm_options *options)
{
    const char *checkpoint = run->arguments->checkpoint;
    diffmm_report report = {.struct_size = sizeof report};
    bool resume = run->arguments->resume && access(checkpoint, F_OK) == 0;
    int64_t divide = 0;
    diffmm_status status = diffmm_options_get_integer(options, "peers.divide", &divide);
    run->divided = divide && peers->joined && peers->joined->size > 1;
    run->joined = resume && run->divided;
    int code = run->joined ? peers_start(peers) : EXIT_DONE;
    if (code != EXIT_DONE)
        return code;
    if (status == DIFFMM_OK)
        status = run->joined ? diffmm_trainer_resume_peer(dataset, checkpoint, options,
                                                          peers->joined, &run->trainer)
                 : resume    ? diffmm_trainer_resume(dataset, checkpoint, options, &run->trainer)
                             : diffmm_trainer_create(dataset, options, &run->trainer);
    if (status == DIFFMM_OK)
        status = diffmm_trainer_report(run->trainer, &report);
    if (status != DIFFMM_OK)
        return failed_call();
    if (resume && !run->arguments->quiet)
        fprintf(stderr, "going on after epoch %zu\n", report.epoch);
    run->dataset = dataset;
    run->epochs_done = report.epoch;
    run->cutoff_count = report.cutoff_count;
    return EXIT_DONE;
}

/* Also the history, of which a resumed run's beginning is in the log. */
static int open_log(struct run *run)
{
    const char *path = run->arguments->log;
    if (run->arguments->report || run->arguments->csv)
        run->history = json_array();
    if (path && !(run->log = log_open(path, run->epochs_done, run->history)))
        return failed_log(path);
    return EXIT_DONE;
}

/* A training that was stopped has left its peers, and with them the rows of other users. */
static int save(const struct run *run)
{
    const char *path = run->arguments->model;
    diffmm_trainer *trained = run->final ? run->final : run->trainer;
    diffmm_status status = DIFFMM_OK;
    if (run->divided && run->cancelled) {
        fprintf(stderr, "stopped: no peer has the whole model; --checkpoint and --resume go on\n");
        return EXIT_INTERRUPTED;
    }
    if (run->divided && run->saves)
        status = diffmm_trainer_save_at(trained, 0, path);
    else if (path)
        status = diffmm_model_save(diffmm_trainer_model(trained), path);
    return status == DIFFMM_OK ? EXIT_DONE : failed_call();
}

/* Say where the model went, and what to do with it next. */
static void tell_saved(const struct run *run)
{
    const char *path = run->arguments->model;
    char recommend[PATH_MAX];
    if (!path || run->arguments->json)
        return;
    shell_sibling(run->arguments->self, "diffmm_recommend", recommend, sizeof recommend);
    fputs("saved ", stdout);
    shell_word_print(stdout, path);
    fputs("\nnext: ", stdout);
    shell_word_print(stdout, recommend);
    fputs(" --model ", stdout);
    shell_word_print(stdout, path);
    fputs(" --user ", stdout);
    shell_word_print(stdout, diffmm_dataset_user_id(run->dataset, 0));
    fputs("\n", stdout);
}

/* --no-features: no modality of the data takes part. */
static diffmm_status leave_features_out(const diffmm_dataset *dataset, diffmm_options *options)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t m = 0; m < diffmm_dataset_modalities(dataset) && status == DIFFMM_OK; m++) {
        char name[512];
        snprintf(name, sizeof name, "modality.%s.enabled",
                 diffmm_dataset_modality_name(dataset, m));
        status = diffmm_options_set(options, name, "false");
    }
    return status;
}

/* --final-fit takes the number of epochs from what is held out: told before anything is trained. */
static int check_final_fit(const struct arguments *arguments, diffmm_dataset *dataset)
{
    if (!arguments->final_fit || diffmm_dataset_interactions(dataset, DIFFMM_VALID) > 0 ||
        diffmm_dataset_interactions(dataset, DIFFMM_TEST) > 0)
        return EXIT_DONE;
    complain("--final-fit: nothing is held out to choose the number of epochs by; --hold-out does");
    return EXIT_USAGE;
}

/* Train, then on everything if that is asked for. */
static int fit_all(struct run *run)
{
    int code = fit(run);
    return code == EXIT_DONE && run->arguments->final_fit && !run->cancelled ? fit_final(run)
                                                                             : code;
}

/* Peer 0 tells the others which files it wants: they help to write these. */
static int agree_on_files(struct run *run, const struct peers *peers)
{
    const struct arguments *arguments = run->arguments;
    if (!run->divided)
        return EXIT_DONE;
    run->checkpoint_every = arguments->checkpoint ? (uint32_t)arguments->checkpoint_every : 0;
    run->saves = arguments->model != NULL;
    int code = peers_tell(peers, &run->checkpoint_every);
    return code == EXIT_DONE ? peers_tell(peers, &run->saves) : code;
}

/* Share the training from here on, if there are peers. */
static int join(struct run *run, struct peers *peers)
{
    int code = run->joined ? EXIT_DONE : peers_start(peers);
    if (code != EXIT_DONE || !peers->joined)
        return code;
    return run->joined || diffmm_trainer_join(run->trainer, peers->joined) == DIFFMM_OK
               ? agree_on_files(run, peers)
               : failed_call();
}

static int train(const struct arguments *arguments, struct peers *peers)
{
    diffmm_context *context = NULL;
    diffmm_options *options = NULL;
    diffmm_dataset *dataset = NULL;
    struct run run = {.arguments = arguments};
    diffmm_context_settings settings = warning_settings(arguments->threads);
    int code = EXIT_DONE;
    if (arguments->verbose)
        settings.log_level = DIFFMM_LOG_INFO;
    if (arguments->quiet)
        settings.log = NULL;
    if (diffmm_context_create(&settings, &context) != DIFFMM_OK)
        code = failed_call();
    if (code == EXIT_DONE && arguments_options(context, arguments, &options) != DIFFMM_OK) {
        failed_call();
        code = EXIT_USAGE;
    }
    if (code == EXIT_DONE)
        code = data_open(context, arguments, options, &dataset);
    if (code == EXIT_DONE && arguments->no_features &&
        leave_features_out(dataset, options) != DIFFMM_OK)
        code = failed_call();
    if (code == EXIT_DONE && arguments->forecast) {
        code = print_forecast(dataset, options, arguments->json);
        goto done;
    }
    if (code == EXIT_DONE)
        code = check_final_fit(arguments, dataset);
    if (code == EXIT_DONE)
        code = make_trainer(&run, peers, dataset, options);
    if (code == EXIT_DONE)
        code = open_log(&run);
    if (code == EXIT_DONE)
        code = check_outputs(arguments);
    if (code == EXIT_DONE)
        code = join(&run, peers);
    if (code == EXIT_DONE)
        code = fit_all(&run);
    if (code == EXIT_DONE)
        code = save(&run);
    if (code == EXIT_DONE && !arguments->quiet)
        code = report_result(context, &run);
    if (code == EXIT_DONE)
        code = write_outputs(&run);
    if (code == EXIT_DONE)
        tell_saved(&run);
    if (code == EXIT_DONE && run.cancelled)
        code = EXIT_INTERRUPTED;
    if (run.log && fclose(run.log) != 0 && code == EXIT_DONE)
        code = failed_log(arguments->log);
done:
    json_decref(run.history);
    json_decref(run.result);
    diffmm_trainer_destroy(run.final);
    diffmm_trainer_destroy(run.trainer);
    diffmm_dataset_destroy(dataset);
    diffmm_options_destroy(options);
    diffmm_context_destroy(context);
    return code;
}

/* Train, with the peers that the command line names. */
static int train_shared(struct arguments *arguments)
{
    struct peers peers;
    int code = peers_begin(&peers, arguments);
    if (code == EXIT_DONE)
        code = train(arguments, &peers);
    code = finish_output(code);
    peers_end(&peers, code);
    return code;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    int code = EXIT_DONE;
    standard_files_hold();
    if (!arguments_read(argc, argv, &arguments))
        code = point_to_help();
    else if (arguments.help)
        code = print_help();
    else if (arguments.version)
        code = print_version();
    else
        code = train_shared(&arguments);
    arguments_end(&arguments);
    return code;
}

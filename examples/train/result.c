/* SPDX-License-Identifier: BSD-2-Clause */
#include "result.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/command_line.h"
#include "common/popularity.h"
#include "epoch_json.h"
#include "log.h"

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
        const diffmm_metrics *model = &result->test[i], *popular = &result->popular_test[i];
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

/* What became of --final-fit, and that the figures are not its own: there is nothing left to
 * measure it by. */
static void print_final(const struct run *run, const struct result *result)
{
    if (run->final)
        printf("final fit: %zu epochs on all splits; the figures are of the training that chose "
               "them\n",
               result->final_epochs);
    else if (run->arguments->final_fit)
        printf("no final fit: the model is that of the best epoch\n");
}

/* The metrics of recommending by popularity on a split; NULL, after complaining, if that fails. */
static diffmm_metrics *popularity_on(diffmm_context *context, const struct run *run,
                                     diffmm_split split, const diffmm_metrics *own)
{
    size_t *cutoffs = calloc(run->cutoff_count, sizeof *cutoffs);
    diffmm_metrics *popularity = calloc(run->cutoff_count, sizeof *popularity);
    bool done = cutoffs && popularity;
    if (!done)
        complain("no memory");
    for (size_t i = 0; done && i < run->cutoff_count; i++)
        cutoffs[i] = own[i].cutoff;
    if (done && evaluate_popularity(context, run->dataset, split, run->cutoff_count, cutoffs,
                                    popularity) != DIFFMM_OK) {
        failed_call();
        done = false;
    }
    free(cutoffs);
    if (!done)
        free(popularity);
    return done ? popularity : NULL;
}

static bool log_result(FILE *log, const json_t *result)
{
    json_t *line = json_pack("{s:O}", "result", result);
    bool written = line && log_line(log, line);
    json_decref(line);
    return written;
}

/* Print it as JSON or for people. finish_output() sees whether that could be written. */
static void tell_result(const struct run *run, const struct result *result)
{
    if (run->arguments->json) {
        log_result(stdout, run->result);
    } else {
        print_result(result);
        print_final(run, result);
    }
}

int report_result(diffmm_context *context, struct run *run)
{
    struct result result = {
        .epochs = run->epochs_done, .cancelled = run->cancelled, .cutoff_count = run->cutoff_count};
    if (diffmm_trainer_best(run->trainer, &result.epoch, &result.valid, &result.test) != DIFFMM_OK)
        return failed_call();
    result.final_epochs = run->final ? result.epoch : 0;
    result.chosen_by = chosen_by(diffmm_model_options(diffmm_trainer_model(run->trainer)),
                                 result.valid, result.test);

    int code = EXIT_FAILED;
    diffmm_metrics *valid = popularity_on(context, run, DIFFMM_VALID, result.valid);
    diffmm_metrics *test = valid ? popularity_on(context, run, DIFFMM_TEST, result.test) : NULL;
    if (test) {
        result.popular_valid = valid;
        result.popular_test = test;
        run->result = result_json(&result);
        tell_result(run, &result);
        if (!run->result)
            complain("no memory");
        else if (!run->log || log_result(run->log, run->result) || complain("cannot write the log"))
            code = EXIT_DONE;
    }
    free(test);
    free(valid);
    return code;
}

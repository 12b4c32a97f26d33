/* SPDX-License-Identifier: BSD-2-Clause */
#include "fit.h"

#include <signal.h>

#include "common/command_line.h"
#include "epoch_json.h"
#include "log.h"

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

static int on_progress(const diffmm_progress *step, void *user_data)
{
    struct run *run = user_data;
    progress_step(&run->progress, step);
    return 0;
}

/* Add an epoch to the log and to the history. */
static void keep_epoch(struct run *run, const diffmm_report *report)
{
    json_t *line = epoch_json(report);
    if (run->log && (!line || !log_line(run->log, line)))
        run->log_failed = true;
    if (run->history && json_array_append(run->history, line) != 0)
        run->history_failed = true;
    json_decref(line);
}

/* Peers who write it together cannot know who of them was interrupted. */
static diffmm_status write_checkpoint(const struct run *run, const diffmm_report *report)
{
    const char *path = run->arguments->checkpoint;
    size_t every = run->divided                     ? run->checkpoint_every
                   : path && !run->arguments->quiet ? run->arguments->checkpoint_every
                                                    : 0;
    bool stops = report->finished || (interrupted && !run->divided);
    if (every == 0 || (report->epoch % every != 0 && !stops))
        return DIFFMM_OK;
    return run->divided ? diffmm_trainer_checkpoint_at(run->trainer, 0, path)
                        : diffmm_trainer_checkpoint(run->trainer, path);
}

static int on_epoch(const diffmm_report *report, void *user_data)
{
    struct run *run = user_data;
    run->epochs_done = report->epoch;
    run->cutoff_count = report->cutoff_count;
    progress_epoch(&run->progress, report);
    if (run->log || run->history)
        keep_epoch(run, report);
    /* The log comes first: a resumed run cuts it back to the epochs of the checkpoint. */
    if (!run->log_failed && write_checkpoint(run, report) != DIFFMM_OK) {
        failed_call(); /* while the reason is still known */
        run->checkpoint_failed = true;
    }
    return interrupted || run->log_failed || run->history_failed || run->checkpoint_failed;
}

int fit(struct run *run)
{
    if (!run->arguments->quiet)
        progress_begin(&run->progress, run->arguments->verbose);
    diffmm_trainer_on_progress(run->trainer, on_progress, run);
    catch_interrupt(run->trainer);
    diffmm_status status = diffmm_trainer_fit(run->trainer, on_epoch, run);
    leave_interrupt();
    progress_clear(&run->progress);
    if (run->log_failed) {
        complain("cannot write %s", run->arguments->log);
        return EXIT_FAILED;
    }
    if (run->history_failed)
        complain("no memory");
    if (run->history_failed || run->checkpoint_failed)
        return EXIT_FAILED;
    run->cancelled = status == DIFFMM_CANCELLED;
    if (run->cancelled && run->epochs_done == 0) {
        fprintf(stderr, "stopped before the end of the first epoch: nothing to save\n");
        return EXIT_INTERRUPTED;
    }
    if (run->cancelled)
        status = diffmm_trainer_restore_best(run->trainer);
    return status == DIFFMM_OK ? EXIT_DONE : failed_call();
}

static int on_final_epoch(const diffmm_report *report, void *user_data)
{
    struct run *run = user_data;
    progress_epoch(&run->progress, report);
    return interrupted;
}

int fit_final(struct run *run)
{
    if (!run->arguments->quiet) {
        fprintf(stderr, "final fit: training anew on all splits together\n");
        progress_begin(&run->progress, run->arguments->verbose);
    }
    catch_interrupt(run->trainer);
    diffmm_status status = diffmm_trainer_fit_final(run->trainer, on_final_epoch, run, &run->final);
    leave_interrupt();
    progress_clear(&run->progress);
    run->cancelled = status == DIFFMM_CANCELLED;
    return status == DIFFMM_OK || run->cancelled ? EXIT_DONE : failed_call();
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BAR_WIDTH = 30 };

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static const char *phase_name(diffmm_phase phase)
{
    switch (phase) {
    case DIFFMM_PHASE_DENOISE: return "denoise";
    case DIFFMM_PHASE_GENERATE: return "generate";
    case DIFFMM_PHASE_RECOMMEND: return "recommend";
    case DIFFMM_PHASE_EVALUATE: return "evaluate";
    }
    return "";
}

void progress_begin(struct progress *progress, bool lines)
{
    bool terminal = isatty(STDERR_FILENO) == 1;
    *progress =
        (struct progress){.terminal = terminal, .lines = terminal || lines, .epoch_started = now()};
}

static void format_seconds(double left, char *out, size_t size)
{
    long seconds = left > 0 ? (long)(left + 0.5) : 0;
    snprintf(out, size, "%ld:%02ld:%02ld", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

/* Time left, estimated from the length of the previous epoch; unknown in the first. */
static void format_time_left(const struct progress *progress, double time, char *out, size_t size)
{
    if (progress->seconds_per_epoch <= 0) {
        snprintf(out, size, "after this epoch");
        return;
    }
    double epochs_left = (double)(progress->epochs - progress->epoch + 1);
    double left = epochs_left * progress->seconds_per_epoch - (time - progress->epoch_started);
    format_seconds(left, out, size);
}

/* Whether to draw now: at most ten times a second. */
static bool due(struct progress *progress, double time)
{
    if (!progress->terminal || time - progress->drawn < 0.1)
        return false;
    progress->drawn = time;
    return true;
}

static void draw_bar(double share, char bar[BAR_WIDTH + 1])
{
    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < (int)(share * BAR_WIDTH) ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
}

void progress_step(struct progress *progress, const diffmm_progress *step)
{
    double time = now();
    if (step->epoch != progress->epoch) {
        progress->epoch = step->epoch;
        progress->epochs = step->epochs;
        progress->epoch_started = time;
    }
    if (!due(progress, time))
        return;
    char bar[BAR_WIDTH + 1], left[48];
    double share = step->total ? (double)step->done / (double)step->total : 0;
    draw_bar(share, bar);
    format_time_left(progress, time, left, sizeof left);
    progress->width = fprintf(stderr, "\repoch %zu/%zu  %-9s [%s] %3.0f %%  ETA %s   ", step->epoch,
                              step->epochs, phase_name(step->phase), bar, 100 * share, left);
    fflush(stderr);
}

void progress_count(struct progress *progress, const char *what, size_t done, size_t total)
{
    double time = now();
    if (done == 0 || !due(progress, time))
        return;
    char bar[BAR_WIDTH + 1], left[48];
    double share = (double)done / (double)total;
    draw_bar(share, bar);
    format_seconds((time - progress->epoch_started) * (1 - share) / share, left, sizeof left);
    progress->width = fprintf(stderr, "\r%s %zu/%zu  [%s] %3.0f %%  ETA %s   ", what, done, total,
                              bar, 100 * share, left);
    fflush(stderr);
}

void progress_clear(struct progress *progress)
{
    if (progress->width > 0)
        fprintf(stderr, "\r%*s\r", progress->width, "");
    progress->width = 0;
}

static void print_metric(const char *split, const diffmm_metrics *metrics)
{
    if (metrics && metrics->users > 0)
        fprintf(stderr, "  %s Recall@%zu %.4f", split, metrics->cutoff, metrics->recall);
}

/* One line for each modality: how far its graph is spread, and how good it is. */
static void print_measures(const diffmm_report *report)
{
    for (size_t m = 0; report->graph_measures && m < report->modality_count; m++) {
        const diffmm_graph_measures *g = report->graph_measures[m];
        const char *loss = report->losses[report->loss_count - report->modality_count + m].name;
        fprintf(stderr, "  %s: %zu items generated, ten of them for %.1f %% of edges",
                strchr(loss, '.') + 1, g->distinct_items, 100.0 * g->top_share);
        fprintf(stderr, ", %.1f %% observed", 100.0 * g->observed_share);
        if (g->compared_edges > 0)
            fprintf(stderr, ", %.1f %% as before", 100.0 * g->agreement);
        fprintf(stderr, ", popularity rank %.0f", g->popularity_rank);
        if (g->similarity_users > 0)
            fprintf(stderr, ", similarity %+.4f", g->similarity_gain);
        if (g->held_edges > 0)
            fprintf(stderr, ", hits %.2f %%", 100.0 * g->hit_rate);
        if (report->denoiser_measures) {
            const diffmm_denoiser_measures *d = report->denoiser_measures[m];
            fprintf(stderr, "; denoiser Recall@%zu %.4f (popularity %.4f), restored %.4f",
                    d->cutoff, d->recall, d->popular_recall, d->degree_precision);
        }
        fprintf(stderr, "\n");
    }
}

void progress_epoch(struct progress *progress, const diffmm_report *report)
{
    progress_clear(progress);
    const diffmm_seconds *seconds = &report->seconds;
    double total = seconds->denoise + seconds->generate + seconds->recommend + seconds->evaluate;
    progress->seconds_per_epoch = total;
    if (!progress->lines)
        return;
    fprintf(stderr, "epoch %zu/%zu  loss %.4f", report->epoch, progress->epochs,
            report->loss.total);
    bool judged = false; /* without anything held out, the last epoch counts as the best */
    if (report->cutoff_count > 0) {
        print_metric("valid", report->valid);
        print_metric("test", report->test);
        judged = report->valid[0].users > 0 || report->test[0].users > 0;
    }
    fprintf(stderr, "  %.1f s (denoise %.1f, generate %.1f, recommend %.1f, evaluate %.1f)%s\n",
            total, seconds->denoise, seconds->generate, seconds->recommend, seconds->evaluate,
            judged && report->epoch == report->best_epoch ? "  best" : "");
    print_measures(report);
}

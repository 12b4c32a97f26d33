/* SPDX-License-Identifier: BSD-2-Clause */
#include "forecast.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "common/command_line.h"

enum { PHASES = 4, SIZES = 4 };
static const size_t peer_sizes[SIZES] = {2, 4, 8, 16};
static const char *const phase_names[PHASES] = {"denoise", "generate", "recommend", "evaluate"};

/* What of the recommender's work is contrastive: what a training without it would not have. */
static diffmm_status forecast_contrastive(diffmm_dataset *dataset, const diffmm_options *options,
                                          double recommend, double *flops)
{
    diffmm_options *without;
    diffmm_forecast forecast = {.struct_size = sizeof forecast};
    diffmm_status status = diffmm_options_copy(options, &without);
    if (status != DIFFMM_OK)
        return status;
    status = diffmm_options_set(without, "contrastive.enabled", "false");
    if (status == DIFFMM_OK)
        status = diffmm_trainer_forecast(dataset, without, &forecast);
    if (status == DIFFMM_OK)
        *flops = recommend - forecast.flops[DIFFMM_PHASE_RECOMMEND];
    diffmm_options_destroy(without);
    return status;
}

/* What the largest of so many peers takes. */
static diffmm_status forecast_peers(diffmm_dataset *dataset, const diffmm_options *options,
                                    size_t size, size_t *bytes)
{
    diffmm_status status = DIFFMM_OK;
    *bytes = 0;
    for (size_t rank = 0; rank < size && status == DIFFMM_OK; rank++) {
        diffmm_forecast forecast = {.struct_size = sizeof forecast};
        status = diffmm_trainer_forecast_peer(dataset, options, rank, size, &forecast);
        if (forecast.peak_bytes > *bytes)
            *bytes = forecast.peak_bytes;
    }
    return status;
}

/* Of several numbers of peers, where the options let them share memory; all 0 where not. */
static diffmm_status forecast_sizes(diffmm_dataset *dataset, const diffmm_options *options,
                                    size_t bytes[SIZES])
{
    int64_t divide = 0, batches = 0;
    diffmm_status status = diffmm_options_get_integer(options, "peers.divide", &divide);
    if (status == DIFFMM_OK)
        status = diffmm_options_get_integer(options, "peers.batches", &batches);
    memset(bytes, 0, SIZES * sizeof *bytes);
    for (int i = 0; i < SIZES && (divide || batches) && status == DIFFMM_OK; i++)
        status = forecast_peers(dataset, options, peer_sizes[i], &bytes[i]);
    return status;
}

static void print_duration(double seconds)
{
    if (seconds < 99.5)
        printf("%.3g s", seconds);
    else if (seconds < 3600)
        printf("%.0f min %02.0f s", (double)((long)seconds / 60), (double)((long)seconds % 60));
    else
        printf("%.0f h %02.0f min", (double)((long)seconds / 3600),
               (double)((long)seconds / 60 % 60));
}

static void print_work(const diffmm_forecast *forecast, const size_t peers[SIZES],
                       double contrastive)
{
    double sum = 0;
    for (int phase = 0; phase < PHASES; phase++)
        sum += forecast->flops[phase];
    printf("memory: %.0f MB at the peak, at most\n", 1e-6 * (double)forecast->peak_bytes);
    for (int i = 0; i < SIZES && peers[i] > 0; i++)
        printf("  of each of %zu peers: %.0f MB\n", peer_sizes[i], 1e-6 * (double)peers[i]);
    printf("an epoch's matrix products, at most: %.4g GFLOP\n", 1e-9 * sum);
    for (int phase = 0; phase < PHASES; phase++) {
        double share = sum > 0 ? 100 * forecast->flops[phase] / sum : 0;
        printf("  %-9s  %10.4g GFLOP  %3.0f %%", phase_names[phase], 1e-9 * forecast->flops[phase],
               share);
        if (phase == DIFFMM_PHASE_RECOMMEND && sum > 0)
            printf("  (%.0f %% contrastive)", 100 * contrastive / sum);
        printf("\n");
    }
}

static void print_times(const diffmm_seconds *seconds, int64_t epochs, int64_t patience)
{
    const double parts[PHASES] = {seconds->denoise, seconds->generate, seconds->recommend,
                                  seconds->evaluate};
    double sum = parts[0] + parts[1] + parts[2] + parts[3];
    printf("an epoch's time, measured now: ");
    print_duration(sum);
    printf("\n");
    for (int phase = 0; phase < PHASES; phase++)
        printf("  %-9s  %10.4g s      %3.0f %%\n", phase_names[phase], parts[phase],
               sum > 0 ? 100 * parts[phase] / sum : 0);
    printf("%lld epochs: ", (long long)epochs);
    print_duration(sum * (double)epochs);
    if (patience > 0)
        printf(", or less: training stops when %lld epochs bring nothing better",
               (long long)patience);
    printf("\n");
}

/* An object with a number for each phase. */
static json_t *phases_json(const double numbers[PHASES])
{
    return json_pack("{s:f, s:f, s:f, s:f}", phase_names[0], numbers[0], phase_names[1], numbers[1],
                     phase_names[2], numbers[2], phase_names[3], numbers[3]);
}

/* {"2": bytes, ..}; NULL, which is left out, where peers share no memory. */
static json_t *peers_json(const size_t peers[SIZES])
{
    json_t *object = peers[0] > 0 ? json_object() : NULL;
    for (int i = 0; object && i < SIZES; i++) {
        char size[24];
        snprintf(size, sizeof size, "%zu", peer_sizes[i]);
        json_object_set_new(object, size, json_integer((json_int_t)peers[i]));
    }
    return object;
}

static bool print_json(const diffmm_forecast *forecast, const size_t peers[SIZES],
                       double contrastive, const diffmm_seconds *seconds, int64_t epochs)
{
    const double times[PHASES] = {seconds->denoise, seconds->generate, seconds->recommend,
                                  seconds->evaluate};
    json_t *object =
        json_pack("{s:{s:I, s:o*, s:o, s:f, s:o, s:I}}", "forecast", "peak_bytes",
                  (json_int_t)forecast->peak_bytes, "peak_bytes_of_peers", peers_json(peers),
                  "flops", phases_json(forecast->flops), "contrastive_flops", contrastive,
                  "seconds", phases_json(times), "epochs", (json_int_t)epochs);
    bool printed = object && json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9)) == 0;
    json_decref(object);
    return printed && putchar('\n') != EOF;
}

int print_forecast(diffmm_dataset *dataset, const diffmm_options *options, bool json)
{
    diffmm_forecast forecast = {.struct_size = sizeof forecast};
    diffmm_seconds seconds;
    double contrastive = 0;
    size_t peers[SIZES];
    int64_t epochs, patience;
    if (diffmm_trainer_forecast(dataset, options, &forecast) != DIFFMM_OK ||
        forecast_sizes(dataset, options, peers) != DIFFMM_OK ||
        forecast_contrastive(dataset, options, forecast.flops[DIFFMM_PHASE_RECOMMEND],
                             &contrastive) != DIFFMM_OK)
        return failed_call();
    if (!json)
        print_work(&forecast, peers, contrastive);
    fflush(stdout); /* the next needs the memory */
    if (diffmm_trainer_measure(dataset, options, 1.0, &seconds) != DIFFMM_OK ||
        diffmm_options_get_integer(options, "epochs", &epochs) != DIFFMM_OK ||
        diffmm_options_get_integer(options, "patience", &patience) != DIFFMM_OK)
        return failed_call();
    if (json && !print_json(&forecast, peers, contrastive, &seconds, epochs)) {
        complain("no memory, or standard output cannot be written");
        return EXIT_FAILED;
    }
    if (!json)
        print_times(&seconds, epochs, patience);
    return EXIT_DONE;
}

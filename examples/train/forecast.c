/* SPDX-License-Identifier: BSD-2-Clause */
#include "forecast.h"

#include <stdio.h>

#include <jansson.h>

#include "common/command_line.h"

enum { PHASES = 4 };
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

static void print_work(const diffmm_forecast *forecast, double contrastive)
{
    double sum = 0;
    for (int phase = 0; phase < PHASES; phase++)
        sum += forecast->flops[phase];
    printf("memory: %.0f MB at the peak, at most\n", 1e-6 * (double)forecast->peak_bytes);
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

static bool print_json(const diffmm_forecast *forecast, double contrastive,
                       const diffmm_seconds *seconds, int64_t epochs)
{
    const double times[PHASES] = {seconds->denoise, seconds->generate, seconds->recommend,
                                  seconds->evaluate};
    json_t *object = json_pack("{s:{s:I, s:o, s:f, s:o, s:I}}", "forecast", "peak_bytes",
                               (json_int_t)forecast->peak_bytes, "flops",
                               phases_json(forecast->flops), "contrastive_flops", contrastive,
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
    int64_t epochs, patience;
    if (diffmm_trainer_forecast(dataset, options, &forecast) != DIFFMM_OK ||
        forecast_contrastive(dataset, options, forecast.flops[DIFFMM_PHASE_RECOMMEND],
                             &contrastive) != DIFFMM_OK)
        return failed_call();
    if (!json)
        print_work(&forecast, contrastive);
    fflush(stdout); /* the next needs the memory */
    if (diffmm_trainer_measure(dataset, options, 1.0, &seconds) != DIFFMM_OK ||
        diffmm_options_get_integer(options, "epochs", &epochs) != DIFFMM_OK ||
        diffmm_options_get_integer(options, "patience", &patience) != DIFFMM_OK)
        return failed_call();
    if (json && !print_json(&forecast, contrastive, &seconds, epochs)) {
        complain("no memory, or standard output cannot be written");
        return EXIT_FAILED;
    }
    if (!json)
        print_times(&seconds, epochs, patience);
    return EXIT_DONE;
}

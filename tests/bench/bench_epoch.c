/* SPDX-License-Identifier: BSD-2-Clause */
/* How near an epoch comes to the machine's matrix rate.
 *
 * For each phase: seconds (median over the epochs), FLOPs counted from shapes for the way taken,
 * and the seconds divided by (those FLOPs / the sgemm rate measured between the epochs). The last
 * lines compare with the straightforward way's FLOPs, and show the peak of resident memory. */
#include "bench_epoch.h"

#include <stdio.h>

#include "sgemm_rate.h"

diffmm_options *epoch_options(diffmm_context *context, const struct epoch_settings *settings)
{
    diffmm_options *options;
    bench_check(diffmm_options_create(context, &options));
    bench_check(diffmm_options_preset(options, settings->preset));
    if (settings->quick) {
        bench_check(diffmm_options_set(options, "hidden_sizes", "24"));
        bench_check(diffmm_options_set(options, "batch", "64"));
        bench_check(diffmm_options_set(options, "embedding_size", "16"));
    }
    return options;
}

void epoch_machine_rate(const struct epoch_settings *settings, size_t threads,
                        struct samples *rates)
{
    if (settings->quick)
        sgemm_rate(64, 48, 120, threads, 1, rates);
    else
        sgemm_rate(1024, 1000, 6720, threads, 5, rates);
}

static void print_row(const char *name, double seconds, double flops, double rate)
{
    double gflop = 1e-9 * flops;
    printf("%-12s %9.3f %10.2f %9.1f %13.1f", name, seconds, gflop,
           seconds > 0.0 ? gflop / seconds : 0.0, rate);
    if (gflop > 0.0)
        printf(" %7.2f\n", seconds / (gflop / rate));
    else
        printf(" %7s\n", "-");
}

static void print_table(const struct epoch_run *run, double rate)
{
    printf("%-12s %9s %10s %9s %13s %7s\n", "phase", "seconds", "GFLOP", "GFLOP/s", "sgemm GFLOP/s",
           "ratio");
    for (size_t part = 0; part < EPOCH_PARTS; part++)
        print_row(epoch_part_names[part], samples_median(&run->seconds[part]), run->flops[part],
                  rate);
    print_row("straight way", samples_median(&run->seconds[EPOCH_WHOLE]), run->straight_flops,
              rate);
    printf("(ratio: seconds / (GFLOP / sgemm rate); straight way: the same epoch against the FLOPs "
           "of the straightforward way)\n");
}

/* The peak is that of the whole process after an epoch, data set included, before the operands of
 * the machine's rate are allocated. */
static void print_memory(size_t peak_bytes, diffmm_dataset *dataset, const diffmm_options *options)
{
    diffmm_forecast forecast = {.struct_size = sizeof forecast};
    bench_check(diffmm_trainer_forecast(dataset, options, &forecast));
    printf("peak resident memory: %.1f MB, forecast %.1f MB, ratio %.2f\n",
           bench_megabytes(peak_bytes), bench_megabytes(forecast.peak_bytes),
           (double)peak_bytes / (double)forecast.peak_bytes);
}

static void measure(const struct epoch_settings *settings)
{
    diffmm_context *context = bench_context(settings->threads);
    size_t threads = diffmm_context_threads(context);
    diffmm_dataset *dataset = bench_data(context, settings->shape, settings->modalities);
    diffmm_options *options = epoch_options(context, settings);
    struct epoch_run run;
    epoch_begin(&run, dataset, options, settings->epochs);
    bench_describe(dataset, settings->shape->title, bench_folder(settings->shape));
    printf("%s\npreset %s, %zu threads, medians over %zu epochs\n", diffmm_build_info(),
           settings->preset, threads, settings->epochs);

    size_t peak_bytes = 0;
    struct samples rates = {0};
    for (size_t epoch = 0; epoch < settings->epochs; epoch++) {
        epoch_train(&run);
        if (epoch == 0)
            peak_bytes = bench_peak_bytes();
        epoch_machine_rate(settings, threads, &rates);
    }
    print_table(&run, samples_median(&rates));
    print_memory(peak_bytes, dataset, options);
    samples_end(&rates);
    epoch_end(&run);
    diffmm_options_destroy(options);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}

int main(int argc, char **argv)
{
    bool quick = false, sports = false, compare_threads = false;
    size_t threads = 0, epochs = 0, modalities = 0;
    const struct bench_option options[] = {
        {"--epochs", NULL, &epochs, 1, 1000, "epochs to train (default 3)"},
        {"--threads", NULL, &threads, 1, 1024, "threads (default: all CPUs)"},
        {"--modalities", NULL, &modalities, 1, 3,
         "the first so many of image, audio, text (default: all of the shape)"},
        {"--sports", &sports, NULL, 0, 0, "Amazon-Sports' shape and preset instead of TikTok's"},
        {"--compare-threads", &compare_threads, NULL, 0, 0,
         "one thread against all, epochs by turns"},
        {"--quick", &quick, NULL, 0, 0, "a small shape, one epoch: does the program work?"},
    };
    bench_begin(argc, argv, options, sizeof options / sizeof *options);
    const struct bench_shape *shape = quick ? &bench_quick : sports ? &bench_sports : &bench_tiktok;
    struct epoch_settings settings = {.shape = shape,
                                      .preset = sports ? bench_sports.preset : shape->preset,
                                      .modalities = modalities ? modalities : shape->modality_count,
                                      .epochs = epochs  ? epochs
                                                : quick ? 1
                                                        : 3,
                                      .threads = threads,
                                      .quick = quick};
    if (compare_threads)
        epoch_compare_threads(&settings);
    else
        measure(&settings);
    return 0;
}

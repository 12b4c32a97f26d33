/* SPDX-License-Identifier: BSD-2-Clause */
/* One thread against all threads: two trainers with the same data and seed take turns, so that
 * both see the machine in the same state. The machine's own gain, on a matrix product, stands
 * in the last line: threads that share a core's units cannot gain more. */
#include <stdio.h>
#include <string.h>

#include "bench_epoch.h"

struct side {
    diffmm_context *context;
    diffmm_dataset *dataset;
    struct epoch_run run;
    size_t threads;
    struct samples rates;
};

static void begin_side(struct side *side, const struct epoch_settings *settings, size_t threads)
{
    *side = (struct side){.context = bench_context(threads)};
    side->threads = diffmm_context_threads(side->context);
    side->dataset = bench_data(side->context, settings->shape, settings->modalities);
    diffmm_options *options = epoch_options(side->context, settings);
    epoch_begin(&side->run, side->dataset, options, settings->epochs);
    diffmm_options_destroy(options);
}

static void end_side(struct side *side)
{
    samples_end(&side->rates);
    epoch_end(&side->run);
    diffmm_dataset_destroy(side->dataset);
    diffmm_context_destroy(side->context);
}

/* Fails unless every parameter of both models has the same bits. */
static void check_same_bits(const struct side *a, const struct side *b)
{
    const diffmm_model *one = diffmm_trainer_model(a->run.trainer);
    const diffmm_model *many = diffmm_trainer_model(b->run.trainer);
    for (size_t p = 0; p < diffmm_model_parameters(one); p++) {
        diffmm_parameter x = {.struct_size = sizeof x}, y = {.struct_size = sizeof y};
        bench_check(diffmm_model_parameter_at(one, p, &x));
        bench_check(diffmm_model_parameter_at(many, p, &y));
        if (memcmp(x.values, y.values, x.rows * x.columns * sizeof *x.values) != 0)
            bench_fail("%s differs between %zu and %zu threads", x.name, a->threads, b->threads);
    }
    printf("the same bits in all %zu parameters\n", diffmm_model_parameters(one));
}

static void print_speedups(const struct side *one, const struct side *many)
{
    printf("%-12s %9zu thread %8zu threads %9s\n", "seconds", one->threads, many->threads,
           "speed-up");
    for (size_t part = 0; part < EPOCH_PARTS; part++) {
        double slow = samples_median(&one->run.seconds[part]);
        double fast = samples_median(&many->run.seconds[part]);
        printf("%-12s %16.3f %16.3f %9.2f\n", epoch_part_names[part], slow, fast,
               fast > 0.0 ? slow / fast : 0.0);
    }
    double slow = samples_median(&one->rates), fast = samples_median(&many->rates);
    printf("%-12s %8.1f GFLOP/s %8.1f GFLOP/s %9.2f\n", "sgemm", slow, fast, fast / slow);
}

void epoch_compare_threads(const struct epoch_settings *settings)
{
    struct side one, many;
    begin_side(&one, settings, 1);
    begin_side(&many, settings, settings->threads);
    bench_describe(one.dataset, settings->shape->title, bench_folder(settings->shape));
    printf("%s\npreset %s, medians over %zu epochs of each\n", diffmm_build_info(),
           settings->preset, settings->epochs);
    for (size_t epoch = 0; epoch < settings->epochs; epoch++) {
        epoch_train(&one.run);
        epoch_machine_rate(settings, one.threads, &one.rates);
        epoch_train(&many.run);
        epoch_machine_rate(settings, many.threads, &many.rates);
    }
    print_speedups(&one, &many);
    check_same_bits(&one, &many);
    end_side(&one);
    end_side(&many);
}

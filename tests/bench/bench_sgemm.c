/* SPDX-License-Identifier: BSD-2-Clause */
/* Matrix products as the library computes them, beside every other way that this machine has: BLIS with the kernels of
 * each processor family that run here, and OpenBLAS with those of each core type, where it is installed. Both read
 * from the environment what to take, when they start; so each measurement is a process of its own, and the ways take
 * turns. The shapes are those of training on TikTok. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "fma_rate.h"
#include "linalg/blis.h"
#include "sgemm_rate.h"

struct named_shape {
    const char *name;
    struct sgemm_shape shape;
};

static const struct named_shape training[] = {
    {"first layer", {.m = 1024, .k = 6710, .n = 1000, .b_transposed = true}},
    {"last layer", {.m = 1024, .k = 1000, .n = 6710, .b_transposed = true}},
    {"its backward", {.m = 1024, .k = 6710, .n = 1000}},
    {"weights' gradient", {.m = 1000, .k = 1024, .n = 6710, .a_transposed = true}},
    {"hidden layer", {.m = 1024, .k = 1000, .n = 1000, .b_transposed = true}},
    {"projection", {.m = 6710, .k = 768, .n = 64, .b_transposed = true}},
    {"scores", {.m = 1024, .k = 64, .n = 6710, .b_transposed = true}},
    {"plain", {.m = 1024, .k = 1000, .n = 6720}},
};
enum { shapes = sizeof training / sizeof *training };

/* A way to multiply, and what the environment says for it. */
struct way {
    const char *name, *variable, *value;
    sgemm_way *multiply;
};

/* cblas_sgemm, whose first arguments are enumerations. */
typedef void cblas_sgemm_function(int order, int a_transposed, int b_transposed, int m, int n,
                                  int k, float alpha, const float *a, int a_stride, const float *b,
                                  int b_stride, float beta, float *c, int c_stride);
static cblas_sgemm_function *openblas_sgemm;

static void multiply_openblas(struct sgemm_shape shape, struct diffmm__matrix a,
                              struct diffmm__matrix b, float *c)
{
    enum { by_rows = 101, plain = 111, transposed = 112 };
    openblas_sgemm(by_rows, a.transposed ? transposed : plain, b.transposed ? transposed : plain,
                   (int)shape.m, (int)shape.n, (int)shape.k, 1.0f, a.data, (int)a.stride, b.data,
                   (int)b.stride, 0.0f, c, (int)shape.n);
}

/* BLIS numbers families (0.9: 0 skx, 3 haswell, 6 zen3, 8 zen); OpenBLAS names core types. */
static const struct way ways[] = {
    {"libdiffmm", NULL, NULL, sgemm_library},
#if defined(__x86_64__)
    {"BLIS 0", "BLIS_ARCH_TYPE", "0", sgemm_library},
    {"BLIS 3", "BLIS_ARCH_TYPE", "3", sgemm_library},
    {"BLIS 6", "BLIS_ARCH_TYPE", "6", sgemm_library},
    {"BLIS 8", "BLIS_ARCH_TYPE", "8", sgemm_library},
    {"OpenBLAS SkylakeX", "OPENBLAS_CORETYPE", "SkylakeX", multiply_openblas},
    {"OpenBLAS Cooperlake", "OPENBLAS_CORETYPE", "Cooperlake", multiply_openblas},
    {"OpenBLAS Haswell", "OPENBLAS_CORETYPE", "Haswell", multiply_openblas},
    {"OpenBLAS Zen", "OPENBLAS_CORETYPE", "Zen", multiply_openblas},
#else
    {"OpenBLAS ARMV8", "OPENBLAS_CORETYPE", "ARMV8", multiply_openblas},
    {"OpenBLAS NEOVERSEN1", "OPENBLAS_CORETYPE", "NEOVERSEN1", multiply_openblas},
#endif
};
enum { way_count = sizeof ways / sizeof *ways };

struct task {
    const struct way *way;
    size_t threads, runs, divisor;
};

struct rates {
    double rate[shapes];
    char kernels[80]; /* what the library found in the environment */
};

static void open_openblas(void)
{
    void *library = dlopen("libopenblas.so.0", RTLD_NOW);
    void *one = library ? dlsym(library, "openblas_set_num_threads") : NULL;
    void *sgemm = library ? dlsym(library, "cblas_sgemm") : NULL;
    if (!one || !sgemm)
        exit(1);
    void (*set_threads)(int);
    memcpy(&set_threads, &one, sizeof one);
    memcpy(&openblas_sgemm, &sgemm, sizeof sgemm);
    set_threads(1);
}

static size_t part(size_t size, size_t divisor)
{
    return (size + divisor - 1) / divisor;
}

static void measure_way(const void *argument, void *outcome)
{
    const struct task *task = argument;
    struct rates *rates = outcome;
    if (task->way->variable && setenv(task->way->variable, task->way->value, 1))
        exit(1);
    if (task->way->multiply == multiply_openblas)
        open_openblas();
    else
        snprintf(rates->kernels, sizeof rates->kernels, "%s", diffmm__blis_architecture());
    for (size_t s = 0; s < shapes; s++) {
        struct sgemm_shape shape = training[s].shape;
        struct samples samples = {0};
        shape.m = part(shape.m, task->divisor);
        shape.k = part(shape.k, task->divisor);
        shape.n = part(shape.n, task->divisor);
        sgemm_rate_of(task->way->multiply, shape, task->threads, task->runs, &samples);
        rates->rate[s] = samples_median(&samples);
        samples_end(&samples);
    }
}

/* The rates of each way, shape by shape; none where a way does not run here. */
struct table {
    struct samples rates[way_count][shapes];
    bool runs[way_count];
    char kernels[way_count][80];
};

static void measure_round(size_t round, size_t threads, size_t runs, size_t divisor,
                          struct table *table)
{
    for (size_t w = 0; w < way_count; w++) {
        struct task task = {&ways[w], threads, runs, divisor};
        struct rates rates = {0};
        size_t peak;
        if (round > 0 && !table->runs[w])
            continue;
        table->runs[w] = bench_child_runs(measure_way, &task, &rates, sizeof rates, &peak);
        memcpy(table->kernels[w], rates.kernels, sizeof rates.kernels);
        if (table->runs[w])
            for (size_t s = 0; s < shapes; s++)
                samples_add(&table->rates[w][s], rates.rate[s]);
    }
}

static void print_table(const struct table *table)
{
    double best[shapes] = {0};
    printf("GFLOP/s; columns are\n");
    for (size_t s = 0; s < shapes; s++) {
        struct sgemm_shape shape = training[s].shape;
        printf("  %zu: %s, %zu x %zu%s by %zu x %zu%s\n", s + 1, training[s].name, shape.m, shape.k,
               shape.a_transposed ? " (transposed)" : "", shape.k, shape.n,
               shape.b_transposed ? " (transposed)" : "");
    }
    for (size_t w = 0; w < way_count; w++) {
        if (!table->runs[w])
            continue;
        printf("%-20s", ways[w].name);
        for (size_t s = 0; s < shapes; s++) {
            double rate = samples_median(&table->rates[w][s]);
            best[s] = rate > best[s] && w > 0 ? rate : best[s];
            printf(" %6.0f", rate);
        }
        printf("  %s\n", table->kernels[w]);
    }
    printf("%-20s", "libdiffmm / best");
    for (size_t s = 0; s < shapes; s++)
        printf(" %6.2f", samples_median(&table->rates[0][s]) / best[s]);
    printf("\n");
}

static void measure(size_t threads, size_t rounds, size_t runs, size_t divisor)
{
    struct table *table = bench_take(1, sizeof *table);
    struct samples peak = {0};
    for (size_t round = 0; round < rounds; round++) {
        measure_round(round, threads, runs, divisor, table);
        fma_rate(3, &peak);
    }
    if (!table->runs[0])
        bench_fail("the library's own products fail");
    printf("%zu threads, medians of %zu rounds; fused multiply-adds of one thread: %.0f GFLOP/s\n",
           threads, rounds, samples_median(&peak));
    print_table(table);
    for (size_t w = 0; w < way_count; w++)
        for (size_t s = 0; s < shapes; s++)
            samples_end(&table->rates[w][s]);
    samples_end(&peak);
    free(table);
}

int main(int argc, char **argv)
{
    bool quick = false;
    size_t threads = 1, rounds = 5;
    const struct bench_option options[] = {
        {"--threads", NULL, &threads, 1, 1024, "threads that share the rows (default 1)"},
        {"--rounds", NULL, &rounds, 1, 1000, "processes of each way, by turns (default 5)"},
        {"--quick", &quick, NULL, 0, 0, "small shapes: does the program work?"},
    };
    bench_begin(argc, argv, options, sizeof options / sizeof *options);
    if (quick)
        measure(threads, 1, 1, 50);
    else
        measure(threads, rounds, 3, 1);
    return 0;
}

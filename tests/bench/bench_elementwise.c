/* SPDX-License-Identifier: BSD-2-Clause */
/* What is not a product: each elementwise kernel on one thread, with arrays in the nearest cache, where arithmetic limits
 * it, and with arrays in memory, where the bytes may. "Bound" is what these bytes take at the rate of a copy (of a read,
 * where nothing is written); "share" is the greater of this and the time in the cache, over the time in memory: 1 where
 * nothing but its limit holds the kernel up. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "linalg/kernels.h"
#include "linalg/normalize_rows.h"
#include "linalg/vectors.h"
#include "memory_rate.h"

enum { d = 64, block = 64, in_cache = 2048 };

struct operands {
    const diffmm_context *context;
    const struct diffmm__vector_kernels *kernels;
    float *x, *y, *z, *w; /* n floats each; w also has the norms of rows */
};

struct operation {
    const char *name;
    void (*run)(const struct operands *at, size_t n);
    double read, written; /* floats of memory, for each that counts */
};

static void run_clear(const struct operands *at, size_t n)
{
    diffmm__vector_clear(at->context, n, at->y);
}

static void run_scale(const struct operands *at, size_t n)
{
    at->kernels->scale(n, -1.0f, at->y);
}

static void run_add_scaled(const struct operands *at, size_t n)
{
    at->kernels->add_scaled(n, 0x1p-20f, at->x, at->y);
}

static void run_dot(const struct operands *at, size_t n)
{
    at->w[0] = (float)at->kernels->dot(n, at->x, at->y);
}

static void run_normalize(const struct operands *at, size_t n)
{
    diffmm__normalize_rows(at->context, n / d, d, at->x, d, at->y, d, at->w);
}

static void run_adam(const struct operands *at, size_t n)
{
    const struct diffmm__adam_coefficients factors = {0.9f,  0.1f, 0.999f, 0.001f,
                                                      1e-6f, 1.0f, 1e-8f};
    at->kernels->adam(n, &factors, at->x, at->y, at->z, at->w);
}

static void run_exp(const struct operands *at, size_t n)
{
    at->kernels->exp(n, at->x, at->y);
}

static void run_exponentiate(const struct operands *at, size_t n)
{
    static const float shifts[in_cache / 16];
    for (size_t done = 0; done < n; done += in_cache) {
        size_t now = n - done < in_cache ? n - done : in_cache;
        at->kernels->panels->exponentiate(now / 16, 16, 0x1p-20f, shifts, at->y + done, at->w);
    }
}

static void run_bias_tanh(const struct operands *at, size_t n)
{
    at->kernels->bias_tanh(n, at->x, at->y);
}

static void run_normal(const struct operands *at, size_t n)
{
    at->kernels->normal(1, 2, 3, n / block, at->y);
}

static void run_bits(const struct operands *at, size_t n)
{
    at->kernels->bits(1, 2, 3, n / block, (uint32_t *)(void *)at->y);
}

static void run_copy(const struct operands *at, size_t n)
{
    memcpy(at->y, at->x, n * sizeof(float));
}

static const struct operation copy = {"copy", run_copy, 1, 1};
static const struct operation operations[] = {
    {"clear", run_clear, 0, 1},
    {"scale", run_scale, 1, 1},
    {"add scaled", run_add_scaled, 2, 1},
    {"dot", run_dot, 2, 0},
    {"normalise rows of 64", run_normalize, 1, 1},
    {"Adam", run_adam, 4, 3},
    {"exp", run_exp, 1, 1},
    {"exp of InfoNCE", run_exponentiate, 1, 1},
    {"bias and tanh", run_bias_tanh, 2, 1},
    {"normal draws", run_normal, 0, 1},
    {"32 random bits", run_bits, 0, 1},
};

static void fill(const struct operands *at, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        at->x[i] = (float)(bench_random(i) >> 40) * 0x1p-24f;
        at->y[i] = at->x[i] * 0.5f;
        at->z[i] = 0.25f;
        at->w[i] = 0.125f;
    }
}

/* Nanoseconds for each float: a median. */
static double time_of(const struct operation *operation, const struct operands *at, size_t n,
                      size_t times)
{
    enum { runs = 9 };
    struct samples samples = {0};
    fill(at, n);
    for (size_t run = 0; run <= runs; run++) {
        double start = bench_now();
        for (size_t t = 0; t < times; t++)
            operation->run(at, n);
        if (run > 0)
            samples_add(&samples, 1e9 * (bench_now() - start) / (double)n / (double)times);
    }
    double median = samples_median(&samples);
    samples_end(&samples);
    return median;
}

static double read_time(size_t n)
{
    struct samples seconds = {0};
    memory_read(n, 1, 9, &seconds);
    double median = 1e9 * samples_median(&seconds) / (double)n;
    samples_end(&seconds);
    return median;
}

static void measure(size_t n, size_t times)
{
    diffmm_context *context = bench_context(1);
    struct operands at = {.context = context, .kernels = diffmm__kernels()};
    float *arrays = bench_map(4 * n * sizeof(float));
    at.x = arrays;
    at.y = arrays + n;
    at.z = arrays + 2 * n;
    at.w = arrays + 3 * n;
    double copied = time_of(&copy, &at, n, 1) / (copy.read + copy.written), read = read_time(n);
    printf("%s\none thread, %zu floats in memory, nanoseconds for each\n", diffmm_build_info(), n);
    printf("%-22s %9s %9s %9s %7s %7s\n", "", "in cache", "memory", "bound", "GB/s", "share");
    for (size_t o = 0; o < sizeof operations / sizeof *operations; o++) {
        const struct operation *operation = &operations[o];
        double floats = operation->read + operation->written;
        double inside = time_of(operation, &at, in_cache, times);
        double outside = time_of(operation, &at, n, 1);
        double bound = floats * (operation->written > 0.0 ? copied : read);
        printf("%-22s %9.3f %9.3f %9.3f %7.1f %7.2f\n", operation->name, inside, outside, bound,
               floats * sizeof(float) / outside, (bound > inside ? bound : inside) / outside);
    }
    bench_unmap(arrays, 4 * n * sizeof(float));
    diffmm_context_destroy(context);
}

int main(int argc, char **argv)
{
    bool quick = false;
    const struct bench_option options[] = {
        {"--quick", &quick, NULL, 0, 0, "short arrays: does the program work?"},
    };
    bench_begin(argc, argv, options, sizeof options / sizeof *options);
    if (quick)
        measure(in_cache, 1);
    else
        measure((size_t)1 << 24, 2000);
    return 0;
}

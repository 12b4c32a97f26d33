/* SPDX-License-Identifier: BSD-2-Clause */
/* BLIS, called as the library calls it (linalg/gemm.h): so with the library's micro-kernel where
 * BLIS itself has none for the processor. The rows are cut among the threads. */
#include "sgemm_rate.h"

#include <pthread.h>
#include <stdlib.h>

#include "common.h"
#include "linalg/gemm.h"

struct product {
    size_t m, k, n;
    float *a, *b, *c;
};

static void multiply(const struct product *p)
{
    diffmm__gemm_serial(p->m, p->n, p->k, 1.0f, diffmm__plain(p->a, p->k),
                        diffmm__plain(p->b, p->n), 0.0f, p->c, p->n);
}

static void *multiply_slice(void *argument)
{
    multiply(argument);
    return NULL;
}

/* A part of the rows on each thread, the first part on this one. */
static void multiply_sliced(const struct product *whole, size_t threads)
{
    struct product *slices = bench_take(threads, sizeof *slices);
    pthread_t *handles = bench_take(threads, sizeof *handles);
    for (size_t t = 0; t < threads; t++) {
        size_t begin = whole->m * t / threads, end = whole->m * (t + 1) / threads;
        slices[t] = *whole;
        slices[t].m = end - begin;
        slices[t].a += begin * whole->k;
        slices[t].c += begin * whole->n;
        if (t > 0 && pthread_create(&handles[t], NULL, multiply_slice, &slices[t]))
            bench_fail("thread %zu of %zu cannot start", t, threads);
    }
    multiply(&slices[0]);
    for (size_t t = 1; t < threads; t++)
        pthread_join(handles[t], NULL);
    free(slices);
    free(handles);
}

/* Values in [-1, 1), none so small that arithmetic slows down. */
static void fill(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(int32_t)(bench_random(i) >> 32) * 0x1p-31f;
}

/* The first entry, in double precision: that the product was computed at all. */
static void check_entry(const struct product *p)
{
    double sum = 0.0, size = 0.0;
    for (size_t j = 0; j < p->k; j++) {
        double term = (double)p->a[j] * (double)p->b[j * p->n];
        sum += term;
        size += term < 0.0 ? -term : term;
    }
    double error = sum - (double)p->c[0];
    if (!((error < 0.0 ? -error : error) <= 1e-5 * size))
        bench_fail("sgemm gives %g for an entry that is %g", (double)p->c[0], sum);
}

void sgemm_rate(size_t m, size_t k, size_t n, size_t threads, size_t runs, struct samples *rates)
{
    size_t bytes = (m * k + k * n + m * n) * sizeof(float);
    float *operands = bench_map(bytes);
    struct product p = {.m = m,
                        .k = k,
                        .n = n,
                        .a = operands,
                        .b = operands + m * k,
                        .c = operands + m * k + k * n};
    fill(p.a, m * k + k * n);
    for (size_t run = 0; run <= runs; run++) {
        double start = bench_now();
        multiply_sliced(&p, threads);
        double seconds = bench_now() - start;
        if (run > 0)
            samples_add(rates, 2e-9 * (double)m * (double)k * (double)n / seconds);
    }
    check_entry(&p);
    bench_unmap(operands, bytes);
}

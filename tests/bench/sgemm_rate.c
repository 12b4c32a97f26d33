/* SPDX-License-Identifier: BSD-2-Clause */
#include "sgemm_rate.h"

#include <pthread.h>
#include <stdlib.h>

#include "common.h"
#include "linalg/gemm.h"

struct product {
    sgemm_way *way;
    struct sgemm_shape shape;
    struct diffmm__matrix a, b;
    float *c;
};

void sgemm_library(struct sgemm_shape shape, struct diffmm__matrix a, struct diffmm__matrix b,
                   float *c)
{
    diffmm__gemm_serial(shape.m, shape.n, shape.k, 1.0f, a, b, 0.0f, c, shape.n);
}

static void *multiply_slice(void *argument)
{
    const struct product *p = argument;
    p->way(p->shape, p->a, p->b, p->c);
    return NULL;
}

/* A part of the rows on each thread, the first part on this one. */
static void multiply_sliced(const struct product *whole, size_t threads)
{
    struct product *slices = bench_take(threads, sizeof *slices);
    pthread_t *handles = bench_take(threads, sizeof *handles);
    size_t room = whole->a.transposed ? diffmm__gemm_room() : 0;
    float *rooms = room > 0 ? bench_take(threads * room, sizeof *rooms) : NULL;
    for (size_t t = 0; t < threads; t++) {
        size_t begin = whole->shape.m * t / threads, end = whole->shape.m * (t + 1) / threads;
        slices[t] = *whole;
        slices[t].shape.m = end - begin;
        slices[t].a.data += begin * (whole->a.transposed ? 1 : whole->a.stride);
        slices[t].a.room = rooms ? rooms + t * room : NULL; /* as in training */
        slices[t].c += begin * whole->shape.n;
        if (t > 0 && pthread_create(&handles[t], NULL, multiply_slice, &slices[t]))
            bench_fail("thread %zu of %zu cannot start", t, threads);
    }
    multiply_slice(&slices[0]);
    for (size_t t = 1; t < threads; t++)
        pthread_join(handles[t], NULL);
    free(slices);
    free(handles);
    free(rooms);
}

/* Values in [-1, 1), none so small that arithmetic slows down. */
static void fill(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(int32_t)(bench_random(i) >> 32) * 0x1p-31f;
}

static double element(struct diffmm__matrix x, size_t row, size_t column)
{
    return (double)(x.transposed ? x.data[column * x.stride + row]
                                 : x.data[row * x.stride + column]);
}

/* The last entry, in double precision: that the product was computed at all. */
static void check_entry(const struct product *p)
{
    size_t row = p->shape.m - 1, column = p->shape.n - 1;
    double sum = 0.0, size = 0.0, got = (double)p->c[row * p->shape.n + column];
    for (size_t j = 0; j < p->shape.k; j++) {
        double term = element(p->a, row, j) * element(p->b, j, column);
        sum += term;
        size += term < 0.0 ? -term : term;
    }
    double error = sum - got;
    if (!((error < 0.0 ? -error : error) <= 1e-5 * size))
        bench_fail("sgemm gives %g for an entry that is %g", got, sum);
}

void sgemm_rate_of(sgemm_way *way, struct sgemm_shape shape, size_t threads, size_t runs,
                   struct samples *rates)
{
    const size_t m = shape.m, k = shape.k, n = shape.n;
    size_t bytes = (m * k + k * n + m * n) * sizeof(float);
    float *a = bench_map(bytes), *b = a + m * k;
    struct product p = {.way = way,
                        .shape = shape,
                        .a = shape.a_transposed ? diffmm__transposed(a, m) : diffmm__plain(a, k),
                        .b = shape.b_transposed ? diffmm__transposed(b, k) : diffmm__plain(b, n),
                        .c = b + k * n};
    fill(a, m * k + k * n);
    for (size_t run = 0; run <= runs; run++) {
        double start = bench_now();
        multiply_sliced(&p, threads);
        double seconds = bench_now() - start;
        if (run > 0)
            samples_add(rates, 2e-9 * (double)m * (double)k * (double)n / seconds);
    }
    check_entry(&p);
    bench_unmap(a, bytes);
}

void sgemm_rate(size_t m, size_t k, size_t n, size_t threads, size_t runs, struct samples *rates)
{
    sgemm_rate_of(sgemm_library, (struct sgemm_shape){.m = m, .k = k, .n = n}, threads, runs,
                  rates);
}

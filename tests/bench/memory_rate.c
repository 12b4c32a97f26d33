/* SPDX-License-Identifier: BSD-2-Clause */
/* Each thread sums a slice of the array; barriers before and after each run keep the start of the
 * threads out of the time. */
#include "memory_rate.h"

#include <pthread.h>
#include <stdlib.h>

#include "common.h"

/* Eight registers of four floats: enough additions under way that loads are the limit. */
enum { lanes = 4, registers = 8, step = lanes * registers };
typedef float vector __attribute__((vector_size(lanes * sizeof(float))));

struct reader {
    const float *values;
    size_t count; /* a multiple of `step` */
    size_t runs;
    pthread_barrier_t *barrier;
    double sum;
};

static double sum_slice(const float *values, size_t count)
{
    const vector *at = (const vector *)(const void *)values;
    vector sums[registers] = {{0}};
    for (size_t i = 0; i < count / step; i++, at += registers)
        for (size_t r = 0; r < registers; r++)
            sums[r] += at[r];
    double total = 0.0;
    for (size_t r = 0; r < registers; r++)
        for (size_t lane = 0; lane < lanes; lane++)
            total += (double)sums[r][lane];
    return total;
}

static double read_once(struct reader *reader)
{
    pthread_barrier_wait(reader->barrier);
    double start = bench_now();
    reader->sum += sum_slice(reader->values, reader->count);
    pthread_barrier_wait(reader->barrier);
    return bench_now() - start;
}

static void *read_all(void *argument)
{
    struct reader *reader = argument;
    for (size_t run = 0; run <= reader->runs; run++)
        read_once(reader);
    return NULL;
}

void memory_read(size_t count, size_t threads, size_t runs, struct samples *seconds)
{
    size_t steps = (count + step - 1) / step, bytes = steps * step * sizeof(float);
    float *values = bench_map(bytes);
    for (size_t i = 0; i < steps * step; i++)
        values[i] = 1.0f;
    struct reader *readers = bench_take(threads, sizeof *readers);
    pthread_t *handles = bench_take(threads, sizeof *handles);
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, (unsigned)threads);
    for (size_t t = 0; t < threads; t++) {
        size_t begin = steps * t / threads * step, end = steps * (t + 1) / threads * step;
        readers[t] = (struct reader){
            .values = values + begin, .count = end - begin, .runs = runs, .barrier = &barrier};
        if (t > 0 && pthread_create(&handles[t], NULL, read_all, &readers[t]))
            bench_fail("thread %zu of %zu cannot start", t, threads);
    }
    read_once(&readers[0]);
    for (size_t run = 0; run < runs; run++)
        samples_add(seconds, read_once(&readers[0]));
    double sum = readers[0].sum;
    for (size_t t = 1; t < threads; t++) {
        pthread_join(handles[t], NULL);
        sum += readers[t].sum;
    }
    /* Ones are summed without rounding, as long as a lane's sum stays below 2^24. */
    if (sum != (double)(steps * step) * (double)(runs + 1))
        bench_fail("%zu ones do not add up", steps * step);
    pthread_barrier_destroy(&barrier);
    free(readers);
    free(handles);
    bench_unmap(values, bytes);
}

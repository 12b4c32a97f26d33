/* SPDX-License-Identifier: BSD-2-Clause */
#include "host_work.h"

#include <cblas.h>
#include <dlfcn.h>
#include <fenv.h>
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

#include "checksum.h"

enum { m = 150, n = 130, k = 170 };

static double plain_entry(const float *a, const float *b, int row, int column)
{
    double sum = 0;
    for (int i = 0; i < k; i++)
        sum += (double)a[row * k + i] * (double)b[i * n + column];
    return sum;
}

uint64_t host_work(void)
{
    static float a[m * k], b[k * n], c[m * n];
    long long total = 0;
    int team = 0;
    for (int i = 0; i < m * k; i++)
        a[i] = (float)((i * 37) % 101) / 101 - 0.5f;
    for (int i = 0; i < k * n; i++)
        b[i] = (float)((i * 53) % 97) / 97 - 0.5f;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.0f, a, k, b, n, 0.0f, c, n);
#pragma omp parallel reduction(+ : total)
    {
#pragma omp single
        team = omp_get_num_threads();
#pragma omp for
        for (int i = 0; i < m * n; i++) {
            if (fabs((double)c[i] - plain_entry(a, b, i / n, i % n)) > 1e-4) {
                fprintf(stderr, "the host's product is wrong at %d\n", i);
                exit(1);
            }
            total += i * (long long)team;
        }
    }
    return checksum_of(c, sizeof c) ^ (uint64_t)total;
}

void host_settings(char text[256])
{
    snprintf(
        text, 256,
        "omp threads %d, dynamic %d, levels %d, processors %d; openblas threads %d; rounding %d",
        omp_get_max_threads(), omp_get_dynamic(), omp_get_max_active_levels(), omp_get_num_procs(),
        openblas_get_num_threads(), fegetround());
}

const char *host_blas(void)
{
    Dl_info info;
    return dladdr(dlsym(RTLD_DEFAULT, "cblas_sgemm"), &info) ? info.dli_fname : "unknown";
}

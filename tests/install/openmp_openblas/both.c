/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's own work before, between and after training, and training inside its parallel region.
 */
#include <inttypes.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_work.h"
#include "training.h"

static uint64_t train(size_t threads)
{
    uint64_t checksum = 0;
    diffmm_hit hits[5];
    if (train_small(threads, &checksum, hits)) {
        fprintf(stderr, "%s\n", diffmm_error_message());
        exit(1);
    }
    return checksum;
}

static void same(const char *what, uint64_t first, uint64_t later)
{
    if (first != later) {
        fprintf(stderr, "%s: %016" PRIx64 ", then %016" PRIx64 "\n", what, first, later);
        exit(1);
    }
}

int main(void)
{
    char settings[256], later[256];
    host_settings(settings);
    uint64_t host = host_work(), model = train(2);
    same("the host's work after training", host, host_work());
    same("a second training", model, train(3));
    /* Two of the host's threads train at once, each with threads of the library's own. */
    uint64_t trained[2] = {0, 0};
#pragma omp parallel for num_threads(2)
    for (int i = 0; i < 2; i++)
        trained[i] = train(2);
    same("training in a parallel region", model, trained[0]);
    same("training in a parallel region", model, trained[1]);
    same("the host's work at the end", host, host_work());
    host_settings(later);
    if (strcmp(settings, later) != 0) {
        fprintf(stderr, "%s, then %s\n", settings, later);
        return 1;
    }
    fprintf(stderr, "cblas_sgemm comes from %s\n", host_blas());
    printf("%s\nhost %016" PRIx64 "\nmodel %016" PRIx64 "\n", settings, host, model);
    return 0;
}

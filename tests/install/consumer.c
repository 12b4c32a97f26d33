/* SPDX-License-Identifier: BSD-2-Clause */
/* A program that uses the library, built in several ways: it prints the bits of what it trained. */
#include <inttypes.h>
#include <stdio.h>

#include "training.h"

int main(void)
{
    uint64_t checksum;
    diffmm_hit hits[5];
    diffmm_status status = train_small(2, &checksum, hits);
    if (status) {
        fprintf(stderr, "%s: %s\n", diffmm_status_name(status), diffmm_error_message());
        return 1;
    }
    printf("model %016" PRIx64 "\n", checksum);
    for (int i = 0; i < 5; i++)
        printf("item %d score %a\n", (int)hits[i].item, (double)hits[i].score);
    return 0;
}

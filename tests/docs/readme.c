/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls the program of README.md. */
#include <stdio.h>

int main(void)
{
    diffmm_hit hits[10];
    size_t found = 0;
    if (train_and_recommend(hits, &found)) {
        fprintf(stderr, "%s\n", diffmm_error_message());
        return 1;
    }
    return found != 10;
}

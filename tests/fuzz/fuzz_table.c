/* SPDX-License-Identifier: BSD-2-Clause */
/* Interactions from text: the same bytes as .tsv, as .csv, and as a table whose
 * separator is guessed. */
#include "interactions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_interactions("table.tsv", data, size, 64 * size + 65536);
    fuzz_interactions("table.csv", data, size, 64 * size + 65536);
    fuzz_interactions("table.inter", data, size, 64 * size + 65536);
    return 0;
}

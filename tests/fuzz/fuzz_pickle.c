/* SPDX-License-Identifier: BSD-2-Clause */
/* Interactions from a pickled scipy matrix. Memory: an entry of one byte becomes numbers of eight;
 * a matrix may have a million rows without entries, and more in a larger file
 * (lib/dataset/readers/sparse.c), for each of which sealing takes up to 16 bytes at once. */
#include "interactions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_interactions("matrix.pkl", data, size, 1024 * size + (16 << 20));
    return 0;
}

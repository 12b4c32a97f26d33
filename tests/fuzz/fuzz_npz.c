/* SPDX-License-Identifier: BSD-2-Clause */
/* Interactions from a .npz archive. Memory: as for a pickle, of what a member holds unpacked, which
 * is at most 1032 times the file (deflate packs no better). */
#include "interactions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_interactions("matrix.npz", data, size, 16 * 1032 * size + (16 << 20));
    return 0;
}

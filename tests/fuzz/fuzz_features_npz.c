/* SPDX-License-Identifier: BSD-2-Clause */
/* Features from a .npz archive. Memory: what a member holds unpacked, at most 1032 times the file,
 * as floats; text that is not ASCII is no longer in UTF-8 than as it comes. */
#include "feature_rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_features(fuzz_file("x.npz", data, size), 16 * 1032 * size + 65536);
    return 0;
}

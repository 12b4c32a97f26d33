/* SPDX-License-Identifier: BSD-2-Clause */
/* Text vectors. */
#include "feature_rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_features(fuzz_file("x.vec", data, size), 64 * size + 65536);
    return 0;
}

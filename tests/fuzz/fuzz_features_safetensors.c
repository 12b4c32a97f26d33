/* SPDX-License-Identifier: BSD-2-Clause */
/* Features from a safetensors file: its only matrix, and one by name. */
#include <stdio.h>

#include "feature_rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char named[4200];
    const char *path = fuzz_file("x.safetensors", data, size);
    snprintf(named, sizeof named, "%s:b", path);
    fuzz_features(path, 64 * size + 65536);
    fuzz_features(named, 64 * size + 65536);
    return 0;
}

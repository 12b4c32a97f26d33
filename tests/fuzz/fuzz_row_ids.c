/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of ids beside a file of features with four rows. */
#include <string.h>

#include "feature_rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char header[] = "\x93NUMPY\x01\x00\x3c\x00"
                                 "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 2), }\n";
    uint8_t features[sizeof header - 1 + 8] = {0};
    memcpy(features, header, sizeof header - 1);
    fuzz_file("x.ids.txt", data, size);
    fuzz_features(fuzz_file("x.npy", features, sizeof features), 64 * size + 65536);
    return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* A data set opened with a list of item ids beside it: item_ids.txt is fuzzed. */
#include <string.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char table[] = "user\titem\nu\ta\nv\tb\n";
    diffmm_context *context = fuzz_begin(64 * size + 65536, FUZZ_REPORT);
    diffmm_dataset *dataset = NULL;
    fuzz_file("item_ids.txt", data, size);
    const char *path = fuzz_file("table.tsv", (const uint8_t *)table, strlen(table));
    if (fuzz_status(diffmm_dataset_open(context, path, &dataset)))
        fuzz_check(!dataset, "a failure gave a data set");
    else
        fuzz_visit_dataset(dataset);
    diffmm_dataset_destroy(dataset);
    fuzz_end();
    return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Interactions from text: the same bytes as .tsv, as .csv, as a table whose separator is guessed,
 * and as one of which the first bytes say how it is written. They may be compressed. */
#include <string.h>

#include "interactions.h"

/* What a compressed table becomes may be much larger than it is. */
static size_t limit_of(const uint8_t *data, size_t size)
{
    bool packed =
        size > 1 && (memcmp(data, "\x1f\x8b", 2) == 0 || memcmp(data, "\x28\xb5", 2) == 0);
    return 64 * size + (packed ? 1 << 26 : 65536);
}

static void read_with_format(const uint8_t *data, size_t size)
{
    static const char *const separators[] = {NULL, "\t", ",", ";", "::", " ", "|", "a"};
    static const char *const columns[] = {NULL, "1", "2", "3", "user", "item", "x", "0"};
    if (size < 4)
        return;
    const diffmm_table_format format = {.struct_size = sizeof format,
                                        .separator = separators[data[0] & 7],
                                        .header = (data[0] >> 3) % 3,
                                        .quotes = (data[0] >> 5) % 3,
                                        .user = columns[data[1] & 7],
                                        .item = columns[(data[1] >> 3) & 7],
                                        .rating = columns[data[2] & 7],
                                        .timestamp = columns[(data[2] >> 3) & 7],
                                        .split = columns[data[3] & 7]};
    data += 4;
    size -= 4;
    diffmm_context *context = fuzz_begin(limit_of(data, size), FUZZ_REPORT);
    diffmm_dataset *dataset;
    fuzz_check(diffmm_dataset_create(context, &dataset) == DIFFMM_OK, "there is no data set");
    if (fuzz_status(diffmm_dataset_read_table(dataset, DIFFMM_TRAIN,
                                              fuzz_file("table.log", data, size), &format)))
        fuzz_check(diffmm_dataset_users(dataset) == 0 && diffmm_dataset_items(dataset) == 0,
                   "a failure left something in the data set");
    else
        fuzz_visit_dataset(dataset);
    diffmm_dataset_destroy(dataset);
    fuzz_end();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_interactions("table.tsv", data, size, limit_of(data, size));
    fuzz_interactions("table.csv", data, size, limit_of(data, size));
    fuzz_interactions("table.inter", data, size, limit_of(data, size));
    read_with_format(data, size);
    return 0;
}

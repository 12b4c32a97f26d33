/* SPDX-License-Identifier: BSD-2-Clause */
/* Features from a .npy file, read and mapped. Memory: the features as floats (at most four times a file of bytes), and
 * what sealing takes for each row. */
#include "fuzz.h"

static void add(diffmm_status (*read)(diffmm_dataset *, const char *, const char *),
                const char *path, size_t size)
{
    static const char *const user = "u", *const item = "0";
    diffmm_context *context = fuzz_begin(64 * size + 65536, FUZZ_REPORT);
    diffmm_dataset *dataset;
    fuzz_check(diffmm_dataset_create(context, &dataset) == DIFFMM_OK, "there is no data set");
    diffmm_status status = read(dataset, "image", path);
    if (!fuzz_status(status)) {
        size_t dimensions = diffmm_dataset_modality_dimensions(dataset, 0);
        fuzz_check(diffmm_dataset_modalities(dataset) == 1 && dimensions > 0,
                   "a modality has no features");
        /* An item that is the number of a row: there are as many items as rows. */
        fuzz_check(!diffmm_dataset_add_named_interactions(dataset, DIFFMM_TRAIN, 1, &user, &item),
                   "no interaction can be added");
        fuzz_visit_dataset(dataset);
        fuzz_check(diffmm_dataset_items(dataset) * dimensions <= size,
                   "there are more features than the file can hold");
    } else {
        fuzz_check(diffmm_dataset_modalities(dataset) == 0, "a failure left a modality");
    }
    diffmm_dataset_destroy(dataset);
    fuzz_end();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *path = fuzz_file("image_feat.npy", data, size);
    add(diffmm_dataset_read_modality, path, size);
    add(diffmm_dataset_map_modality, path, size);
    return 0;
}

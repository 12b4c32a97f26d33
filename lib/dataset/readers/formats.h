/* SPDX-License-Identifier: BSD-2-Clause */
/* The formats that data sets are read from. A new one is a reader beside the others here, and an
 * entry in the table of formats.c. */
#ifndef DIFFMM_DATASET_READERS_FORMATS_H
#define DIFFMM_DATASET_READERS_FORMATS_H

#include <stdbool.h>

#include "dataset/draft.h"
#include "dataset/modality.h"

/* A format is known by a file's ending, and has at least one of both readers. */
struct diffmm__format {
    const char *ending;
    /* Add interactions to a draft, which goes back to what it was if that fails; those that name no
     * split go into `split`. */
    diffmm_status (*interactions)(const diffmm_context *context, const char *path,
                                  diffmm_split split, struct diffmm__draft *draft);
    bool table;       /* of text: .gz or .zst may follow the ending */
    bool split_files; /* a folder may have a file of it for each split: trnMat.pkl, .. */
    /* Rows of features; the caller takes over their values. */
    diffmm_status (*features)(const diffmm_context *context, const char *path,
                              struct diffmm__feature_rows *out);
};

/* All formats, in the order of the table. */
const struct diffmm__format *diffmm__formats_list(size_t *count);

#endif

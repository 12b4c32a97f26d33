/* SPDX-License-Identifier: BSD-2-Clause */
/* A synthetic data set in files, where there is no real one to read. */
#ifndef DIFFMM_BENCH_STAND_IN_FOLDER_H
#define DIFFMM_BENCH_STAND_IN_FOLDER_H

#include "data.h"

struct stand_in {
    char folder[32];
    char interactions[64]; /* the file to open */
    size_t modality_count;
    char modalities[3][96];
};

/* A temporary folder with interactions.tsv, and NAME_feat.npy (float16) for each modality. */
struct stand_in stand_in_begin(diffmm_context *context, const struct bench_shape *shape,
                               size_t modalities);

/* Remove it. */
void stand_in_end(struct stand_in *stand_in);

#endif

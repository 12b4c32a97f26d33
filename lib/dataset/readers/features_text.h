/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_DATASET_READERS_FEATURES_TEXT_H
#define DIFFMM_DATASET_READERS_FEATURES_TEXT_H

#include "dataset/modality.h"

/* Text vectors, as word2vec, GloVe and fastText write them: on each line an id and its numbers,
 * with spaces or tabs between them. The first line may say how many vectors and numbers there
 * are. */
diffmm_status diffmm__features_text_read(const diffmm_context *context, const char *path,
                                         struct diffmm__feature_rows *out);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of ids of rows: NAME.ids.txt beside a file of features, one id per line. */
#ifndef DIFFMM_DATASET_READERS_ID_LIST_H
#define DIFFMM_DATASET_READERS_ID_LIST_H

#include "dataset/modality.h"

/* Give features that were read from a file the ids that stand in the list beside it: the file's
 * path with .ids.txt in place of its ending (and of the name of a tensor). If there is no such list, nothing changes. Features
 * that have ids already and a list too are DIFFMM_ERROR_FORMAT, as are an id that comes twice and
 * another number of ids than rows. */
diffmm_status diffmm__id_list_read(const diffmm_context *context, const char *features_path,
                                   struct diffmm__feature_rows *features);

#endif

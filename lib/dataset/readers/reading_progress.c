/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/reading_progress.h"

#include <stdio.h>

#include "base/log.h"

void diffmm__reading_progress_add(struct diffmm__reading_progress *progress, size_t rows,
                                  size_t done, size_t all)
{
    char share[48] = "";
    progress->rows += rows;
    if (progress->rows - progress->told < DIFFMM__PROGRESS_ROWS)
        return;
    progress->told = progress->rows - progress->rows % DIFFMM__PROGRESS_ROWS;
    if (all > 0)
        snprintf(share, sizeof share, ", %d %% of the file",
                 (int)(100.0 * (double)done / (double)all));
    diffmm__log(progress->context, DIFFMM_LOG_INFO,
                "%s: %zu rows read%s; %zu users and %zu items so far", progress->name,
                progress->rows, share, diffmm__draft_users(progress->draft),
                diffmm__draft_items(progress->draft));
}

void diffmm__reading_progress_end(const struct diffmm__reading_progress *progress)
{
    if (progress->told > 0)
        diffmm__log(progress->context, DIFFMM_LOG_INFO,
                    "%s: all %zu rows read; %zu users and %zu items", progress->name,
                    progress->rows, diffmm__draft_users(progress->draft),
                    diffmm__draft_items(progress->draft));
}

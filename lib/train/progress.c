/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/progress.h"

#include <stdbool.h>

#include "base/status.h"

diffmm_status diffmm__progress_step(struct diffmm__progress *progress, size_t epoch,
                                    diffmm_phase phase, size_t done, size_t total)
{
    diffmm_progress told = {.struct_size = sizeof told,
                            .epoch = epoch,
                            .epochs = progress->epochs,
                            .phase = phase,
                            .done = done,
                            .total = total};
    int ended = progress->function && progress->function(&told, progress->data);
    /* A cancellation counts once, whether or not the host's function has ended the epoch, too. */
    bool cancelled = atomic_exchange(&progress->cancelled, 0);
    if (progress->outer && atomic_exchange(progress->outer, 0))
        cancelled = true;
    if (ended)
        return diffmm__fail(DIFFMM_CANCELLED, "the progress callback ended epoch %zu", epoch);
    if (cancelled)
        return diffmm__fail(DIFFMM_CANCELLED, "epoch %zu was cancelled", epoch);
    return DIFFMM_OK;
}

diffmm_status diffmm__progress_failed(diffmm_status status, size_t epoch, const char *what)
{
    return status ? diffmm__fail(status, "epoch %zu, %s: %s", epoch, what, diffmm_error_message())
                  : DIFFMM_OK;
}

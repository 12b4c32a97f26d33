/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/write_at.h"

#include "base/status.h"

diffmm_status diffmm__write_at_check(const diffmm_trainer *trainer, const char *what)
{
    if (!trainer)
        return diffmm__null("trainer");
    if (trainer->within)
        return diffmm__fail(DIFFMM_ERROR_STATE,
                            "trainer: epoch %zu is running; there are %s between epochs",
                            trainer->epoch + 1, what);
    if (trainer->lends_peers)
        return diffmm__fail(
            DIFFMM_ERROR_STATE,
            "trainer: its peers are at the final fit; there are no %s of it meanwhile", what);
    return diffmm__trainer_check_peers(trainer);
}

diffmm_status diffmm__write_at_ready(const diffmm_trainer *trainer, size_t rank, const char *path)
{
    const struct diffmm__peers *peers = &trainer->peers;
    if (rank >= peers->size)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "rank is %zu, but there are %zu peers",
                            rank, peers->size);
    return peers->rank == rank && !path ? diffmm__null("path") : DIFFMM_OK;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/join.h"

#include "base/handle.h"
#include "base/log.h"
#include "base/status.h"
#include "base/structs.h"
#include "train/agreement.h"
#include "train/divide.h"

void diffmm__join_abandon(const diffmm_peers *host, diffmm_status status)
{
    if (!host->abandon)
        return;
    struct diffmm__error_text said = diffmm__error_text_keep();
    host->abandon((int32_t)status, host->user_data);
    diffmm__error_text_restore(&said);
}

void diffmm__join_leave(diffmm_trainer *trainer, diffmm_status status)
{
    if (trainer->peers.size == 1)
        return;
    diffmm_peers host = trainer->peers.host;
    diffmm__peers_end(trainer->context, &trainer->peers);
    diffmm__join_abandon(&host, status);
}

diffmm_status diffmm__join_read(const diffmm_peers *given, diffmm_peers *out)
{
    diffmm_status status = diffmm__struct_read(out, &diffmm__layout_peers, given, "peers");
    if (status)
        return status;
    if (out->size == 0 || out->size > INT32_MAX)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "peers: size is %u; there are 1 to %d peers", out->size, INT32_MAX);
    if (out->rank >= out->size)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "peers: rank is %u; ranks of %u peers are below that", out->rank,
                            out->size);
    return out->exchange ? DIFFMM_OK : diffmm__null("peers: exchange");
}

/* A difference is told to all peers alike, so that nobody waits for anybody; any other failure is
 * this process's own. */
diffmm_status diffmm__join_agree(diffmm_trainer *trainer, const diffmm_peers *host)
{
    struct diffmm__peers peers = diffmm__peers_alone();
    char difference[DIFFMM__DIFFERENCE];
    diffmm_status status = diffmm__peers_begin(trainer->context, host, &peers);
    if (!status)
        status = diffmm__agreement_reach(trainer, &peers, difference);
    if (status == DIFFMM_ERROR_PEER)
        diffmm__fail(status, "joining: %s", diffmm_error_message());
    if (!status && difference[0]) {
        diffmm__peers_end(trainer->context, &peers);
        return diffmm__fail(DIFFMM_ERROR_PEER, "%s", difference);
    }
    trainer->peers = peers;
    if (!status && trainer->model->settings.peers_divide && !trainer->model->divided)
        status = diffmm__divide(trainer, host->rank, host->size);
    if (!status) {
        diffmm__log(trainer->context, DIFFMM_LOG_INFO, "peer %u of %u, after epoch %zu", host->rank,
                    host->size, trainer->epoch);
        return DIFFMM_OK;
    }
    diffmm__peers_end(trainer->context, &trainer->peers);
    diffmm__join_abandon(host, status);
    return status;
}

static diffmm_status check_whole(const diffmm_trainer *trainer)
{
    return trainer->model->divided
               ? diffmm__fail(DIFFMM_ERROR_STATE,
                              "trainer: peers.divide has left the rows of some users only, for the "
                              "peers that it had; join with a trainer that goes on from the last "
                              "checkpoint")
               : DIFFMM_OK;
}

diffmm_status diffmm_trainer_join(diffmm_trainer *trainer, const diffmm_peers *peers)
{
    DIFFMM__CALL call;
    diffmm_peers host = {0};
    diffmm_status status = diffmm__call_changes(&call, trainer, "trainer");
    if (!status && peers)
        status = diffmm__join_read(peers, &host);
    if (!status && host.size > 1)
        status = check_whole(trainer);
    if (status)
        return status;
    DIFFMM__CALL model_call = diffmm__call_reads(trainer->model);
    diffmm__peers_end(trainer->context, &trainer->peers);
    return host.size > 1 ? diffmm__join_agree(trainer, &host) : DIFFMM_OK;
}

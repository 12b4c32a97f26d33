/* SPDX-License-Identifier: BSD-2-Clause */
/* Phase 4 of an epoch: final embeddings, and the metrics of both held-out splits. */
#include "recommend/evaluate.h"
#include "base/status.h"
#include "recommend/range.h"
#include "train/trainer.h"

diffmm_status diffmm__phase_evaluate(diffmm_trainer *trainer)
{
    diffmm_model *model = trainer->model;
    diffmm_status status = diffmm__model_forward(model);
    if (!status)
        status = diffmm__check_range("model", model->users, model->items, model->d, model->final,
                                     model->final + model->users * model->d, NULL);
    if (status)
        return diffmm__fail(status, "epoch %zu, evaluate: %s", trainer->epoch + 1,
                            diffmm_error_message());
    diffmm__evaluation_run(trainer->evaluation, model->final,
                           model->final + model->users * model->d, trainer->valid, trainer->test);
    return diffmm__trainer_continue(trainer, DIFFMM_PHASE_EVALUATE, 1, 1);
}

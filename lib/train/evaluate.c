/* SPDX-License-Identifier: BSD-2-Clause */
/* Phase 4 of an epoch: final embeddings, and the metrics of both held-out splits. */
#include <string.h>

#include "base/status.h"
#include "linalg/vectors.h"
#include "recommend/evaluate.h"
#include "train/trainer.h"

diffmm_status diffmm__phase_evaluate(diffmm_trainer *trainer)
{
    diffmm_model *model = trainer->model;
    const struct diffmm__settings *s = &model->settings;
    size_t size = (model->users + model->items) * model->d;
    diffmm_status status = diffmm_model_forward(model);
    if (status)
        return status;
    if (diffmm__first_not_finite(size, model->final) < size)
        return diffmm__fail(DIFFMM_ERROR_NUMERIC,
                            "epoch %zu, evaluate: the final embeddings are not finite",
                            trainer->epoch + 1);
    status = diffmm__evaluate(trainer->context, trainer->dataset, model->d, model->final,
                              model->final + model->users * model->d, s->cutoff_count, s->cutoffs,
                              trainer->valid, trainer->test);
    return status ? status : diffmm__trainer_continue(trainer, DIFFMM_PHASE_EVALUATE, 1, 1);
}

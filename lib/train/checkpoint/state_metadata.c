/* SPDX-License-Identifier: BSD-2-Clause */
/* What a training's state has beside arrays: steps, epochs, the last report's figures. */
#include "train/checkpoint/state_metadata.h"

#include <math.h>
#include <string.h>

#include "base/status.h"
#include "files/metadata.h"

static json_t *reals(size_t count, const double *values)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < count; i++)
        if (json_array_append_new(list, json_real(values[i]))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *denoiser_steps(const diffmm_model *model)
{
    json_t *list = json_array();
    for (size_t m = 0; list && m < model->modality_count; m++)
        if (json_array_append_new(list, json_integer((json_int_t)diffmm_diffusion_steps(
                                            model->modalities[m].diffusion)))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static bool is_further(const struct diffmm__report *report, size_t index)
{
    diffmm_losses none;
    return report->losses[index].weight != 0.0 && !diffmm__terms_member(index, &none);
}

/* The terms of the objective that diffmm_losses has no member for, by name; only those that are
 * on. */
static json_t *further_losses(const struct diffmm__report *report)
{
    json_t *object = json_object();
    for (size_t i = 0; object && i < diffmm__terms_count(); i++)
        if (is_further(report, i) && json_object_set_new(object, report->losses[i].name,
                                                         json_real(report->losses[i].value))) {
            json_decref(object);
            return NULL;
        }
    return object;
}

static json_t *averaging_json(const diffmm_trainer *trainer)
{
    struct diffmm__averaging averaging = trainer->recommender.averaging;
    if (diffmm__averaging_is_over(&averaging, trainer->model))
        diffmm__averaging_restart(&averaging);
    return json_pack("{s:I, s:b}", "steps", (json_int_t)averaging.steps, "served",
                     (int)averaging.served);
}

/* Adds the figures that only some trainings have. An object that is NULL stays it. */
static json_t *add_rest(json_t *object, const diffmm_trainer *trainer)
{
    json_t *further = further_losses(&trainer->last);
    bool fine = object && further;
    if (fine && json_object_size(further) > 0)
        fine = !json_object_set(object, "losses", further);
    if (fine && trainer->recommender.averaging.decay > 0.0)
        fine = !json_object_set_new(object, "average", averaging_json(trainer));
    json_decref(further);
    if (fine)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *training_json(const diffmm_trainer *trainer)
{
    const struct diffmm__report *last = &trainer->last;
    const diffmm_seconds *s = &last->figures.seconds;
    const diffmm_losses *l = &last->figures.loss;
    const double seconds[] = {s->denoise, s->generate, s->recommend, s->evaluate};
    const double loss[] = {l->bpr, l->contrastive, l->regularizer, l->total};
    json_t *object = json_pack(
        "{s:I, s:o, s:o, s:o, s:o, s:f}", "steps", (json_int_t)trainer->model->steps,
        "denoiser_steps", denoiser_steps(trainer->model), "seconds", reals(4, seconds), "loss",
        reals(4, loss), "denoiser_loss", reals(last->figures.modality_count, last->denoiser_loss),
        "contrastive_flops", trainer->recommender.term_flops);
    return add_rest(object, trainer);
}

static json_t *evaluated_json(const diffmm_trainer *trainer, size_t epoch,
                              const diffmm_metrics *valid, const diffmm_metrics *test)
{
    struct diffmm__evaluated evaluated = {.epoch = epoch,
                                          .cutoff_count = trainer->model->settings.cutoff_count};
    memcpy(evaluated.valid, valid, trainer->model->settings.cutoff_count * sizeof *valid);
    memcpy(evaluated.test, test, trainer->model->settings.cutoff_count * sizeof *test);
    return diffmm__description_evaluated_json(&evaluated);
}

/* The best epoch with the loss that decides between epochs of equal metrics, which is left out
 * where it is not known. */
static json_t *best_json(const diffmm_trainer *trainer)
{
    const struct diffmm__best *best = &trainer->best;
    json_t *object = evaluated_json(trainer, best->epoch, best->valid, best->test);
    if (object && isfinite(best->loss) &&
        json_object_set_new(object, "loss", json_real(best->loss))) {
        json_decref(object);
        return NULL;
    }
    return object;
}

diffmm_status diffmm__state_describe(const diffmm_trainer *trainer, struct diffmm__description *d)
{
    diffmm_status status = diffmm__description_add_json(d, "training", training_json(trainer));
    if (!status)
        status = diffmm__description_add_json(
            d, "last",
            evaluated_json(trainer, trainer->epoch, trainer->last.valid, trainer->last.test));
    if (!status && trainer->best.epoch > 0)
        status = diffmm__description_add_json(d, "best", best_json(trainer));
    return status;
}

static bool read_reals(const struct diffmm__json_value *object, const char *key, size_t count,
                       double *out)
{
    const struct diffmm__json_value *list = diffmm__json_get(object, key);
    if (!diffmm__json_is(list, DIFFMM__JSON_ARRAY) || diffmm__json_count(list) != count)
        return false;
    for (const struct diffmm__json_value *at = diffmm__json_first(list); at;
         at = diffmm__json_next(at))
        if (!diffmm__json_real(at, out++))
            return false;
    return true;
}

static bool read_steps(const struct diffmm__json_value *value, uint64_t *out)
{
    size_t steps;
    if (!diffmm__json_size(value, &steps))
        return false;
    *out = steps;
    return true;
}

static bool read_denoiser_steps(const struct diffmm__json_value *list, diffmm_model *model)
{
    if (!diffmm__json_is(list, DIFFMM__JSON_ARRAY) ||
        diffmm__json_count(list) != model->modality_count)
        return false;
    const struct diffmm__json_value *at = diffmm__json_first(list);
    for (size_t m = 0; at; m++, at = diffmm__json_next(at)) {
        diffmm_diffusion *module = model->modalities[m].diffusion;
        uint64_t none;
        if (!read_steps(at, module ? &module->steps : &none))
            return false;
    }
    return true;
}

/* Each term's mean: from "loss", in the order of diffmm_losses, or from "losses". */
static bool read_losses(struct diffmm__report *report, const struct diffmm__json_value *object)
{
    diffmm_losses *losses = &report->figures.loss;
    const struct diffmm__json_value *further = diffmm__json_get(object, "losses");
    double loss[4];
    if (!read_reals(object, "loss", 4, loss))
        return false;
    *losses = (diffmm_losses){loss[0], loss[1], loss[2], loss[3]};
    for (size_t i = 0; i < diffmm__terms_count(); i++) {
        const double *member = diffmm__terms_member(i, losses);
        if (member)
            report->losses[i].value = *member;
        else if (is_further(report, i) &&
                 !diffmm__json_real(diffmm__json_get(further, report->losses[i].name),
                                    &report->losses[i].value))
            return false;
    }
    return true;
}

static bool read_averaging(diffmm_trainer *trainer, const struct diffmm__json_value *object)
{
    struct diffmm__averaging *averaging = &trainer->recommender.averaging;
    const struct diffmm__json_value *served = diffmm__json_get(object, "served");
    if (averaging->decay == 0.0)
        return true;
    averaging->changes = trainer->model->changes;
    averaging->served = diffmm__json_is(served, DIFFMM__JSON_TRUE);
    return (averaging->served || diffmm__json_is(served, DIFFMM__JSON_FALSE)) &&
           read_steps(diffmm__json_get(object, "steps"), &averaging->steps) &&
           (averaging->steps > 0 || !averaging->served);
}

/* Into the places where the phases of an epoch write. */
static bool unpack_training(diffmm_trainer *trainer, const struct diffmm__json_value *object)
{
    diffmm_model *model = trainer->model;
    diffmm_seconds *s = &trainer->report.figures.seconds;
    double seconds[4];
    if (!read_steps(diffmm__json_get(object, "steps"), &model->steps) ||
        !read_averaging(trainer, diffmm__json_get(object, "average")) ||
        !read_denoiser_steps(diffmm__json_get(object, "denoiser_steps"), model) ||
        !diffmm__json_real(diffmm__json_get(object, "contrastive_flops"),
                           &trainer->recommender.term_flops) ||
        !read_reals(object, "seconds", 4, seconds) || !read_losses(&trainer->report, object) ||
        !read_reals(object, "denoiser_loss", model->modality_count, trainer->report.denoiser_loss))
        return false;
    *s = (diffmm_seconds){seconds[0], seconds[1], seconds[2], seconds[3]};
    return true;
}

static diffmm_status read_training(diffmm_trainer *trainer, const struct diffmm__safetensors *file)
{
    struct diffmm__json json;
    diffmm_status status = diffmm__metadata_json(file, "training", &json);
    if (status)
        return status;
    bool fine = unpack_training(trainer, json.values);
    diffmm__json_end(&json);
    return fine ? DIFFMM_OK
                : diffmm__fail(DIFFMM_ERROR_FORMAT,
                               "%s: the metadata's training has not the steps and figures of "
                               "%zu modalities",
                               diffmm__safetensors_path(file), trainer->model->modality_count);
}

/* Metrics at exactly the cutoffs of the settings; none are known (all 0) of epoch 0. */
static bool fits(const diffmm_trainer *trainer, const struct diffmm__evaluated *e)
{
    const struct diffmm__settings *s = &trainer->model->settings;
    bool fine = e->cutoff_count == s->cutoff_count;
    for (size_t i = 0; fine && e->epoch > 0 && i < e->cutoff_count; i++)
        fine = e->valid[i].cutoff == s->cutoffs[i] && e->test[i].cutoff == s->cutoffs[i];
    return fine;
}

/* The best epoch's loss. Checkpoints of earlier versions do not have it. It is then the last
 * report's, if that is of the best epoch; else it is not known, and an epoch that is equal in all
 * metrics does not replace the best one.
 */
static diffmm_status read_loss(const diffmm_trainer *trainer,
                               const struct diffmm__safetensors *file, size_t best_epoch,
                               double *loss)
{
    struct diffmm__json json;
    diffmm_status status = diffmm__metadata_json(file, "best", &json);
    if (status)
        return status;
    const struct diffmm__json_value *value = diffmm__json_get(json.values, "loss");
    *loss = best_epoch == trainer->epoch ? trainer->report.figures.loss.total : -INFINITY;
    bool fine = !value || diffmm__json_real(value, loss);
    diffmm__json_end(&json);
    return fine ? DIFFMM_OK
                : diffmm__fail(DIFFMM_ERROR_FORMAT,
                               "%s: the metadata's best has a loss that is no number",
                               diffmm__safetensors_path(file));
}

static diffmm_status read_epochs(diffmm_trainer *trainer, const struct diffmm__safetensors *file)
{
    struct diffmm__evaluated last = {0}, best = {0}, *now = &trainer->model->evaluated;
    diffmm_status status;
    if ((status = diffmm__metadata_evaluated(file, "last", &last)) ||
        (status = diffmm__metadata_evaluated(file, "best", &best)) ||
        (status = diffmm__metadata_evaluated(file, "evaluated", now)))
        return status;
    const char *wrong =
        !diffmm__safetensors_metadata(file, "last") || !fits(trainer, &last) ? "last"
        : best.epoch > last.epoch || (best.epoch == 0) != (last.epoch == 0) ||
                (best.epoch > 0 && !fits(trainer, &best))
            ? "best"
        : now->epoch > last.epoch || (now->epoch > 0 && !fits(trainer, now)) ? "evaluated"
                                                                             : NULL;
    if (wrong)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: the metadata's %s is not an epoch of this training",
                            diffmm__safetensors_path(file), wrong);
    trainer->model->stale = now->epoch == 0; /* or not known: then computed where it is needed */
    trainer->epoch = last.epoch;
    memcpy(trainer->report.valid, last.valid,
           trainer->model->settings.cutoff_count * sizeof last.valid[0]);
    memcpy(trainer->report.test, last.test,
           trainer->model->settings.cutoff_count * sizeof last.test[0]);
    struct diffmm__results results = {
        .cutoffs = trainer->model->settings.cutoff_count, .valid = best.valid, .test = best.test};
    status = best.epoch > 0 ? read_loss(trainer, file, best.epoch, &results.loss) : DIFFMM_OK;
    if (!status && best.epoch > 0)
        diffmm__best_name(&trainer->best, best.epoch, &results);
    return status;
}

diffmm_status diffmm__state_read(diffmm_trainer *trainer, const struct diffmm__safetensors *file)
{
    diffmm_status status = read_training(trainer, file);
    if (!status)
        status = read_epochs(trainer, file);
    if (!status && trainer->epoch > 0)
        diffmm__trainer_completed(trainer);
    return status;
}

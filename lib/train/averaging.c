/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/averaging.h"

#include <math.h>

#include "base/pool.h"
#include "model/model_share.h"
#include "optim/average.h"

static size_t count_of(const diffmm_model *model)
{
    size_t count = 0;
    for (size_t p = 0; p < model->parameter_count; p++)
        count += model->parameters[p].rows * model->parameters[p].columns;
    return count;
}

static void lay_out(struct diffmm__averaging *averaging, size_t count)
{
    averaging->values = diffmm__arena_take_zero(&averaging->arena, count, sizeof(float));
}

size_t diffmm__averaging_bytes(const struct diffmm__settings *settings, size_t numbers)
{
    struct diffmm__averaging measured = {.arena = diffmm__arena_measure()};
    if (settings->average > 0.0)
        lay_out(&measured, numbers);
    return measured.arena.bytes;
}

/* The option is what an epoch leaves of the average, whatever the number of its steps. */
diffmm_status diffmm__averaging_begin(const diffmm_model *model, size_t steps_of_epoch,
                                      struct diffmm__averaging *out)
{
    double average = model->settings.average;
    *out = (struct diffmm__averaging){.arena = diffmm__arena_on(model->context)};
    if (average <= 0.0 || steps_of_epoch == 0)
        return DIFFMM_OK;
    out->decay = pow(average, 1.0 / (double)steps_of_epoch);
    lay_out(out, count_of(model));
    return out->arena.failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
}

void diffmm__averaging_end(struct diffmm__averaging *averaging)
{
    diffmm__arena_end(&averaging->arena);
}

struct exchange {
    float *a, *b;
};

static void exchange_range(void *argument, size_t begin, size_t end)
{
    const struct exchange *e = argument;
    for (size_t i = begin; i < end; i++) {
        float kept = e->a[i];
        e->a[i] = e->b[i];
        e->b[i] = kept;
    }
}

static void exchange(struct diffmm__averaging *averaging, diffmm_model *model)
{
    float *place = averaging->values;
    for (size_t p = 0; p < model->parameter_count; p++) {
        const struct diffmm__parameter *parameter = &model->parameters[p];
        struct diffmm__part rows = diffmm__model_own_rows(model, parameter);
        size_t skip = rows.first * parameter->columns;
        struct exchange e = {.a = parameter->values + skip, .b = place + skip};
        diffmm__parallel_ranges(model->context, rows.end * parameter->columns - skip, 16384,
                                exchange_range, &e);
        place += parameter->rows * parameter->columns;
    }
    averaging->served = !averaging->served;
    diffmm__model_changed(model);
    averaging->changes = model->changes;
}

void diffmm__averaging_train(struct diffmm__averaging *averaging, diffmm_model *model)
{
    if (diffmm__averaging_is_over(averaging, model))
        diffmm__averaging_restart(averaging);
    else if (averaging->served)
        exchange(averaging, model);
}

void diffmm__averaging_step(struct diffmm__averaging *averaging, const diffmm_model *model,
                            const struct diffmm__share *share)
{
    float *average = averaging->values;
    if (averaging->decay == 0.0)
        return;
    averaging->steps++;
    for (size_t p = 0; p < model->parameter_count; p++) {
        const struct diffmm__parameter *parameter = &model->parameters[p];
        struct diffmm__part rows = diffmm__model_share_parameter(model, share, parameter);
        size_t skip = rows.first * parameter->columns;
        diffmm__average_step(model->context, averaging->decay, averaging->steps,
                             rows.end * parameter->columns - skip, parameter->values + skip,
                             average + skip);
        average += parameter->rows * parameter->columns;
    }
}

/* The users' embeddings are the first parameter. */
diffmm_status diffmm__averaging_gather(const struct diffmm__averaging *averaging,
                                       const diffmm_model *model, const struct diffmm__share *share)
{
    return averaging->decay == 0.0 || model->divided
               ? DIFFMM_OK
               : diffmm__share_gather_users(share, share->d * sizeof(float), averaging->values);
}

void diffmm__averaging_serve(struct diffmm__averaging *averaging, diffmm_model *model)
{
    if (averaging->steps > 0 && !averaging->served)
        exchange(averaging, model);
}

void diffmm__averaging_withdraw(struct diffmm__averaging *averaging, diffmm_model *model)
{
    if (averaging->served)
        exchange(averaging, model);
}

void diffmm__averaging_restart(struct diffmm__averaging *averaging)
{
    averaging->served = false;
    averaging->steps = 0;
}

bool diffmm__averaging_is_over(const struct diffmm__averaging *averaging, const diffmm_model *model)
{
    return averaging->steps == 0 || (averaging->served && model->changes != averaging->changes);
}

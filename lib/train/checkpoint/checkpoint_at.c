/* SPDX-License-Identifier: BSD-2-Clause */
/* The checkpoint of a training, written by one of its peers. */
#include <diffmm/peers.h>

#include "base/handle.h"
#include "base/numbers.h"
#include "base/status.h"
#include "model/model_share.h"
#include "train/checkpoint/checkpoint.h"
#include "train/denoisers.h"
#include "train/together.h"
#include "train/write_at.h"

struct writing {
    const diffmm_trainer *trainer;
    const struct diffmm__state *state;
    const char *path;
};

static diffmm_status write_state(void *argument, const struct diffmm__byte_source *divided)
{
    const struct writing *writing = argument;
    return diffmm__checkpoint_write(writing->trainer, writing->state, divided,
                                    &(struct diffmm__target){.path = writing->path});
}

/* The writer looks at what it has; others at what they send. */
static diffmm_status check_finite(const struct diffmm__state *state)
{
    for (size_t i = 0; i < state->count; i++) {
        const struct diffmm__state_array *array = &state->arrays[i];
        if (diffmm__state_array_is_divided(array) &&
            !diffmm__all_finite(array->rows * array->columns, array->values))
            return diffmm__fail(DIFFMM_ERROR_NUMERIC, "trainer: '%s' holds NaN or infinity",
                                array->name);
    }
    return DIFFMM_OK;
}

/* The arrays of the state that peers have parts of. */
static void list_divided(const diffmm_trainer *trainer, const struct diffmm__state *state,
                         const struct diffmm__share *share, struct diffmm__together *file)
{
    for (size_t i = 0; i < state->count; i++) {
        const struct diffmm__state_array *array = &state->arrays[i];
        if (diffmm__state_array_is_divided(array))
            file->arrays[file->count++] = (struct diffmm__part_array){
                .data = array->values,
                .units = array->rows,
                .unit = array->columns * sizeof *array->values,
                .firsts = array->of_owner ? NULL : share->peers.firsts[0],
                .owner = diffmm__denoisers_owner(&trainer->peers, array->modality)};
    }
}

/* What the file is made of, for as long as it is written. */
static diffmm_status prepare(const diffmm_trainer *trainer, struct diffmm__arena *arena,
                             struct diffmm__state *state, struct diffmm__together *file)
{
    diffmm_status status = diffmm__state_list(trainer, trainer->best.epoch > 0, state);
    if (status || !trainer->model->divided)
        return status;
    const struct diffmm__share share = diffmm__model_share_among(trainer->model, &trainer->peers);
    file->arrays = diffmm__arena_take(arena, state->count, sizeof *file->arrays);
    if (!file->arrays)
        return DIFFMM_ERROR_NO_MEMORY;
    list_divided(trainer, state, &share, file);
    return check_finite(state);
}

diffmm_status diffmm_trainer_checkpoint_at(diffmm_trainer *trainer, size_t rank, const char *path)
{
    DIFFMM__CALL call = diffmm__call_reads(trainer);
    diffmm_status status = diffmm__write_at_check(trainer, "checkpoints");
    if (status)
        return status;
    DIFFMM__CALL model_call = diffmm__call_reads(trainer->model);
    struct diffmm__arena arena = diffmm__arena_on(trainer->context);
    struct diffmm__state state = {0};
    struct writing writing = {.trainer = trainer, .state = &state, .path = path};
    struct diffmm__together file = {
        .kind = "a checkpoint", .writer = rank, .write = write_state, .argument = &writing};
    status = diffmm__write_at_ready(trainer, rank, path);
    if (!status)
        status = prepare(trainer, &arena, &state, &file);
    status = diffmm__together_begin(trainer, file.kind, rank, status);
    if (!status)
        status = diffmm__together_write(trainer, &file);
    diffmm__state_end(trainer, &state);
    diffmm__arena_end(&arena);
    return status;
}

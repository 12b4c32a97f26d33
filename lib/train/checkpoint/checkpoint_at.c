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

/* Whether the rows from `first` to `end` are finite. */
static bool rows_are_finite(const struct diffmm__state_array *array, size_t first, size_t end)
{
    size_t skip = first * array->columns;
    return diffmm__all_finite(end * array->columns - skip, array->values + skip);
}

/* Whether what this peer has of it is. */
static bool part_is_finite(const diffmm_trainer *trainer, const struct diffmm__state_array *array)
{
    const struct diffmm__part own = trainer->model->own_users;
    if (array->of_owner)
        return diffmm__denoisers_owner(trainer->peers.size, array->modality) !=
                   trainer->peers.rank ||
               rows_are_finite(array, 0, array->rows);
    return rows_are_finite(array, own.first, own.end) &&
           rows_are_finite(array, array->user_rows, array->rows);
}

/* Each looks at what it sends: nobody does when it is written. */
static diffmm_status check_finite(const diffmm_trainer *trainer, const struct diffmm__state *state)
{
    for (size_t i = 0; i < state->count; i++)
        if (diffmm__state_array_is_divided(&state->arrays[i]) &&
            !part_is_finite(trainer, &state->arrays[i]))
            return diffmm__fail(DIFFMM_ERROR_NUMERIC, "trainer: '%s' holds NaN or infinity",
                                state->arrays[i].name);
    return DIFFMM_OK;
}

/* The arrays of the state that peers have parts of; returns how many there are. */
static size_t list_divided(const diffmm_trainer *trainer, const struct diffmm__state *state,
                           const struct diffmm__share *share, struct diffmm__part_array *out)
{
    size_t count = 0;
    for (size_t i = 0; i < state->count; i++) {
        const struct diffmm__state_array *array = &state->arrays[i];
        if (diffmm__state_array_is_divided(array))
            out[count++] = (struct diffmm__part_array){
                .data = array->values,
                .units = array->rows,
                .unit = array->columns * sizeof *array->values,
                .firsts = array->of_owner ? NULL : share->peers.firsts[0],
                .owner = diffmm__denoisers_owner(trainer->peers.size, array->modality)};
    }
    return count;
}

/* What the file is made of, for as long as it is written. */
static diffmm_status prepare(const diffmm_trainer *trainer, struct diffmm__arena *arena,
                             struct diffmm__state *state, struct diffmm__together *file)
{
    diffmm_status status = diffmm__state_list(trainer, trainer->best.epoch > 0, state);
    if (status || !trainer->model->divided)
        return status;
    const struct diffmm__share share = diffmm__model_share_among(trainer->model, &trainer->peers);
    struct diffmm__part_array *arrays = diffmm__arena_take(arena, state->count, sizeof *arrays);
    if (!arrays)
        return DIFFMM_ERROR_NO_MEMORY;
    file->count = list_divided(trainer, state, &share, arrays);
    file->arrays = arrays;
    return check_finite(trainer, state);
}

diffmm_status diffmm_trainer_checkpoint_at(diffmm_trainer *trainer, size_t rank, const char *path)
{
    DIFFMM__CALL call = diffmm__call_reads(trainer);
    diffmm_status status = diffmm__together_check(trainer, "checkpoints");
    if (status)
        return status;
    DIFFMM__CALL model_call = diffmm__call_reads(trainer->model);
    struct diffmm__arena arena = diffmm__arena_on(trainer->context);
    struct diffmm__state state = {0};
    struct writing writing = {.trainer = trainer, .state = &state, .path = path};
    struct diffmm__together file = {
        .kind = "a checkpoint", .writer = rank, .write = write_state, .argument = &writing};
    status = diffmm__together_ready(trainer, rank, path);
    if (!status)
        status = prepare(trainer, &arena, &state, &file);
    status = diffmm__together_write(trainer, &file, status);
    diffmm__state_end(trainer, &state);
    diffmm__arena_end(&arena);
    return status;
}

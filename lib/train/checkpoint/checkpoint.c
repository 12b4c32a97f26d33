/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing a training checkpoint (train/checkpoint/state.h says what is in it). Tensors are written
 * from where they are: nothing is copied. */
#include "base/handle.h"
#include "base/numbers.h"
#include "base/status.h"
#include "graph/graph.h"
#include "train/checkpoint/state.h"
#include "train/checkpoint/state_data.h"
#include "train/checkpoint/state_metadata.h"

enum { name_size = 192, parts_of_a_graph = 3 };

struct tensors {
    struct diffmm__arena arena; /* the list, and the names of graphs */
    struct diffmm__tensor *list;
    size_t count;
};

static diffmm_status add(struct tensors *tensors, const char *name, enum diffmm__dtype dtype,
                         size_t rows, size_t columns, const void *data)
{
    /* NaN would be refused when the file is read: it is refused here, while the cause is at hand.
     */
    if (dtype == DIFFMM__F32 && !diffmm__all_finite(rows * columns, data))
        return diffmm__fail(DIFFMM_ERROR_NUMERIC, "trainer: '%s' holds NaN or infinity", name);
    tensors->list[tensors->count++] = (struct diffmm__tensor){.name = name,
                                                              .dtype = dtype,
                                                              .rows = rows,
                                                              .columns = columns > 1 ? columns : 0,
                                                              .data = data};
    return DIFFMM_OK;
}

static diffmm_status add_graph(struct tensors *tensors, const diffmm_trainer *trainer, size_t m,
                               const char *which, const diffmm_graph *graph)
{
    static const char *const parts[parts_of_a_graph] = {"pointers", "columns", "values"};
    static const enum diffmm__dtype dtypes[] = {DIFFMM__I64, DIFFMM__I32, DIFFMM__F32};
    if (!graph)
        return DIFFMM_OK;
    size_t entries = diffmm_graph_entries(graph);
    const void *data[] = {graph->rows.pointers, graph->rows.indices, graph->rows.values};
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; i < parts_of_a_graph && !status; i++) {
        char *name = diffmm__arena_take(&tensors->arena, name_size, 1);
        if (!name)
            return DIFFMM_ERROR_NO_MEMORY;
        diffmm__state_graph_name(trainer, m, which, parts[i], name);
        status = add(tensors, name, dtypes[i], i == 0 ? graph->nodes + 1 : entries, 1, data[i]);
    }
    return status;
}

static diffmm_status add_all(struct tensors *tensors, const diffmm_trainer *trainer,
                             const struct diffmm__state *state)
{
    const diffmm_model *model = trainer->model;
    diffmm_status status = DIFFMM_OK;
    tensors->list = diffmm__arena_take(&tensors->arena,
                                       state->count + 2 * parts_of_a_graph * model->modality_count,
                                       sizeof *tensors->list);
    if (!tensors->list)
        return DIFFMM_ERROR_NO_MEMORY;
    for (size_t i = 0; i < state->count && !status; i++) {
        const struct diffmm__state_array *array = &state->arrays[i];
        status = add(tensors, array->name, DIFFMM__F32, array->rows, array->columns, array->values);
    }
    for (size_t m = 0; m < model->modality_count && !status; m++) {
        status = add_graph(tensors, trainer, m, "graph", model->modalities[m].graph);
        if (!status)
            status = add_graph(tensors, trainer, m, "observed", model->modalities[m].observed);
    }
    return status;
}

static diffmm_status describe(const diffmm_trainer *trainer, struct diffmm__description *out)
{
    diffmm_status status;
    if ((status = diffmm__description_begin(trainer->context, DIFFMM__CHECKPOINT_FORMAT, out)) ||
        (status = diffmm__description_add_model(out, trainer->model)) ||
        (status = diffmm__state_describe(trainer, out)))
        return status;
    return diffmm__state_describe_data(trainer, out);
}

static diffmm_status save(const diffmm_trainer *trainer, const struct diffmm__target *target)
{
    if (trainer->within)
        return diffmm__fail(DIFFMM_ERROR_STATE,
                            "trainer: epoch %zu is running; there are checkpoints between epochs",
                            trainer->epoch + 1);
    struct tensors tensors = {.arena = diffmm__arena_on(trainer->context)};
    struct diffmm__state state;
    struct diffmm__description description;
    diffmm_status status = diffmm__state_list(trainer, trainer->best.epoch > 0, &state);
    if (status)
        return status;
    status = add_all(&tensors, trainer, &state);
    if (!status) {
        status = describe(trainer, &description);
        if (!status)
            status =
                diffmm__safetensors_write_target(trainer->context, target, description.list,
                                                 description.count, tensors.list, tensors.count);
        diffmm__description_end(&description);
    }
    diffmm__arena_end(&tensors.arena);
    diffmm__state_end(trainer, &state);
    return status;
}

diffmm_status diffmm_trainer_checkpoint(const diffmm_trainer *trainer, const char *path)
{
    if (!trainer)
        return diffmm__null("trainer");
    if (!path)
        return diffmm__null("path");
    DIFFMM__CALL call = diffmm__call_reads(trainer);
    DIFFMM__CALL model_call = diffmm__call_reads(trainer->model);
    return save(trainer, &(struct diffmm__target){.path = path});
}

diffmm_status diffmm_trainer_checkpoint_memory(const diffmm_trainer *trainer, void *data,
                                               size_t capacity, size_t *size)
{
    if (!trainer)
        return diffmm__null("trainer");
    if (!size)
        return diffmm__null("size");
    DIFFMM__CALL call = diffmm__call_reads(trainer);
    DIFFMM__CALL model_call = diffmm__call_reads(trainer->model);
    return save(trainer,
                &(struct diffmm__target){.data = data, .capacity = capacity, .size = size});
}

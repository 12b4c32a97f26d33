/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing a training checkpoint (train/checkpoint/state.h says what is in it). Tensors are written
 * from where they are: nothing is copied. */
#include "train/checkpoint/checkpoint.h"

#include "base/handle.h"
#include "base/status.h"
#include "files/tensor_list.h"
#include "graph/graph.h"
#include "train/checkpoint/state.h"
#include "train/checkpoint/state_data.h"
#include "train/checkpoint/state_metadata.h"
#include "train/checkpoint/state_neighbors.h"

enum { name_size = 192, parts_of_a_graph = 3 };

static diffmm_status add_graph(struct diffmm__tensor_list *list, const diffmm_trainer *trainer,
                               size_t m, const char *which, const diffmm_graph *graph)
{
    static const char *const parts[parts_of_a_graph] = {"pointers", "columns", "values"};
    static const enum diffmm__dtype dtypes[] = {DIFFMM__I64, DIFFMM__I32, DIFFMM__F32};
    if (!graph)
        return DIFFMM_OK;
    size_t entries = diffmm_graph_entries(graph);
    const void *data[] = {graph->rows.pointers, graph->rows.indices, graph->rows.values};
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; i < parts_of_a_graph && !status; i++) {
        char name[name_size];
        diffmm__state_graph_name(trainer, m, which, parts[i], name);
        status =
            diffmm__tensor_list_add(list, diffmm__tensor_list_name(list, "%s", name), dtypes[i],
                                    i == 0 ? graph->nodes + 1 : entries, 1, data[i]);
    }
    return status;
}

static diffmm_status add_all(struct diffmm__tensor_list *list, const diffmm_trainer *trainer,
                             const struct diffmm__state *state,
                             const struct diffmm__byte_source *divided)
{
    const diffmm_model *model = trainer->model;
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; i < state->count && !status; i++) {
        const struct diffmm__state_array *array = &state->arrays[i];
        const struct diffmm__tensor tensor = {
            .name = array->name,
            .dtype = DIFFMM__F32,
            .rows = array->rows,
            .columns = array->columns,
            .data = array->values,
            .source = diffmm__state_array_is_divided(array) ? divided : NULL};
        status = diffmm__tensor_list_add_tensor(list, &tensor);
    }
    for (size_t m = 0; m < model->modality_count && !status; m++) {
        status = add_graph(list, trainer, m, "graph", model->modalities[m].graph);
        if (!status)
            status = add_graph(list, trainer, m, "observed", model->modalities[m].observed);
        if (!status)
            status = diffmm__state_add_neighbors(trainer, m, list);
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

static diffmm_status put(const diffmm_trainer *trainer, const struct diffmm__tensor_list *list,
                         const struct diffmm__target *target)
{
    struct diffmm__description description;
    diffmm_status status = describe(trainer, &description);
    if (!status)
        status = diffmm__safetensors_write_target(trainer->context, target, description.list,
                                                  description.count, list->tensors, list->count);
    diffmm__description_end(&description);
    return status;
}

diffmm_status diffmm__checkpoint_check(const diffmm_trainer *trainer)
{
    return trainer->within
               ? diffmm__fail(DIFFMM_ERROR_STATE,
                              "trainer: epoch %zu is running; there are checkpoints between epochs",
                              trainer->epoch + 1)
               : DIFFMM_OK;
}

diffmm_status diffmm__checkpoint_write(const diffmm_trainer *trainer,
                                       const struct diffmm__state *state,
                                       const struct diffmm__byte_source *divided,
                                       const struct diffmm__target *target)
{
    struct diffmm__tensor_list list;
    size_t each = 2 * parts_of_a_graph + diffmm__state_parts_of_neighbors;
    diffmm_status status = diffmm__tensor_list_begin(
        trainer->context, "trainer", state->count + each * trainer->model->modality_count, &list);
    if (!status)
        status = add_all(&list, trainer, state, divided);
    if (!status)
        status = put(trainer, &list, target);
    diffmm__tensor_list_end(&list);
    return status;
}

static diffmm_status check_whole(const diffmm_trainer *trainer)
{
    return trainer->model->divided
               ? diffmm__fail(DIFFMM_ERROR_STATE,
                              "trainer: peers.divide has left the rows of some users only; "
                              "diffmm_trainer_checkpoint_at() writes all of them")
               : DIFFMM_OK;
}

static diffmm_status save(const diffmm_trainer *trainer, const struct diffmm__target *target)
{
    struct diffmm__state state;
    diffmm_status status = diffmm__checkpoint_check(trainer);
    if (!status)
        status = check_whole(trainer);
    if (!status)
        status = diffmm__state_list(trainer, trainer->best.epoch > 0, &state);
    if (status)
        return status;
    status = diffmm__checkpoint_write(trainer, &state, NULL, target);
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

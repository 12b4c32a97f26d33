/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/checkpoint/state_neighbors.h"

#include <string.h>

#include "base/status.h"
#include "train/checkpoint/state.h"
#include "train/plan/cadence.h"

enum { name_size = 192 };

/* Whether the next epoch builds on neighbours that were generated before it. */
static bool needed(const diffmm_trainer *trainer)
{
    const struct diffmm__settings *settings = &trainer->model->settings;
    return settings->diffusion_enabled && !diffmm__cadence_generates(settings, trainer->epoch + 1);
}

static size_t entries(const struct diffmm__neighbors *neighbors)
{
    return (size_t)neighbors->pointers[neighbors->users];
}

diffmm_status diffmm__state_add_neighbors(const diffmm_trainer *trainer, size_t m,
                                          struct diffmm__tensor_list *list)
{
    const struct diffmm__neighbors *neighbors = &trainer->graphs.neighbors;
    char name[name_size];
    if (!needed(trainer))
        return DIFFMM_OK;
    diffmm__state_graph_name(trainer, m, "generated", "items", name);
    return diffmm__tensor_list_add(list, diffmm__tensor_list_name(list, "%s", name), DIFFMM__I32,
                                   entries(neighbors), 1, diffmm__neighbors_items(neighbors, m));
}

/* A copy of a vector, in which it is checked: the file may change. */
static diffmm_status copy(const struct diffmm__safetensors *file, const char *name,
                          enum diffmm__dtype dtype, size_t count, void *out)
{
    struct diffmm__tensor tensor;
    diffmm_status status = diffmm__safetensors_find(file, name, dtype, &tensor);
    if (status)
        return status;
    if (tensor.columns || tensor.rows != count)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: tensor '%s' is not a vector of %zu",
                            diffmm__safetensors_path(file), name, count);
    memcpy(out, tensor.data, count * sizeof(int32_t));
    return DIFFMM_OK;
}

diffmm_status diffmm__state_read_neighbors(diffmm_trainer *trainer, size_t m,
                                           const struct diffmm__safetensors *file)
{
    const struct diffmm__neighbors *neighbors = &trainer->graphs.neighbors;
    char name[name_size];
    if (!needed(trainer))
        return DIFFMM_OK;
    diffmm__state_graph_name(trainer, m, "generated", "items", name);
    diffmm_status status =
        copy(file, name, DIFFMM__I32, entries(neighbors), diffmm__neighbors_items(neighbors, m));
    if (status)
        return status;
    const struct diffmm__csr_expected expected = {.prefix = diffmm__safetensors_path(file),
                                                  .pointers = "pointers of neighbours",
                                                  .indices = name,
                                                  .columns = "items",
                                                  .ascending = true,
                                                  .status = DIFFMM_ERROR_FORMAT};
    struct diffmm__csr rows = diffmm__neighbors_rows(neighbors, m);
    return diffmm__csr_check(&rows, &expected);
}

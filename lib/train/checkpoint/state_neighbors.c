/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/checkpoint/state_neighbors.h"

#include <string.h>

#include "base/status.h"
#include "files/matrix.h"
#include "train/checkpoint/state.h"
#include "train/plan/cadence.h"

enum { name_size = 192 };

/* Whether the next epoch builds on neighbours that were generated before it. */
static bool needed(const diffmm_trainer *trainer)
{
    const struct diffmm__settings *settings = &trainer->model->settings;
    return settings->diffusion_enabled && !diffmm__cadence_generates(settings, trainer->epoch + 1);
}

static bool is_measured(const diffmm_trainer *trainer)
{
    const struct diffmm__settings *settings = &trainer->model->settings;
    return settings->diffusion_enabled && settings->measure != DIFFMM__MEASURE_OFF;
}

/* Whether the next epoch compares its neighbours with some that the denoisers, which have been
 * trained since, cannot generate again. */
static bool compared(const diffmm_trainer *trainer)
{
    return is_measured(trainer) && trainer->epoch > 0 &&
           diffmm__cadence_keeps(&trainer->model->settings);
}

static size_t entries(const struct diffmm__neighbors *neighbors)
{
    return neighbors->users * neighbors->count;
}

/* Whether those that a user does not have are -1: the first place where one is not, or the end. */
static size_t check_absent(const struct diffmm__neighbors *neighbors, const int32_t *items)
{
    for (size_t u = 0; u < neighbors->users; u++) {
        size_t there = (size_t)(neighbors->pointers[u + 1] - neighbors->pointers[u]);
        for (size_t i = u * neighbors->count; i + there < (u + 1) * neighbors->count; i++)
            if (items[i] != -1)
                return i;
    }
    return entries(neighbors);
}

static diffmm_status add(struct diffmm__tensor_list *list, const diffmm_trainer *trainer, size_t m,
                         const char *part, enum diffmm__dtype dtype, const void *data)
{
    char name[name_size];
    diffmm__state_graph_name(trainer, m, "generated", part, name);
    return diffmm__tensor_list_add(list, diffmm__tensor_list_name(list, "%s", name), dtype,
                                   entries(&trainer->graphs.neighbors), 1, data);
}

diffmm_status diffmm__state_add_neighbors(const diffmm_trainer *trainer, size_t m,
                                          struct diffmm__tensor_list *list)
{
    const struct diffmm__neighbors *neighbors = &trainer->graphs.neighbors;
    if (!needed(trainer) && !compared(trainer))
        return DIFFMM_OK;
    diffmm_status status =
        add(list, trainer, m, "items", DIFFMM__I32, diffmm__neighbors_items(neighbors, m));
    if (status || !neighbors->weights)
        return status;
    return add(list, trainer, m, "weights", DIFFMM__F32, diffmm__neighbors_weights(neighbors, m));
}

/* A copy of the items, in which they are checked: the file may change. */
static diffmm_status read_items(const struct diffmm__neighbors *neighbors, size_t m,
                                const struct diffmm__safetensors *file, const char *name)
{
    const char *path = diffmm__safetensors_path(file);
    size_t count = entries(neighbors);
    struct diffmm__tensor tensor;
    diffmm_status status = diffmm__safetensors_find(file, name, DIFFMM__I32, &tensor);
    if (status)
        return status;
    if (tensor.columns || tensor.rows != count)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: tensor '%s' is not a vector of %zu", path,
                            name, count);
    int32_t *items = diffmm__neighbors_items(neighbors, m);
    memcpy(items, tensor.data, count * sizeof *items);
    size_t bad = check_absent(neighbors, items);
    if (bad < count)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: %s[%zu] is %d, but its user has no more items", path, name, bad,
                            items[bad]);
    const struct diffmm__csr_expected expected = {.prefix = path,
                                                  .pointers = "pointers of neighbours",
                                                  .indices = name,
                                                  .columns = "items",
                                                  .ascending = true,
                                                  .status = DIFFMM_ERROR_FORMAT};
    struct diffmm__csr rows = diffmm__neighbors_rows(neighbors, m);
    rows.values = NULL; /* read later */
    return diffmm__csr_check(&rows, &expected);
}

diffmm_status diffmm__state_read_neighbors(diffmm_trainer *trainer, size_t m,
                                           const struct diffmm__safetensors *file)
{
    const struct diffmm__neighbors *neighbors = &trainer->graphs.neighbors;
    char name[name_size];
    diffmm__state_graph_name(trainer, m, "generated", "items", name);
    if (!needed(trainer) && !(compared(trainer) && diffmm__safetensors_has(file, name)))
        return DIFFMM_OK;
    diffmm_status status = read_items(neighbors, m, file, name);
    if (!status && is_measured(trainer))
        diffmm__diffusion_measures_keep(&trainer->measures, m,
                                        diffmm__neighbors_items(neighbors, m));
    if (status || !neighbors->weights)
        return status;
    diffmm__state_graph_name(trainer, m, "generated", "weights", name);
    return diffmm__matrix_read_squares(file, name, entries(neighbors), 1, /* not negative */
                                       diffmm__neighbors_weights(neighbors, m));
}

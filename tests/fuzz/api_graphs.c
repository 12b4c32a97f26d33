/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls on graphs, and what goes from a data set's rows to neighbours. */
#include "api.h"

static void replace(diffmm_graph **place, diffmm_graph *graph)
{
    diffmm_graph_destroy(*place);
    *place = graph;
}

static diffmm_graph **any(struct api *api)
{
    return &api->graphs[api_below(api, api_places)];
}

static void call_create(struct api *api)
{
    size_t users = api_size(api, true), items = api_size(api, true), count = api_size(api, false);
    int32_t *user = api_numbers(api, count, users < 9 ? users : 9);
    int32_t *item = api_numbers(api, count, items < 9 ? items : 9);
    diffmm_graph *made = NULL;
    diffmm_context *context = api_below(api, 2) ? api->context : NULL;
    diffmm_status status =
        api_below(api, 2)
            ? diffmm_graph_create_bipartite(context, users, items, count, user, item, &made)
            : diffmm_graph_create_weighted(context, users, items, count, user, item,
                                           api_floats(api, count), &made);
    if (!fuzz_status(status))
        replace(any(api), made);
}

static size_t nodes(const diffmm_graph *graph)
{
    return diffmm_graph_users(graph) + diffmm_graph_items(graph);
}

static void call_drop(struct api *api)
{
    diffmm_graph *graph = *any(api), *made = NULL;
    uint8_t *kept = api_bytes(api, diffmm_graph_entries(graph));
    if (!fuzz_status(diffmm_graph_drop_edges(graph, api_real(api), kept, &made)))
        replace(any(api), made);
}

static void call_rows(struct api *api)
{
    const diffmm_graph *graph = *any(api);
    const int64_t *pointers;
    const int32_t *columns;
    const float *values;
    if (fuzz_status(diffmm_graph_rows(graph, &pointers, &columns, &values)))
        return;
    for (size_t r = 0; r < nodes(graph); r++)
        for (int64_t e = pointers[r]; e < pointers[r + 1]; e++)
            fuzz_check(columns[e] >= 0 && (size_t)columns[e] < nodes(graph) &&
                           values[e] == values[e],
                       "a graph has an entry out of place");
}

static void call_products(struct api *api)
{
    const diffmm_graph *graph = *any(api);
    size_t d = api_size(api, false), layers = api_size(api, false), size = nodes(graph) * d;
    float *x = api_floats(api, size), *y = api_floats(api, size);
    fuzz_status(diffmm_graph_multiply(graph, d, x, y));
    fuzz_status(diffmm_graph_multiply_transposed(graph, d, x, y));
    fuzz_status(diffmm_propagate(graph, layers, d, x, y));
    fuzz_status(diffmm_propagate_backward(graph, layers, d, x, y));
}

/* Neighbours of users from pointers that may be in any disorder. */
static void call_neighbors(struct api *api)
{
    size_t hidden = 1 + api_below(api, 4), rows = api_below(api, 4), count = api_size(api, true);
    const diffmm_denoiser_shape shape = {.struct_size = sizeof shape,
                                         .items = 1 + api_below(api, 8),
                                         .time_size = 1 + api_below(api, 3),
                                         .hidden_count = 1,
                                         .hidden_sizes = &hidden};
    const diffmm_schedule *schedule = api->schedules[api_below(api, api_places)];
    float *parameters = api_floats(api, diffmm_denoiser_size(&shape));
    int64_t pointers[5] = {0};
    for (size_t r = 0; r < rows; r++)
        pointers[r + 1] = pointers[r] + (int64_t)api_below(api, 4) - (api_byte(api) > 250);
    size_t total = pointers[rows] > 0 ? (size_t)pointers[rows] : 0;
    for (size_t r = 0; r < rows; r++)
        if (pointers[r + 1] > 0 && (size_t)pointers[r + 1] > total)
            total = (size_t)pointers[r + 1];
    int32_t *row_items = api_numbers(api, total, shape.items);
    int32_t *out = api_numbers(api, rows * (count < 9 ? count : 0), 1);
    if (fuzz_status(diffmm_generate_neighbors(api->context, &shape, schedule, parameters, rows,
                                              pointers, row_items, count, out)))
        return;
    for (size_t i = 0; i < rows * count; i++)
        fuzz_check(out[i] >= -1 && out[i] < (int32_t)shape.items, "a neighbour is no item");
}

void api_call_graphs(struct api *api, size_t which)
{
    static void (*const calls[])(struct api *) = {call_create, call_create,   call_drop,
                                                  call_rows,   call_products, call_neighbors};
    calls[which % (sizeof calls / sizeof *calls)](api);
}

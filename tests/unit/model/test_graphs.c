/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "support/failure.h"
#include "support/folder.h"
#include "support/model_world.h"

START_TEST(at_first_each_modality_has_self_loops_only)
{
    struct model_world world;
    diffmm_model *model;
    model_world_begin(&(struct model_case){.modalities = 3}, &world);
    expect_success(diffmm_model_create(world.dataset, world.options, &model));
    for (size_t m = 0; m < 3; m++) {
        const diffmm_graph *graph = diffmm_model_graph(model, model_modality_names[m]);
        const int64_t *pointers;
        const int32_t *columns;
        const float *values;
        size_t nodes = world.oracle.users + world.oracle.items;
        ck_assert_ptr_nonnull(graph);
        ck_assert_uint_eq(diffmm_graph_entries(graph), nodes);
        expect_success(diffmm_graph_rows(graph, &pointers, &columns, &values));
        for (size_t n = 0; n < nodes; n++)
            ck_assert(pointers[n] == (int64_t)n && columns[n] == (int32_t)n && values[n] == 1);
    }
    expect_success(diffmm_model_forward(model));
    diffmm_model_destroy(model);
    model_world_end(&world);
}
END_TEST

/* One modality's graph is replaced; the other keeps its own, and the graph outlives its maker. */
START_TEST(a_graph_is_shared_and_kept_alive)
{
    struct model_world world;
    model_world_begin(&(struct model_case){.layers = 1}, &world);
    const struct oracle *o = &world.oracle;
    size_t size = (o->users + o->items) * o->d;
    float *before = malloc(2 * size * sizeof *before), *after = malloc(2 * size * sizeof *after);
    for (size_t m = 0; m < 2; m++)
        expect_success(diffmm_model_view(world.model, model_modality_names[m], before + m * size));
    const diffmm_graph *title = diffmm_model_graph(world.model, "title");

    static const int32_t user[] = {1, 2, 5}, item[] = {3, 3, 6};
    diffmm_graph *graph;
    expect_success(
        diffmm_graph_create_bipartite(world.context, o->users, o->items, 3, user, item, &graph));
    expect_success(diffmm_model_set_graph(world.model, "cover", graph));
    ck_assert_ptr_eq(diffmm_model_graph(world.model, "cover"), graph);
    ck_assert_ptr_eq(diffmm_model_graph(world.model, "title"), title);
    expect_success(diffmm_model_set_graph(world.model, "cover", graph)); /* itself, again */
    diffmm_graph_destroy(graph);
    ck_assert_uint_eq(diffmm_graph_entries(diffmm_model_graph(world.model, "cover")),
                      o->users + o->items + 6);
    for (size_t m = 0; m < 2; m++)
        expect_success(diffmm_model_view(world.model, model_modality_names[m], after + m * size));
    ck_assert(memcmp(before, after, size * sizeof *before) != 0);
    ck_assert_mem_eq(before + size, after + size, size * sizeof *before);
    free(before);
    free(after);
    model_world_end(&world);
}
END_TEST

START_TEST(bad_input)
{
    struct model_world world;
    model_world_begin(&(struct model_case){.modalities = 1}, &world);
    diffmm_model *model = world.model;
    const diffmm_graph *kept = diffmm_model_graph(model, "cover");
    diffmm_graph *other;
    float out = 5;
    expect_success(diffmm_graph_create_bipartite(NULL, 6, 8, 0, NULL, NULL, &other));
    expect_failure(diffmm_model_set_graph(NULL, "cover", other), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "model");
    expect_failure(diffmm_model_set_graph(model, NULL, other), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "modality");
    expect_failure(diffmm_model_set_graph(model, "cover", NULL), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "graph");
    expect_failure(diffmm_model_set_graph(model, "title", other), DIFFMM_ERROR_NOT_FOUND,
                   "'title'");
    expect_failure(diffmm_model_set_graph(model, "cover", other), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "6 users and 8 items, the model 6 and 7");
    ck_assert_ptr_eq(diffmm_model_graph(model, "cover"), kept);
    ck_assert_ptr_null(diffmm_model_graph(NULL, "cover"));
    ck_assert_ptr_null(diffmm_model_graph(model, NULL));
    ck_assert_ptr_null(diffmm_model_graph(model, "title"));
    expect_failure(diffmm_model_view(NULL, "cover", &out), DIFFMM_ERROR_INVALID_ARGUMENT, "model");
    expect_failure(diffmm_model_view(model, NULL, &out), DIFFMM_ERROR_INVALID_ARGUMENT, "modality");
    expect_failure(diffmm_model_view(model, "Cover", &out), DIFFMM_ERROR_NOT_FOUND, "'Cover'");
    expect_failure(diffmm_model_view(model, "cover", NULL), DIFFMM_ERROR_INVALID_ARGUMENT, "out");
    expect_failure(diffmm_model_forward(NULL), DIFFMM_ERROR_INVALID_ARGUMENT, "model");
    ck_assert(out == 5);
    diffmm_graph_destroy(other);
    model_world_end(&world);
}
END_TEST

START_TEST(a_loaded_model_has_no_graphs)
{
    struct model_world world;
    struct folder folder = folder_begin();
    char path[128];
    diffmm_model *loaded;
    diffmm_graph *graph;
    float out = 5;
    model_world_begin(&(struct model_case){.modalities = 1}, &world);
    folder_file(&folder, "model", path);
    expect_success(diffmm_model_forward(world.model));
    expect_success(diffmm_model_save(world.model, path));
    expect_success(diffmm_model_load(world.context, path, &loaded));
    folder_end(&folder);
    expect_success(diffmm_graph_create_bipartite(NULL, 6, 7, 0, NULL, NULL, &graph));
    ck_assert_ptr_null(diffmm_model_graph(loaded, "cover"));
    expect_failure(diffmm_model_set_graph(loaded, "cover", graph), DIFFMM_ERROR_STATE, "file");
    expect_failure(diffmm_model_view(loaded, "cover", &out), DIFFMM_ERROR_STATE, "file");
    expect_failure(diffmm_model_forward(loaded), DIFFMM_ERROR_STATE, "file");
    ck_assert(out == 5);
    diffmm_graph_destroy(graph);
    diffmm_model_destroy(loaded);
    model_world_end(&world);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {at_first_each_modality_has_self_loops_only,
                                  a_graph_is_shared_and_kept_alive, bad_input,
                                  a_loaded_model_has_no_graphs};
    return run_tests("model/graphs", tests, sizeof tests / sizeof *tests) != 0;
}

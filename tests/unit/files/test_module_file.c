/* SPDX-License-Identifier: BSD-2-Clause */
/* A module's file: whole, continued, and damaged. */
#include "files/safetensors.h"
#include "files/safetensors_write.h"

#include <stdlib.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "support/failure.h"
#include "support/folder.h"
#include "support/module_world.h"

static void train(struct module_world *w, diffmm_diffusion *module, uint64_t first, uint64_t last)
{
    w->batch.t = NULL;
    w->batch.noise = w->batch.dropout_scale = NULL;
    for (w->batch.epoch = first; w->batch.epoch <= last; w->batch.epoch++)
        expect_success(diffmm_diffusion_step(module, &w->batch, NULL));
}

START_TEST(training_goes_on_with_the_same_bits)
{
    struct module_world w;
    diffmm_diffusion *from_path, *from_memory;
    struct folder folder = folder_begin();
    struct path path = folder_path(&folder, "module");
    module_world_begin(
        &w, 2, (const char *const[]){"hidden_sizes", "6,9", "norm", "true", "steps", "9", NULL});
    train(&w, w.module, 1, 3);
    expect_success(diffmm_diffusion_save(w.module, path.text));
    struct module_state state = module_state(w.module);
    expect_success(diffmm_diffusion_load(w.context, path.text, &from_path));
    expect_success(diffmm_diffusion_load_memory(w.context, state.data, state.size, &from_memory));
    ck_assert_uint_eq(diffmm_diffusion_steps(from_path), 3);
    train(&w, w.module, 4, 6);
    train(&w, from_path, 4, 6);
    train(&w, from_memory, 4, 6);
    expect_same_module(w.module, from_path);
    expect_same_module(w.module, from_memory);
    diffmm_diffusion_destroy(from_path);
    diffmm_diffusion_destroy(from_memory);
    free(state.data);
    folder_end(&folder);
    module_world_end(&w);
}
END_TEST

/* A file with one thing changed: a metadata value (NULL: left out), or a tensor. */
struct change {
    const char *key, *value;
    const char *tensor; /* left out, or what the following says */
    float *data;        /* its values in place of the file's */
    size_t rows;        /* 0: as in the file */
};

static diffmm_status load_changed(struct module_world *w, struct change change)
{
    struct diffmm__safetensors *file;
    struct module_state state = module_state(w->module);
    struct diffmm__source source = {.data = state.data, .size = state.size};
    static const char *const keys[] = {"format", "version", "library", "items",
                                       "steps",  "options", "modality"};
    struct diffmm__metadata metadata[8];
    struct diffmm__tensor tensors[64];
    size_t count = 0, tensor_count = 0, size;
    expect_success(diffmm__safetensors_open_source(w->context, &source, &file));
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        const char *value = change.key && strcmp(keys[k], change.key) == 0
                                ? change.value
                                : diffmm__safetensors_metadata(file, keys[k]);
        if (value)
            metadata[count++] = (struct diffmm__metadata){keys[k], value};
    }
    for (size_t i = 0; i < diffmm__safetensors_count(file); i++) {
        struct diffmm__tensor tensor;
        diffmm__safetensors_at(file, i, &tensor);
        if (change.tensor && strcmp(tensor.name, change.tensor) == 0) {
            if (!change.data)
                continue;
            tensor.data = change.data;
            tensor.rows = change.rows ? change.rows : tensor.rows;
        }
        tensors[tensor_count++] = tensor;
    }
    static unsigned char changed[1 << 20];
    struct diffmm__target target = {.data = changed, .capacity = sizeof changed, .size = &size};
    expect_success(diffmm__safetensors_write_target(w->context, &target, metadata, count, tensors,
                                                    tensor_count));
    diffmm__safetensors_close(file);
    free(state.data);
    diffmm_diffusion *out = NULL;
    diffmm_status status = diffmm_diffusion_load_memory(w->context, changed, size, &out);
    ck_assert_int_eq(status == DIFFMM_OK, out != NULL);
    diffmm_diffusion_destroy(out);
    return status;
}

START_TEST(damaged)
{
    static const struct {
        const char *key, *value, *says;
    } metadata[] = {{"format", "diffmm-model", "a diffusion module"},
                    {"format", NULL, "a diffusion module"},
                    {"items", NULL, "items"},
                    {"items", "0", "items"},
                    {"items", "36", "tensor"},
                    {"items", "38", "bytes of parameters"},
                    {"items", "2000000000", "bytes of parameters"},
                    {"steps", NULL, "steps"},
                    {"steps", "-1", "steps"},
                    {"steps", "1.5", "steps"},
                    {"modality", "8192", "modality"},
                    {"modality", "x", "modality"},
                    {"options", NULL, "options"},
                    {"options", "{", "JSON"},
                    {"options", "{\"hidden_sizes\": \"60000,60000\"}", "bytes of parameters"},
                    {"options", "{\"sampling_steps\": \"900\"}", "sampling_steps"}};
    struct module_world w;
    float bad[4096] = {0};
    module_world_begin(&w, 1, (const char *const[]){NULL});
    for (size_t i = 0; i < sizeof metadata / sizeof *metadata; i++)
        expect_failure(
            load_changed(&w, (struct change){.key = metadata[i].key, .value = metadata[i].value}),
            DIFFMM_ERROR_FORMAT, metadata[i].says);
    expect_failure(load_changed(&w, (struct change){.key = "version", .value = "2"}),
                   DIFFMM_ERROR_VERSION, "'2'");
    expect_failure(load_changed(&w, (struct change){.tensor = "time.bias"}), DIFFMM_ERROR_FORMAT,
                   "bytes of parameters");
    expect_failure(load_changed(&w, (struct change){.tensor = "time.bias", .data = bad, .rows = 5}),
                   DIFFMM_ERROR_FORMAT, "'time.bias'");
    bad[3] = -1.0f;
    expect_failure(
        load_changed(&w, (struct change){.tensor = "adam.second.decoder.0.bias", .data = bad}),
        DIFFMM_ERROR_FORMAT, "negative at 3");
    expect_success(
        load_changed(&w, (struct change){.tensor = "adam.first.decoder.0.bias", .data = bad}));
    expect_success(load_changed(&w, (struct change){.key = "modality", .value = "8191"}));
    expect_success(load_changed(&w, (struct change){.key = "library", .value = NULL}));
    module_world_end(&w);
}
END_TEST

START_TEST(neither_a_model_nor_a_checkpoint)
{
    struct module_world w;
    diffmm_model *model = NULL;
    module_world_begin(&w, 1, (const char *const[]){NULL});
    struct module_state state = module_state(w.module);
    expect_failure(diffmm_model_load_memory(w.context, state.data, state.size, &model),
                   DIFFMM_ERROR_FORMAT, "diffmm-diffusion");
    free(state.data);
    module_world_end(&w);
}
END_TEST

START_TEST(too_little_room)
{
    struct module_world w;
    module_world_begin(&w, 1, (const char *const[]){NULL});
    struct module_state state = module_state(w.module);
    size_t size = 7;
    expect_invalid(diffmm_diffusion_save_memory(w.module, state.data, state.size - 1, &size),
                   "capacity");
    ck_assert_uint_eq(size, 7);
    free(state.data);
    module_world_end(&w);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {training_goes_on_with_the_same_bits, damaged,
                                  neither_a_model_nor_a_checkpoint, too_little_room};
    return run_tests("module_file", tests, sizeof tests / sizeof *tests) != 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* A model file, read as a scorer and as a model: both readers agree, and what they read serves. */
#include <math.h>
#include <stdlib.h>

#include "fuzz.h"

static void visit_parameters(const diffmm_model *model)
{
    for (size_t p = 0; p < diffmm_model_parameters(model); p++) {
        diffmm_parameter parameter = {.struct_size = sizeof parameter};
        fuzz_check(diffmm_model_parameter_at(model, p, &parameter) == DIFFMM_OK,
                   "a parameter cannot be read");
        for (size_t i = 0; i < parameter.rows * parameter.columns; i++)
            fuzz_check(isfinite(parameter.values[i]), "a parameter is not finite");
    }
}

/* What can be saved can be read. Rows that are only read when they are used may be refused. */
static void save_again(diffmm_context *context, const diffmm_scorer *scorer)
{
    size_t size = 0;
    diffmm_scorer *again = NULL;
    if (fuzz_status(diffmm_scorer_save_memory(scorer, NULL, 0, &size)))
        return;
    void *data = malloc(size);
    fuzz_check(data && diffmm_scorer_save_memory(scorer, data, size, &size) == DIFFMM_OK &&
                   diffmm_scorer_open_memory(context, data, size, &again) == DIFFMM_OK,
               "a scorer that is saved cannot be opened");
    diffmm_scorer_destroy(again);
    free(data);
}

static void visit_model(diffmm_model *model)
{
    diffmm_scorer *scorer = NULL;
    visit_parameters(model);
    fuzz_check(diffmm_model_forward(model) == DIFFMM_ERROR_STATE, "a model that is read trains");
    if (fuzz_status(diffmm_scorer_create(model, &scorer)))
        fuzz_check(!scorer, "a failure gave a scorer");
    else
        fuzz_visit_scorer(scorer);
    diffmm_scorer_destroy(scorer);
}

/* From memory as from the file; and what the file says of itself. */
static void read_memory(diffmm_context *context, const uint8_t *data, size_t size,
                        diffmm_status serves, diffmm_status loads)
{
    diffmm_scorer *scorer = NULL;
    diffmm_model *model = NULL;
    diffmm_file *file = NULL;
    diffmm_file_info info = {.struct_size = sizeof info};
    fuzz_check(diffmm_scorer_open_memory(context, data, size, &scorer) == serves &&
                   diffmm_model_load_memory(context, data, size, &model) == loads,
               "a file in memory is read in another way");
    if (scorer)
        fuzz_visit_scorer(scorer);
    if (!fuzz_status(diffmm_file_open_memory(context, data, size, &file)))
        fuzz_check(diffmm_file_describe(file, &info) == DIFFMM_OK && info.users > 0,
                   "a file does not say what it is");
    else
        fuzz_check(!file && !model, "a model that is read cannot be described");
    diffmm_file_destroy(file);
    diffmm_model_destroy(model);
    diffmm_scorer_destroy(scorer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    diffmm_context *context = fuzz_begin(64 * size + 65536, FUZZ_REPORT);
    const char *path = fuzz_file("model.safetensors", data, size);
    diffmm_scorer *scorer = NULL;
    diffmm_model *model = NULL;
    diffmm_status serves = fuzz_status(diffmm_scorer_open(context, path, &scorer));
    fuzz_check(!serves == !!scorer, "a scorer and its status do not agree");
    if (scorer) {
        fuzz_visit_scorer(scorer);
        save_again(context, scorer);
    }
    diffmm_status loads = fuzz_status(diffmm_model_load(context, path, &model));
    fuzz_check(!loads == !!model, "a model and its status do not agree");
    if (model)
        visit_model(model);
    fuzz_check(!model || scorer || serves == DIFFMM_ERROR_NUMERIC,
               "a model can be read, but not served");
    diffmm_model_destroy(model);
    diffmm_scorer_destroy(scorer);
    if (size > 0)
        read_memory(context, data, size, serves, loads);
    fuzz_end();
    return 0;
}

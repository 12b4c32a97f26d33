/* SPDX-License-Identifier: BSD-2-Clause */
/* A training checkpoint, described, and resumed from on the data set it was made with. What can be
 * resumed trains on, and its own checkpoint resumes to the same bits. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "training.h"

struct bytes {
    void *data;
    size_t size;
};

static struct bytes checkpoint_of(const diffmm_trainer *trainer)
{
    struct bytes bytes = {0};
    fuzz_check(diffmm_trainer_checkpoint_memory(trainer, NULL, 0, &bytes.size) == DIFFMM_OK,
               "a trainer has no checkpoint");
    bytes.data = malloc(bytes.size);
    fuzz_check(bytes.data && diffmm_trainer_checkpoint_memory(trainer, bytes.data, bytes.size,
                                                              &bytes.size) == DIFFMM_OK,
               "a checkpoint cannot be written");
    return bytes;
}

static struct bytes model_of(const diffmm_trainer *trainer)
{
    struct bytes bytes = {0};
    const diffmm_model *model = diffmm_trainer_model(trainer);
    fuzz_check(diffmm_model_save_memory(model, NULL, 0, &bytes.size) == DIFFMM_OK,
               "a trainer's model has no file");
    bytes.data = malloc(bytes.size);
    fuzz_check(bytes.data && diffmm_model_save_memory(model, bytes.data, bytes.size, &bytes.size) ==
                                 DIFFMM_OK,
               "a trainer's model cannot be written");
    return bytes;
}

/* One epoch of the resumed trainer and of one resumed from its checkpoint: the same bits. */
static void train_both(diffmm_dataset *dataset, diffmm_trainer *trainer)
{
    diffmm_trainer *again = NULL;
    struct bytes checkpoint = checkpoint_of(trainer);
    fuzz_check(diffmm_trainer_resume_memory(dataset, checkpoint.data, checkpoint.size, NULL,
                                            &again) == DIFFMM_OK,
               "a checkpoint of what was resumed cannot be resumed");
    free(checkpoint.data);
    diffmm_status status = fuzz_status(diffmm_trainer_epoch(trainer, NULL));
    fuzz_check(diffmm_trainer_epoch(again, NULL) == status, "two equal trainers differ");
    fuzz_check(status == DIFFMM_OK || status == DIFFMM_ERROR_NUMERIC ||
                   status == DIFFMM_ERROR_STATE,
               "an epoch fails for no reason");
    if (!status) {
        struct bytes a = model_of(trainer), b = model_of(again);
        fuzz_check(a.size == b.size && memcmp(a.data, b.data, a.size) == 0,
                   "two equal trainers train different models");
        free(a.data);
        free(b.data);
    }
    diffmm_trainer_destroy(again);
}

static void describe(diffmm_context *context, const uint8_t *data, size_t size, bool resumed)
{
    diffmm_file *file = NULL;
    diffmm_file_info info = {.struct_size = sizeof info};
    if (fuzz_status(diffmm_file_open_memory(context, data, size, &file)))
        fuzz_check(!file && !resumed, "a checkpoint that is resumed cannot be described");
    else
        fuzz_check(diffmm_file_describe(file, &info) == DIFFMM_OK && info.users > 0 &&
                       diffmm_file_options(file) != NULL,
                   "a file does not say what it is");
    diffmm_file_destroy(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    diffmm_context *context = fuzz_begin(64 * size + (1 << 20), FUZZ_REPORT);
    diffmm_dataset *dataset = NULL;
    diffmm_trainer *trainer = NULL;
    fuzz_check(training_dataset(context, &dataset) == DIFFMM_OK, "there is no data set");
    diffmm_status status =
        fuzz_status(diffmm_trainer_resume_memory(dataset, data, size, NULL, &trainer));
    fuzz_check(!status == !!trainer, "a trainer and its status do not agree");
    describe(context, data, size, trainer != NULL);
    if (trainer)
        train_both(dataset, trainer);
    diffmm_trainer_destroy(trainer);
    diffmm_dataset_destroy(dataset);
    fuzz_end();
    return 0;
}

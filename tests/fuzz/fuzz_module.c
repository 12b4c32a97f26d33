/* SPDX-License-Identifier: BSD-2-Clause */
/* A diffusion module's file. What is read denoises, generates and trains, and its own file holds
 * the same bits. Settings of a file may ask for more memory than there is here once it trains; to
 * read it must not take more than the file justifies. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

struct bytes {
    void *data;
    size_t size;
};

static struct bytes bytes_of(const diffmm_diffusion *module)
{
    struct bytes bytes = {0};
    fuzz_check(diffmm_diffusion_save_memory(module, NULL, 0, &bytes.size) == DIFFMM_OK,
               "a module has no file");
    bytes.data = malloc(bytes.size);
    fuzz_check(bytes.data && diffmm_diffusion_save_memory(module, bytes.data, bytes.size,
                                                          &bytes.size) == DIFFMM_OK,
               "a module cannot be written");
    return bytes;
}

static void expect_same(const diffmm_diffusion *a, const diffmm_diffusion *b, const char *what)
{
    struct bytes x = bytes_of(a), y = bytes_of(b);
    fuzz_check(x.size == y.size && memcmp(x.data, y.data, x.size) == 0, what);
    free(x.data);
    free(y.data);
}

/* Numbers so large that they overflow are well possible; anything else would be a finding. */
static diffmm_status computed(diffmm_status status)
{
    fuzz_status(status);
    fuzz_check(status == DIFFMM_OK || status == DIFFMM_ERROR_NUMERIC ||
                   status == DIFFMM_ERROR_NO_MEMORY,
               "a module that was read does not compute");
    return status;
}

static void use(diffmm_diffusion *module, diffmm_diffusion *again)
{
    static const int64_t pointers[] = {0, 1};
    static const int32_t first[] = {0};
    const diffmm_diffusion_batch batch = {.struct_size = sizeof batch,
                                          .users = 1,
                                          .row_pointers = pointers,
                                          .row_items = first,
                                          .epoch = 1};
    int32_t item;
    float score;
    expect_same(module, again, "what is read twice differs");
    if (!computed(diffmm_diffusion_generate(module, &batch, 1, &item, &score)))
        fuzz_check(item >= -1 && (item < 0 || (size_t)item < diffmm_diffusion_items(module)),
                   "an item is generated that there is not");
    diffmm_status status = computed(diffmm_diffusion_step(module, &batch, NULL));
    if (!status) {
        fuzz_check(diffmm_diffusion_step(again, &batch, NULL) == DIFFMM_OK,
                   "two equal modules differ");
        expect_same(module, again, "two equal modules train differently");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    diffmm_context *context = fuzz_begin(64 * size + (1 << 20), FUZZ_REFUSE);
    diffmm_diffusion *module = NULL, *again = NULL;
    diffmm_status status = fuzz_status(diffmm_diffusion_load_memory(context, data, size, &module));
    fuzz_check(!status == !!module, "a module and its status do not agree");
    fuzz_check(status != DIFFMM_ERROR_NO_MEMORY, "to read a module takes more than its file has");
    if (module) {
        struct bytes written = bytes_of(module);
        fuzz_check(diffmm_diffusion_load_memory(context, written.data, written.size, &again) ==
                       DIFFMM_OK,
                   "a module's own file cannot be read");
        free(written.data);
        use(module, again);
    }
    diffmm_diffusion_destroy(again);
    diffmm_diffusion_destroy(module);
    fuzz_end();
    return 0;
}

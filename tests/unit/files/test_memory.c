/* SPDX-License-Identifier: BSD-2-Clause */
/* Model files in memory: written, loaded, and scored from where they are. */
#include <math.h>
#include <stdlib.h>

#include <diffmm/recommend.h>

#include "support/failing.h"
#include "support/folder.h"
#include "support/small_model.h"

enum { users = 6, items = 9, d = 4 };

static diffmm_context *context;
static diffmm_model *model;
static unsigned char *data; /* a model file, aligned as malloc does */
static size_t size;

static void begin(void)
{
    size_t written;
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    model = small_model(context, users, items, d, true);
    expect_success(diffmm_model_save_memory(model, NULL, 0, &size));
    data = malloc(size);
    expect_success(diffmm_model_save_memory(model, data, size, &written));
    ck_assert_uint_eq(written, size);
}

static void end(void)
{
    free(data);
    diffmm_model_destroy(model);
    diffmm_context_destroy(context);
}

START_TEST(the_same_bytes_as_the_file)
{
    struct folder folder = folder_begin();
    char path[128];
    size_t file_size;
    begin();
    folder_file(&folder, "model.safetensors", path);
    expect_success(diffmm_model_save(model, path));
    unsigned char *file = read_bytes(path, &file_size);
    ck_assert_uint_eq(file_size, size);
    ck_assert_mem_eq(file, data, size);
    free(file);
    end();
    folder_end(&folder);
}
END_TEST

START_TEST(what_is_loaded_is_what_was_saved)
{
    diffmm_model *back;
    size_t again;
    begin();
    expect_success(diffmm_model_load_memory(context, data, size, &back));
    void *copy = malloc(size);
    expect_success(diffmm_model_save_memory(back, copy, size, &again));
    ck_assert_uint_eq(again, size);
    ck_assert_mem_eq(copy, data, size);
    free(data);
    data = copy; /* the model needs the memory no longer */
    ck_assert_mem_eq(diffmm_model_user_embeddings(back), model->final,
                     (users + items) * d * sizeof(float));
    diffmm_model_destroy(back);
    end();
}
END_TEST

static void expect_same_scores(const diffmm_scorer *a, const diffmm_scorer *b)
{
    for (int32_t u = 0; u < users; u++) {
        float x[items], y[items];
        expect_success(diffmm_score(a, u, items, NULL, x));
        expect_success(diffmm_score(b, u, items, NULL, y));
        ck_assert_mem_eq(x, y, sizeof x);
        ck_assert_str_eq(diffmm_scorer_user_id(a, u), diffmm_scorer_user_id(b, u));
    }
}

struct counter {
    size_t total;
};

static void *count_allocate(size_t bytes, void *user_data)
{
    ((struct counter *)user_data)->total += bytes;
    return malloc(bytes);
}

static void count_release(void *pointer, void *user_data)
{
    (void)user_data;
    free(pointer);
}

/* How much a scorer asks its context for. */
static size_t scorer_bytes(const unsigned char *file, const diffmm_scorer *reference)
{
    struct counter counter = {0};
    diffmm_context *own;
    diffmm_scorer *scorer;
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1,
                                                                    .allocate = count_allocate,
                                                                    .release = count_release,
                                                                    .allocator_data = &counter},
                                         &own));
    size_t before = counter.total;
    expect_success(diffmm_scorer_open_memory(own, file, size, &scorer));
    expect_same_scores(reference, scorer);
    diffmm_scorer_destroy(scorer);
    diffmm_context_destroy(own);
    return counter.total - before;
}

/* In place where the memory is aligned; a copy of what is not. */
START_TEST(a_scorer_reads_in_place)
{
    diffmm_scorer *reference;
    begin();
    expect_success(diffmm_scorer_create(model, &reference));
    size_t in_place = scorer_bytes(data, reference);
    unsigned char *shifted = malloc(size + 8);
    for (size_t shift = 1; shift < 8; shift++) {
        memcpy(shifted + shift, data, size);
        size_t copied = scorer_bytes(shifted + shift, reference);
        /* Off by four, only the pointers of rows are. */
        ck_assert_uint_ge(copied - in_place, shift == 4 ? users * sizeof(int64_t)
                                                        : (users + items) * d * sizeof(float));
    }
    memcpy(shifted, data, size);
    ck_assert_uint_eq(scorer_bytes(shifted, reference), in_place);
    free(shifted);
    diffmm_scorer_destroy(reference);
    end();
}
END_TEST

START_TEST(truncated_and_flipped)
{
    begin();
    for (size_t kept = 0; kept < size; kept += kept < 64 ? 1 : 13) {
        diffmm_model *back = NULL;
        diffmm_scorer *scorer = NULL;
        unsigned char *part = malloc(kept + 1); /* no byte more than is said */
        memcpy(part, data, kept);
        part = realloc(part, kept ? kept : 1);
        expect_failure(diffmm_model_load_memory(context, part, kept, &back), DIFFMM_ERROR_FORMAT,
                       "data: ");
        expect_failure(diffmm_scorer_open_memory(context, part, kept, &scorer), DIFFMM_ERROR_FORMAT,
                       "data: ");
        ck_assert(back == NULL && scorer == NULL);
        free(part);
    }
    for (size_t at = 0; at < size; at += 7) {
        diffmm_scorer *scorer = NULL;
        data[at] ^= (unsigned char)(1 << at % 8);
        diffmm_status status = diffmm_scorer_open_memory(context, data, size, &scorer);
        ck_assert(status == DIFFMM_OK || status == DIFFMM_ERROR_FORMAT ||
                  status == DIFFMM_ERROR_VERSION);
        diffmm_scorer_destroy(scorer);
        data[at] ^= (unsigned char)(1 << at % 8);
    }
    end();
}
END_TEST

START_TEST(bad_arguments)
{
    const diffmm_status invalid = DIFFMM_ERROR_INVALID_ARGUMENT;
    diffmm_model *back = NULL;
    diffmm_scorer *scorer = NULL;
    size_t written = 77;
    begin();
    unsigned char *room = calloc(size, 1);
    expect_failure(diffmm_model_save_memory(NULL, room, size, &written), invalid, "model");
    expect_failure(diffmm_model_save_memory(model, room, size, NULL), invalid, "size");
    expect_failure(diffmm_model_save_memory(model, room, size - 1, &written), invalid, "capacity");
    ck_assert(written == 77 && room[0] == 0);
    float kept = model->final[1];
    model->final[1] = -HUGE_VALF;
    expect_failure(diffmm_model_save_memory(model, NULL, 0, &written), DIFFMM_ERROR_NUMERIC,
                   "final.user");
    model->final[1] = kept;
    expect_failure(diffmm_model_load_memory(NULL, data, size, &back), invalid, "context");
    expect_failure(diffmm_model_load_memory(context, NULL, size, &back), invalid, "data");
    expect_failure(diffmm_model_load_memory(context, data, size, NULL), invalid, "out");
    expect_failure(diffmm_scorer_open_memory(NULL, data, size, &scorer), invalid, "context");
    expect_failure(diffmm_scorer_open_memory(context, NULL, size, &scorer), invalid, "data");
    expect_failure(diffmm_scorer_open_memory(context, data, size, NULL), invalid, "out");
    ck_assert(back == NULL && scorer == NULL);
    free(room);
    end();
}
END_TEST

static diffmm_status there_and_back(void *argument)
{
    diffmm_context *own = argument;
    diffmm_model *back = NULL;
    diffmm_scorer *scorer = NULL;
    size_t written;
    unsigned char *copy = malloc(size);
    diffmm_status status = diffmm_model_load_memory(own, data, size, &back);
    if (!status)
        status = diffmm_model_save_memory(back, copy, size, &written);
    if (!status)
        status = diffmm_scorer_open_memory(own, copy, size, &scorer);
    diffmm_scorer_destroy(scorer);
    diffmm_model_destroy(back);
    free(copy);
    return status;
}

START_TEST(any_allocation_may_fail)
{
    struct failing failing = {0};
    begin();
    diffmm_context *own = failing_context(&failing, 1);
    ck_assert_uint_gt(fail_each_allocation(&failing, there_and_back, own), 100);
    diffmm_context_destroy(own);
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {the_same_bytes_as_the_file,
                                  what_is_loaded_is_what_was_saved,
                                  a_scorer_reads_in_place,
                                  truncated_and_flipped,
                                  bad_arguments,
                                  any_allocation_may_fail};
    return run_tests("files/memory", tests, sizeof tests / sizeof *tests) != 0;
}

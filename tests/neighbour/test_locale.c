/* SPDX-License-Identifier: BSD-2-Clause */
/* Under a locale with a decimal comma, numbers are read and written as under any other. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "life.h"
#include "support/failure.h"
#include "support/folder.h"

struct lived {
    struct life_result result;
    unsigned char *model;
    size_t model_size;
    char message[256];
};

static struct lived *lived_here(void)
{
    struct lived *lived = calloc(1, sizeof *lived);
    ck_assert_ptr_nonnull(lived);
    struct folder folder = folder_begin();
    diffmm_context *context;
    diffmm_options *options;
    char path[128];
    expect_success(diffmm_context_create(NULL, &context));
    live(context, folder.path, NULL, NULL, &lived->result);
    folder_file(&folder, "model", path);
    lived->model = read_bytes(path, &lived->model_size);
    expect_success(diffmm_options_create(context, &options));
    ck_assert_int_eq(diffmm_options_set(options, "keep_rate", "1.5"),
                     DIFFMM_ERROR_INVALID_ARGUMENT);
    snprintf(lived->message, sizeof lived->message, "%s", diffmm_error_message());
    /* A comma is no decimal point, and what is behind it not forgotten. */
    ck_assert_int_eq(diffmm_options_set(options, "keep_rate", "0,5"),
                     DIFFMM_ERROR_INVALID_ARGUMENT);
    diffmm_options_destroy(options);
    diffmm_context_destroy(context);
    folder_end(&folder);
    return lived;
}

static void lived_end(struct lived *lived)
{
    free(lived->model);
    free(lived);
}

START_TEST(a_decimal_comma_changes_nothing)
{
    char text[16];
    const char *name = getenv("DIFFMM_TEST_LOCALE");
    ck_assert_ptr_nonnull(name);
    struct lived *plain = lived_here();
    ck_assert(plain->result.rate == 0.0125);
    ck_assert_str_eq(plain->result.rate_text, "0.0125");
    ck_assert_ptr_nonnull(strstr(plain->message, "1.5"));

    ck_assert_ptr_nonnull(setlocale(LC_ALL, name));
    snprintf(text, sizeof text, "%.1f", 0.5);
    ck_assert_str_eq(text, "0,5");
    struct lived *comma = lived_here();
    snprintf(text, sizeof text, "%.1f", 0.5);
    ck_assert_str_eq(text, "0,5");

    ck_assert_mem_eq(&comma->result, &plain->result, sizeof plain->result);
    ck_assert_uint_eq(comma->model_size, plain->model_size);
    ck_assert_mem_eq(comma->model, plain->model, plain->model_size);
    ck_assert_str_eq(comma->message, plain->message);
    lived_end(comma);
    lived_end(plain);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_decimal_comma_changes_nothing};
    return run_tests("neighbour/locale", tests, sizeof tests / sizeof *tests) != 0;
}

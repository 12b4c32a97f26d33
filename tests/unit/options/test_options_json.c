/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "base/memory.h"
#include "options/options_json.h"
#include "support/failure.h"

static diffmm_context *context;

static void begin(void)
{
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
}

static void end(void)
{
    diffmm_context_destroy(context);
}

START_TEST(there_and_back)
{
    diffmm_options *options, *back;
    const char *value;
    begin();
    expect_success(diffmm_options_create(context, &options));
    expect_success(diffmm_options_preset(options, "sports"));
    expect_success(diffmm_options_set(options, "cutoffs", "5,20"));
    expect_success(diffmm_options_set(options, "modality.text.projection", "leaky"));
    char *json = diffmm__options_to_json(options);
    ck_assert_ptr_nonnull(json);
    ck_assert_ptr_nonnull(strstr(json, "\"seed\":\"1\""));
    ck_assert_ptr_nonnull(strstr(json, "\"modality.text.projection\":\"leaky\""));
    ck_assert_ptr_null(strchr(json, '*'));
    expect_success(diffmm__options_from_json(context, json, &back));
    char *again = diffmm__options_to_json(back);
    ck_assert_str_eq(again, json);
    for (size_t i = 0; i < diffmm_option_count(); i++) {
        diffmm_option_info info = {.struct_size = sizeof info};
        const char *kept;
        expect_success(diffmm_option_describe(i, &info));
        expect_success(diffmm_options_get(options, info.name, &kept));
        expect_success(diffmm_options_get(back, info.name, &value));
        ck_assert_str_eq(value, kept);
    }
    expect_success(diffmm_options_get(back, "modality.text.projection", &value));
    ck_assert_str_eq(value, "leaky");
    diffmm__release(context, json);
    diffmm__release(context, again);
    diffmm_options_destroy(options);
    diffmm_options_destroy(back);
    end();
}
END_TEST

START_TEST(what_is_not_named_has_its_default)
{
    diffmm_options *options;
    const char *value;
    begin();
    expect_success(diffmm__options_from_json(context, "{\"tau\": \"0.25\"}", &options));
    expect_success(diffmm_options_get(options, "temperature", &value));
    ck_assert_str_eq(value, "0.25");
    expect_success(diffmm_options_get(options, "epochs", &value));
    ck_assert_str_eq(value, "50");
    diffmm_options_destroy(options);
    end();
}
END_TEST

START_TEST(malformed_json_is_refused)
{
    static const struct {
        const char *json, *part;
        diffmm_status status;
    } cases[] = {
        {"", "settings", DIFFMM_ERROR_FORMAT},
        {"{", "settings", DIFFMM_ERROR_FORMAT},
        {"[]", "not an object", DIFFMM_ERROR_FORMAT},
        {"\"epochs\"", "settings", DIFFMM_ERROR_FORMAT},
        {"{\"epochs\": 3}", "'epochs' is not a string", DIFFMM_ERROR_FORMAT},
        {"{\"epochs\": null}", "'epochs' is not a string", DIFFMM_ERROR_FORMAT},
        {"{\"epochs\": \"3\", \"epochs\": \"4\"}", "duplicate", DIFFMM_ERROR_FORMAT},
        {"{\"tau\": \"0.5\", \"temperature\": \"0.25\"}", "'temperature' is set twice",
         DIFFMM_ERROR_FORMAT},
        {"{\"d\": \"8\", \"embedding_size\": \"8\"}", "'embedding_size' is set twice",
         DIFFMM_ERROR_FORMAT},
        {"{\"modality.a.projection\": \"leaky\", \"modality.\\u0061.projection\": \"leaky\"}",
         "duplicate", DIFFMM_ERROR_FORMAT},
        {"{\"layers\": \"1e300\"}", "'layers'", DIFFMM_ERROR_INVALID_ARGUMENT},
        {"{\"layers\": \"1e0\"}", "'layers'", DIFFMM_ERROR_INVALID_ARGUMENT},
        {"{\"layers\": \"18446744073709551617\"}", "'layers'", DIFFMM_ERROR_INVALID_ARGUMENT},
        {"{\"epochs\": \"3\"} trailing", "settings", DIFFMM_ERROR_FORMAT},
        {"{\"epochs\": \"none\"}", "'epochs'", DIFFMM_ERROR_INVALID_ARGUMENT},
        {"{\"epoch\": \"3\"}", "did you mean 'epochs'?", DIFFMM_ERROR_INVALID_ARGUMENT},
    };
    diffmm_options *options = NULL;
    begin();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_failure(diffmm__options_from_json(context, cases[i].json, &options), cases[i].status,
                       cases[i].part);
        ck_assert_ptr_null(options);
    }
    end();
}
END_TEST

START_TEST(some_settings_of_a_later_version)
{
    static const char json[] =
        "{\"layers\": \"3\", \"of_later\": {\"x\": 1}, \"epochs\": \"soon\", "
        "\"ris_lambda\": \"0.25\"}";
    static const char *const names[] = {"layers", "ris_lambda"};
    static const char *const missing[] = {"layers", "ssl_reg"}, *const bad[] = {"epochs"},
                             *const unread[] = {"of_later"};
    diffmm_options *options;
    int64_t layers;
    double lambda;
    begin();
    expect_success(diffmm__options_from_json_some(context, json, 2, names, &options));
    expect_success(diffmm_options_get_integer(options, "layers", &layers));
    expect_success(diffmm_options_get_real(options, "ris_lambda", &lambda));
    ck_assert(layers == 3 && lambda == 0.25);
    expect_success(diffmm_options_get_integer(options, "epochs", &layers));
    ck_assert_int_eq(layers, 50);
    diffmm_options_destroy(options);
    options = NULL;
    expect_failure(diffmm__options_from_json_some(context, json, 2, missing, &options),
                   DIFFMM_ERROR_FORMAT, "settings in JSON have no 'ssl_reg'");
    expect_failure(diffmm__options_from_json_some(context, json, 1, bad, &options),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "'epochs'");
    expect_failure(diffmm__options_from_json_some(context, json, 1, unread, &options),
                   DIFFMM_ERROR_FORMAT, "'of_later' is not a string");
    expect_failure(diffmm__options_from_json_some(context, "[]", 2, names, &options),
                   DIFFMM_ERROR_FORMAT, "not an object");
    ck_assert_ptr_null(options);
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {there_and_back, what_is_not_named_has_its_default,
                                  some_settings_of_a_later_version, malformed_json_is_refused};
    return run_tests("options_json", tests, sizeof tests / sizeof *tests) != 0;
}

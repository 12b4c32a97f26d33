/* SPDX-License-Identifier: BSD-2-Clause */
#include <locale.h>
#include <stdlib.h>

#include "../support/failing.h"
#include "base/json.h"
#include "base/memory.h"

static void expect_text(const diffmm_context *context, const json_t *json, const char *want)
{
    char *text = diffmm__json_text(context, json);
    ck_assert_ptr_nonnull(text);
    ck_assert_str_eq(text, want);
    diffmm__release(context, text);
}

static const char example[] = "{\"b\":[1,-2.5,true,null],\"a\":{\"name\":\"\xc3\xa9\\n\\\"\"}}";

START_TEST(reads_and_writes)
{
    struct failing failing = {0};
    diffmm_context *context = failing_context(&failing, 1);
    json_t *json = NULL;
    expect_success(diffmm__json_parse(example, sizeof example - 1, "example", &json));
    expect_text(context, json, example);
    expect_text(NULL, json, example);
    json_decref(json);
    static const char spaced[] = " { \"x\" : [ ] ,\n\"y\" : { } }  \n";
    expect_success(diffmm__json_parse(spaced, sizeof spaced - 1, "spaced", &json));
    expect_text(context, json, "{\"x\":[],\"y\":{}}");
    json_decref(json);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(values_of_every_kind)
{
    static const char text[] =
        "[ -0, 12, -9223372036854775808, 1.5e-3, 2E+2, true, false, null,"
        " \"\\\"\\\\\\/\\b\\f\\n\\r\\t\", \"\\u0041\\u00e9\\u20AC\\ud83d\\uDE00\" ]";
    json_t *json = NULL;
    expect_success(diffmm__json_parse(text, sizeof text - 1, "text", &json));
    ck_assert_uint_eq(json_array_size(json), 10);
    ck_assert(json_integer_value(json_array_get(json, 0)) == 0);
    ck_assert(json_integer_value(json_array_get(json, 1)) == 12);
    ck_assert(json_integer_value(json_array_get(json, 2)) == INT64_MIN);
    ck_assert(json_real_value(json_array_get(json, 3)) == 0.0015);
    ck_assert(json_real_value(json_array_get(json, 4)) == 200.0);
    ck_assert(json_is_true(json_array_get(json, 5)));
    ck_assert(json_is_false(json_array_get(json, 6)));
    ck_assert(json_is_null(json_array_get(json, 7)));
    ck_assert_str_eq(json_string_value(json_array_get(json, 8)), "\"\\/\b\f\n\r\t");
    ck_assert_str_eq(json_string_value(json_array_get(json, 9)),
                     "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    json_decref(json);
}
END_TEST

/* The size counts, not a NUL: a mapped file has none. */
START_TEST(reads_no_further_than_the_size)
{
    static const char text[] = "{\"x\":12}";
    for (size_t size = 0; size < sizeof text - 1; size++) {
        char *exact = malloc(size + (size == 0));
        ck_assert_ptr_nonnull(exact);
        memcpy(exact, text, size);
        json_t *json = NULL;
        expect_failure(diffmm__json_parse(exact, size, "cut", &json), DIFFMM_ERROR_FORMAT, "cut: ");
        ck_assert_ptr_null(json);
        free(exact);
    }
}
END_TEST

START_TEST(malformed_texts)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"{\"key\":1,\"key\":2}", "byte 15: duplicate key 'key'"},
        {"{\"a\":1} x", "byte 9: more"},
        {"{\"a\":}", "byte 6: a value"},
        {"{\"a\" 1}", "byte 6: ':'"},
        {"{a:1}", "byte 2: a key"},
        {"{\"a\":1,}", "byte 8: a key"},
        {"[1,]", "byte 4: a value"},
        {"[1 2]", "byte 4: ',' or ']'"},
        {"[1}", "byte 3: ',' or ']'"},
        {"nonsense", "byte 1: neither"},
        {"17", "byte 1: neither"},
        {"", "byte 1: neither"},
        {"[1e999]", "byte 7: a number is too large"},
        {"[99999999999999999999]", "byte 22: an integer"},
        {"[01]", "byte 3: ','"},
        {"[-]", "byte 3: a number lacks"},
        {"[1.]", "byte 4: a number lacks"},
        {"[.5]", "byte 2: a value"},
        {"[1e]", "byte 4: a number lacks"},
        {"[+1]", "byte 2: a value"},
        {"[\"\xff\"]", "byte 5: a string is not UTF-8"},
        {"{\"\xff\":1}", "byte 7: a string is not UTF-8"},
        {"[\"a\nb\"]", "byte 4: a string has a control"},
        {"[\"\\u0000\"]", "byte 9: a string has an escape"},
        {"[\"\\u12g4\"]", "byte 7: a string has an escape"},
        {"[\"\\ud800\"]", "byte 9: a string has an escape"},
        {"[\"\\ud800\\u0041\"]", "byte 15: a string has an escape"},
        {"[\"\\udc00\"]", "byte 9: a string has an escape"},
        {"[\"\\x\"]", "byte 4: a string has an escape"},
        {"[\"a]", "byte 5: a string has no end"},
        {"[nan]", "byte 2: a value"},
        {"[tru]", "byte 2: a value"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *json = NULL;
        diffmm_status status =
            diffmm__json_parse(cases[i].text, strlen(cases[i].text), "model.safetensors", &json);
        expect_failure(status, DIFFMM_ERROR_FORMAT, "model.safetensors: JSON, byte ");
        expect_failure(status, DIFFMM_ERROR_FORMAT, cases[i].part);
        ck_assert_ptr_null(json);
    }
    static const char nul[] = "[1\0]";
    json_t *none = NULL;
    expect_failure(diffmm__json_parse(nul, sizeof nul - 1, "nul", &none), DIFFMM_ERROR_FORMAT,
                   "nul: JSON, byte 3: ','");
    /* Very deep nesting ends with an error, not with the stack. */
    enum { depth = 200000 };
    char *deep = malloc(depth);
    ck_assert_ptr_nonnull(deep);
    memset(deep, '[', depth);
    json_t *json = NULL;
    expect_failure(diffmm__json_parse(deep, depth, "deep", &json), DIFFMM_ERROR_FORMAT,
                   "deep: JSON, byte 202: lists are nested too deeply");
    free(deep);
}
END_TEST

START_TEST(without_memory)
{
    struct failing failing = {0};
    diffmm_context *context = failing_context(&failing, 1);
    json_t *json = NULL;
    expect_success(diffmm__json_parse(example, sizeof example - 1, "example", &json));
    failing.fail = failing.count + 1;
    ck_assert_ptr_null(diffmm__json_text(context, json));
    ck_assert_ptr_nonnull(strstr(diffmm_error_message(), "memory"));
    expect_text(context, json, example);
    json_decref(json);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(numbers_in_any_locale)
{
    /* Where none of these is installed, the C locale is tested twice. */
    static const char *const locales[] = {"C", "de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "nl_NL"};
    for (size_t i = 0; i < sizeof locales / sizeof *locales; i++) {
        setlocale(LC_ALL, locales[i]);
        static const char text[] = "[0.5,-1.25,3]";
        json_t *json = NULL;
        expect_success(diffmm__json_parse(text, sizeof text - 1, "text", &json));
        ck_assert(json_real_value(json_array_get(json, 0)) == 0.5);
        expect_text(NULL, json, "[0.5,-1.25,3]");
        json_decref(json);
    }
    setlocale(LC_ALL, "C");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        reads_and_writes, values_of_every_kind, reads_no_further_than_the_size,
        malformed_texts,  without_memory,       numbers_in_any_locale};
    return run_tests("json", tests, sizeof tests / sizeof *tests) != 0;
}

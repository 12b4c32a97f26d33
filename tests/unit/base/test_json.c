/* SPDX-License-Identifier: BSD-2-Clause */
#include <locale.h>
#include <stdlib.h>

#include "base/json_parse.h"
#include "base/json_write.h"
#include "base/memory.h"
#include "support/failing.h"

static void expect_text(const diffmm_context *context, const json_t *json, const char *want)
{
    char *text = diffmm__json_write(context, json);
    ck_assert_ptr_nonnull(text);
    ck_assert_str_eq(text, want);
    diffmm__release(context, text);
}

static struct diffmm__json parse(const char *text)
{
    struct diffmm__json json;
    expect_success(diffmm__json_parse(NULL, text, strlen(text), "text", &json));
    return json;
}

static const char example[] = "{\"b\":[1,-2.5,true,null],\"a\":{\"name\":\"\xc3\xa9\\n\\\"\"}}";

static json_t *example_tree(void)
{
    return json_pack("{s:[i,f,b,n], s:{s:s}}", "b", 1, -2.5, 1, "a", "name", "\xc3\xa9\n\"");
}

START_TEST(writes)
{
    struct failing failing = {0};
    diffmm_context *context = failing_context(&failing, 1);
    json_t *json = example_tree();
    expect_text(context, json, example);
    expect_text(NULL, json, example);
    json_decref(json);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(lists_are_walked)
{
    struct diffmm__json json = parse(example);
    const struct diffmm__json_value *b = diffmm__json_get(json.values, "b");
    const struct diffmm__json_value *a = diffmm__json_next(b);
    ck_assert(diffmm__json_is(json.values, DIFFMM__JSON_OBJECT));
    ck_assert_uint_eq(diffmm__json_count(json.values), 2);
    ck_assert_ptr_eq(diffmm__json_first(json.values), b);
    ck_assert_str_eq(b->key, "b");
    ck_assert_ptr_eq(a, diffmm__json_get(json.values, "a"));
    ck_assert_ptr_null(diffmm__json_next(a));
    ck_assert_ptr_null(diffmm__json_get(json.values, "c"));
    ck_assert_uint_eq(diffmm__json_count(b), 4);
    static const enum diffmm__json_kind kinds[] = {DIFFMM__JSON_INTEGER, DIFFMM__JSON_REAL,
                                                   DIFFMM__JSON_TRUE, DIFFMM__JSON_NULL};
    const struct diffmm__json_value *at = diffmm__json_first(b);
    for (size_t i = 0; i < 4; i++, at = diffmm__json_next(at))
        ck_assert_msg(diffmm__json_is(at, kinds[i]), "element %zu", i);
    ck_assert_ptr_null(at);
    ck_assert_str_eq(diffmm__json_string(diffmm__json_get(a, "name")), "\xc3\xa9\n\"");
    diffmm__json_end(&json);
    ck_assert_ptr_null(json.values);
    diffmm__json_end(&json);
    json = parse(" { \"x\" : [ ] ,\n\"y\" : { } }  \n");
    ck_assert_uint_eq(diffmm__json_count(diffmm__json_get(json.values, "x")), 0);
    ck_assert_ptr_null(diffmm__json_first(diffmm__json_get(json.values, "y")));
    diffmm__json_end(&json);
}
END_TEST

START_TEST(what_is_not_there_is_nothing)
{
    struct diffmm__json json = parse("[[1],\"x\"]");
    int64_t integer = 7;
    double real = 7;
    size_t size = 7;
    ck_assert(!diffmm__json_is(NULL, DIFFMM__JSON_NULL));
    ck_assert_uint_eq(diffmm__json_count(NULL), 0);
    ck_assert_ptr_null(diffmm__json_first(NULL));
    ck_assert_ptr_null(diffmm__json_next(NULL));
    ck_assert_ptr_null(diffmm__json_get(NULL, "x"));
    ck_assert_ptr_null(diffmm__json_get(json.values, "x"));
    ck_assert_ptr_null(diffmm__json_string(json.values));
    ck_assert_uint_eq(diffmm__json_count(diffmm__json_next(diffmm__json_first(json.values))), 0);
    ck_assert(!diffmm__json_integer(NULL, &integer) && !diffmm__json_real(json.values, &real) &&
              !diffmm__json_size(NULL, &size));
    ck_assert(integer == 7 && real == 7 && size == 7);
    diffmm__json_end(&json);
}
END_TEST

START_TEST(values_of_every_kind)
{
    struct diffmm__json json =
        parse("[ -0, 12, -9223372036854775808, 1.5e-3, 2E+2, true, false, null,"
              " \"\\\"\\\\\\/\\b\\f\\n\\r\\t\", \"\\u0041\\u00e9\\u20AC\\ud83d\\uDE00\" ]");
    static const int64_t integers[] = {0, 12, INT64_MIN};
    static const double reals[] = {0.0015, 200.0};
    static const enum diffmm__json_kind words[] = {DIFFMM__JSON_TRUE, DIFFMM__JSON_FALSE,
                                                   DIFFMM__JSON_NULL};
    static const char *const strings[] = {"\"\\/\b\f\n\r\t",
                                          "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"};
    const struct diffmm__json_value *at = diffmm__json_first(json.values);
    ck_assert_uint_eq(diffmm__json_count(json.values), 10);
    for (size_t i = 0; i < 10; i++, at = diffmm__json_next(at)) {
        int64_t integer;
        double real;
        if (i < 3)
            ck_assert(diffmm__json_integer(at, &integer) && integer == integers[i]);
        else if (i < 5)
            ck_assert(diffmm__json_is(at, DIFFMM__JSON_REAL) && diffmm__json_real(at, &real) &&
                      real == reals[i - 3]);
        else if (i < 8)
            ck_assert(diffmm__json_is(at, words[i - 5]));
        else
            ck_assert_str_eq(diffmm__json_string(at), strings[i - 8]);
    }
    diffmm__json_end(&json);
}
END_TEST

/* A count is written as one: no fraction, no exponent, no sign, and within 64 bits. */
START_TEST(what_counts_is_an_integer)
{
    struct diffmm__json json =
        parse("[0, -0, 9007199254740993, 9223372036854775807,"
              " -1, 1.0, 1e3, 1.5, 9223372036854775808, 18446744073709551616,"
              " true, \"1\", null, [1]]");
    static const size_t counts[] = {0, 0, 9007199254740993, INT64_MAX};
    size_t i = 0, size = 0;
    double real;
    for (const struct diffmm__json_value *at = diffmm__json_first(json.values); at;
         at = diffmm__json_next(at), i++) {
        bool is_count = diffmm__json_size(at, &size);
        ck_assert_msg(is_count == (i < 4), "element %zu", i);
        if (i < 4)
            ck_assert_uint_eq(size, counts[i]);
        if (i == 9)
            ck_assert(diffmm__json_real(at, &real) && real == 0x1p64);
    }
    ck_assert_uint_eq(i, 14);
    diffmm__json_end(&json);
}
END_TEST

/* The size ends the text, not a NUL: a mapped file has none. */
START_TEST(reads_no_further_than_the_size)
{
    static const char text[] = "{\"x\":12}";
    for (size_t size = 0; size < sizeof text - 1; size++) {
        char *exact = malloc(size + (size == 0));
        ck_assert_ptr_nonnull(exact);
        memcpy(exact, text, size);
        struct diffmm__json json = {0};
        expect_failure(diffmm__json_parse(NULL, exact, size, "cut", &json), DIFFMM_ERROR_FORMAT,
                       "cut: ");
        ck_assert_ptr_null(json.values);
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
        {"{\"a\":1,\"\\u0061\":2}", "byte 16: duplicate key 'a'"},
        {"{\"a\":{\"b\":1},\"c\":[{\"b\":1,\"b\":2}]}", "byte 29: duplicate key 'b'"},
        {"{\"\":{},\"\":{}}", "byte 10: duplicate key ''"},
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
        {"[01]", "byte 3: ','"},
        {"[-]", "byte 3: a number lacks"},
        {"[1.]", "byte 4: a number lacks"},
        {"[.5]", "byte 2: a value"},
        {"[1e]", "byte 4: a number lacks"},
        {"[+1]", "byte 2: a value"},
        {"[\"\xff\"]", "byte 5: a string is not UTF-8"},
        {"{\"\xff\":1}", "byte 5: a string is not UTF-8"},
        {"[\"a\nb\"]", "byte 4: a string has a control"},
        {"[\"\\u0000\"]", "byte 9: a string has an invalid escape"},
        {"[\"\\u12g4\"]", "byte 7: a string has an invalid escape"},
        {"[\"\\ud800\"]", "byte 9: a string has an invalid escape"},
        {"[\"\\ud800\\u0041\"]", "byte 15: a string has an invalid escape"},
        {"[\"\\udc00\"]", "byte 9: a string has an invalid escape"},
        {"[\"\\x\"]", "byte 4: a string has an invalid escape"},
        {"[\"a]", "byte 5: a string has no end"},
        {"[nan]", "byte 2: a value"},
        {"[tru]", "byte 2: a value"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct diffmm__json json = {0};
        diffmm_status status = diffmm__json_parse(NULL, cases[i].text, strlen(cases[i].text),
                                                  "model.safetensors", &json);
        expect_failure(status, DIFFMM_ERROR_FORMAT, "model.safetensors: JSON, byte ");
        expect_failure(status, DIFFMM_ERROR_FORMAT, cases[i].part);
        ck_assert_ptr_null(json.values);
    }
    static const char nul[] = "[1\0]";
    struct diffmm__json none = {0};
    expect_failure(diffmm__json_parse(NULL, nul, sizeof nul - 1, "nul", &none), DIFFMM_ERROR_FORMAT,
                   "nul: JSON, byte 3: ','");
    /* Very deep nesting is an error, and does not exhaust the stack. */
    enum { depth = 200000 };
    char *deep = malloc(depth);
    ck_assert_ptr_nonnull(deep);
    memset(deep, '[', depth);
    expect_failure(diffmm__json_parse(NULL, deep, depth, "deep", &none), DIFFMM_ERROR_FORMAT,
                   "deep: JSON, byte 202: lists are nested too deeply");
    free(deep);
}
END_TEST

/* An allocator that puts a fence behind each block, and looks whether it stands when the block goes. */
enum { fence = 16384, fence_byte = 0x5a, fence_header = 64 };

static void *fenced_allocate(size_t size, void *user_data)
{
    (void)user_data;
    char *block = malloc(fence_header + size + fence);
    if (!block)
        return NULL;
    memcpy(block, &size, sizeof size);
    memset(block + fence_header + size, fence_byte, fence);
    return block + fence_header;
}

static void fenced_release(void *pointer, void *user_data)
{
    (void)user_data;
    char *block = (char *)pointer - fence_header;
    size_t size;
    memcpy(&size, block, sizeof size);
    size_t standing = 0;
    while (standing < fence && block[fence_header + size + standing] == fence_byte)
        standing++;
    ck_assert_uint_eq(standing, fence);
    free(block);
}

/* The array of values has room for lists that no bracket closes. */
START_TEST(lists_without_an_end)
{
    diffmm_context *context;
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1,
                                                                    .allocate = fenced_allocate,
                                                                    .release = fenced_release},
                                         &context));
    for (size_t size = 1; size < 220; size++)
        for (int object = 0; object < 2; object++) {
            char text[5 * 220];
            size_t length = 0;
            for (size_t i = 0; i < size; i++)
                length += (size_t)sprintf(text + length, "%s", object ? "{\"\":" : "[");
            struct diffmm__json none = {0};
            expect_failure(diffmm__json_parse(context, text, length, "open", &none),
                           DIFFMM_ERROR_FORMAT, "open: JSON, byte ");
        }
    diffmm_context_destroy(context);
}
END_TEST

struct parsing {
    const diffmm_context *context;
    struct diffmm__json json;
};

static diffmm_status parse_example(void *argument)
{
    struct parsing *p = argument;
    diffmm_status status =
        diffmm__json_parse(p->context, example, sizeof example - 1, "example", &p->json);
    if (!status)
        diffmm__json_end(&p->json);
    return status;
}

START_TEST(without_memory)
{
    struct failing failing = {0};
    diffmm_context *context = failing_context(&failing, 1);
    json_t *json = example_tree();
    failing.fail = failing.count + 1;
    ck_assert_ptr_null(diffmm__json_write(context, json));
    ck_assert_ptr_nonnull(strstr(diffmm_error_message(), "memory"));
    failing.fail = 0;
    expect_text(context, json, example);
    json_decref(json);
    struct parsing parsing = {.context = context};
    ck_assert_uint_ge(fail_each_allocation(&failing, parse_example, &parsing), 6);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(numbers_in_any_locale)
{
    /* If none of these locales is installed, the C locale is tested twice. */
    static const char *const locales[] = {"C", "de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "nl_NL"};
    for (size_t i = 0; i < sizeof locales / sizeof *locales; i++) {
        setlocale(LC_ALL, locales[i]);
        double real = 0;
        struct diffmm__json read = parse("[0.5,-1.25,3]");
        ck_assert(diffmm__json_real(diffmm__json_first(read.values), &real) && real == 0.5);
        diffmm__json_end(&read);
        json_t *json = json_pack("[f,f,i]", 0.5, -1.25, 3);
        expect_text(NULL, json, "[0.5,-1.25,3]");
        json_decref(json);
    }
    setlocale(LC_ALL, "C");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {writes,
                                  lists_are_walked,
                                  what_is_not_there_is_nothing,
                                  values_of_every_kind,
                                  what_counts_is_an_integer,
                                  reads_no_further_than_the_size,
                                  malformed_texts,
                                  lists_without_an_end,
                                  without_memory,
                                  numbers_in_any_locale};
    return run_tests("json", tests, sizeof tests / sizeof *tests) != 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON that the programs write without jansson, against what jansson writes and reads. */
#include <check.h>
#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/json_text.h"

/* jansson's text of a float with nine digits. */
static void expect_text(float value)
{
    char text[FLOAT_TEXT];
    size_t length = float_text(value, text);
    json_t *real = json_real((double)value);
    char *expected = json_dumps(real, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
    if (strcmp(text, expected) != 0 || length != strlen(text) || strtof(text, NULL) != value)
        ck_abort_msg("%a is '%s' of %zu, not '%s'", (double)value, text, length, expected);
    free(expected);
    json_decref(real);
}

static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* About every power of ten and of two, where the number of digits changes, and drawn bits. */
START_TEST(floats)
{
    uint64_t state = 1;
    expect_text(0);
    expect_text(-0.0F);
    for (int exponent = -45; exponent <= 38; exponent++) {
        float above = (float)pow(10, exponent), below = above;
        for (int step = 0; step < 50; step++) {
            expect_text(step % 2 ? above : -above);
            expect_text(below);
            above = nextafterf(above, INFINITY);
            below = nextafterf(below, 0);
        }
    }
    for (int exponent = -149; exponent < 128; exponent++)
        expect_text(ldexpf(1, exponent));
    for (int whole = -3000; whole < 3000; whole++) {
        expect_text((float)whole);
        expect_text((float)whole / 8);
        expect_text((float)whole * 0.3F);
    }
    for (int i = 0; i < 300000; i++) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        float any = from_bits((uint32_t)(state >> 32));
        float usual = from_bits((uint32_t)(state >> 40) % 0x14000000 + 0x38000000);
        if (isfinite(any))
            expect_text(any);
        expect_text(usual);
    }
}
END_TEST

/* Texts that come back as they were. */
START_TEST(strings)
{
    static const char *const texts[] = {"",
                                        "u7",
                                        "a\"b\\c/d",
                                        "\b\f\n\r\t\x01\x1f\x7f",
                                        "Zo\xc3\xab \xe6\x98\xa0 \xf0\x9f\x8e\xac",
                                        "\\u0041",
                                        "\""};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct json_text text = {.bytes = NULL};
        json_text_add_string(&text, texts[i]);
        char *written = json_text_take(&text);
        json_t *string = json_string(texts[i]);
        char *expected = json_dumps(string, JSON_ENCODE_ANY);
        ck_assert_str_eq(written, expected);
        json_t *read = json_loads(written, JSON_DECODE_ANY, NULL);
        ck_assert_str_eq(json_string_value(read), texts[i]);
        json_decref(read);
        json_decref(string);
        free(expected);
        free(written);
    }
}
END_TEST

/* Every byte that may stand alone, and texts longer than the room there is at first. */
START_TEST(long_texts)
{
    struct json_text text = {.bytes = NULL};
    json_text_add(&text, "[");
    for (int i = 0; i < 20000; i++) {
        char one[3] = {(char)(1 + i % 127), i % 3 ? 'x' : '\0'};
        json_text_add_string(&text, one);
        json_text_add(&text, ",");
        json_text_add_size(&text, (size_t)i);
        json_text_add(&text, ",");
        json_text_add_float(&text, (float)i / 4);
        json_text_add(&text, i < 19999 ? "," : "]");
    }
    char *written = json_text_take(&text);
    ck_assert_ptr_null(text.bytes);
    json_t *read = json_loads(written, 0, NULL);
    ck_assert_uint_eq(json_array_size(read), 60000);
    for (size_t i = 0; i < 20000; i++) {
        ck_assert_int_eq(json_string_value(json_array_get(read, 3 * i))[0], (char)(1 + i % 127));
        ck_assert_int_eq(json_integer_value(json_array_get(read, 3 * i + 1)), (json_int_t)i);
        ck_assert(json_real_value(json_array_get(read, 3 * i + 2)) == (double)i / 4);
    }
    json_decref(read);
    free(written);
    char *empty = json_text_take(&text);
    ck_assert_str_eq(empty, "");
    free(empty);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json_text");
    TCase *tests = tcase_create("json_text");
    tcase_add_test(tests, floats);
    tcase_add_test(tests, strings);
    tcase_add_test(tests, long_texts);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

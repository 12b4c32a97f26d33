/* SPDX-License-Identifier: BSD-2-Clause */
#include <locale.h>
#include <math.h>
#include <stdio.h>

#include <diffmm/options.h>

#include "options/options.h"
#include "support/failing.h"
#include "support/own_options.h"

static void expect_refused(const char *name, const char *value, const char *part)
{
    expect_failure(diffmm_options_set(options, name, value), DIFFMM_ERROR_INVALID_ARGUMENT, part);
}

START_TEST(every_setting_has_its_default_and_a_description)
{
    begin();
    ck_assert_uint_gt(diffmm_option_count(), 30);
    for (size_t i = 0; i < diffmm_option_count(); i++) {
        diffmm_option_info info = {.struct_size = sizeof info};
        expect_success(diffmm_option_describe(i, &info));
        ck_assert_uint_eq(info.struct_size, sizeof info);
        ck_assert_uint_gt(strlen(info.help), 10);
        ck_assert_int_eq(info.help[strlen(info.help) - 1], '.');
        ck_assert((info.type == DIFFMM_OPTION_CHOICE) == (info.choices != NULL));
        if (strchr(info.name, '*'))
            continue;
        ck_assert_str_eq(get(info.name), info.default_value);
        if (info.symbol)
            ck_assert_str_eq(get(info.symbol), info.default_value);
        /* The table is in canonical form: setting the default's text changes nothing. */
        expect_success(diffmm_options_set(options, info.name, info.default_value));
        ck_assert_str_eq(get(info.name), info.default_value);
    }
    end();
}
END_TEST

START_TEST(ends_of_ranges_are_allowed_and_beyond_is_not)
{
    begin();
    for (size_t i = 0; i < diffmm_option_count(); i++) {
        diffmm_option_info info = {.struct_size = sizeof info};
        expect_success(diffmm_option_describe(i, &info));
        if (info.type == DIFFMM_OPTION_REAL) {
            expect_success(diffmm_options_set_real(options, info.name, info.minimum));
            expect_success(diffmm_options_set_real(options, info.name, info.maximum));
            double kept = 0;
            expect_success(diffmm_options_get_real(options, info.name, &kept));
            ck_assert(kept == info.maximum);
            double below = nextafter(info.minimum, -1), above = nextafter(info.maximum, INFINITY);
            expect_failure(diffmm_options_set_real(options, info.name, below),
                           DIFFMM_ERROR_INVALID_ARGUMENT, info.name);
            expect_failure(diffmm_options_set_real(options, info.name, above),
                           DIFFMM_ERROR_INVALID_ARGUMENT, "not within");
            expect_success(diffmm_options_get_real(options, info.name, &kept));
            ck_assert(kept == info.maximum);
        } else if (info.type == DIFFMM_OPTION_INTEGER || info.type == DIFFMM_OPTION_LIST) {
            expect_success(diffmm_options_set_integer(options, info.name, (int64_t)info.minimum));
            expect_failure(
                diffmm_options_set_integer(options, info.name, (int64_t)info.minimum - 1),
                DIFFMM_ERROR_INVALID_ARGUMENT, info.name);
            if (info.maximum >= 0x1p63)
                continue;
            expect_success(diffmm_options_set_integer(options, info.name, (int64_t)info.maximum));
            expect_failure(
                diffmm_options_set_integer(options, info.name, (int64_t)info.maximum + 1),
                DIFFMM_ERROR_INVALID_ARGUMENT, "not within");
        }
    }
    end();
}
END_TEST

START_TEST(values_have_one_canonical_form)
{
    static const struct {
        const char *name, *given, *kept;
    } cases[] = {
        {"beta_fixed", "no", "false"},
        {"norm", "on", "true"},
        {"norm", "1", "true"},
        {"ris_lambda", "1e-2", "0.01"},
        {"ris_lambda", "+0.50", "0.5"},
        {"ris_lambda", ".25", "0.25"},
        {"ris_lambda", "1e6", "1000000"},
        {"ris_lambda", "1.5E-7", "1.5e-7"},
        {"ris_lambda", "-0", "0"},
        {"ris_lambda", "0.1234567890123456", "0.1234567890123456"},
        {"epochs", "007", "7"},
        {"epochs", "+3", "3"},
        {"batch", "auto", "0"},
        {"hidden_sizes", "200, 600", "200,600"},
        {"cutoffs", " 10 ,20,50 ", "10,20,50"},
        {"seed", "9223372036854775807", "9223372036854775807"},
        {"tau", "0.2", "0.2"},
    };
    begin();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_success(diffmm_options_set(options, cases[i].name, cases[i].given));
        ck_assert_str_eq(get(cases[i].name), cases[i].kept);
    }
    ck_assert_str_eq(get("temperature"), "0.2");
    end();
}
END_TEST

START_TEST(text_must_be_a_value_as_a_whole)
{
    static const char *const reals[] = {"",    "0.5x", " 0.5", "0.5 ", "0,5", "nan",   "inf",
                                        "0x1", "1e",   "--1",  "1..2", "e5",  "1e999", "-inf"};
    static const char *const integers[] = {"", "1.0", "1e3", "5 ", "five", "-", "0x10"};
    begin();
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++)
        expect_refused("ris_lambda", reals[i], "'ris_lambda'");
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        expect_refused("epochs", integers[i], "'epochs'");
    expect_refused("epochs", "99999999999999999999", "not within 1 to 1000000");
    expect_refused("seed", "9223372036854775808", "not within 0 to 9223372036854775807");
    expect_refused("norm", "maybe", "true or false");
    expect_refused("norm", "2", "true or false");
    expect_refused("projection", "leak", "leaky|linear");
    expect_refused("projection", "", "leaky|linear");
    expect_refused("projection", "leaky|linear", "leaky|linear");
    expect_refused("cutoffs", "", "'cutoffs'");
    expect_refused("cutoffs", "5,", "'cutoffs'");
    expect_refused("cutoffs", "5,,6", "'cutoffs'");
    expect_refused("cutoffs", "5;6", "'cutoffs'");
    expect_refused("cutoffs", "0", "not within");
    expect_refused("cutoffs", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", "at most 16");
    expect_success(
        diffmm_options_set(options, "cutoffs", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16"));
    ck_assert_str_eq(get("ris_lambda"), "0.5");
    ck_assert_str_eq(get("epochs"), "50");
    end();
}
END_TEST

START_TEST(messages_name_setting_value_and_range)
{
    begin();
    expect_failure(diffmm_options_set_real(options, "ris_lambda", -0.25),
                   DIFFMM_ERROR_INVALID_ARGUMENT,
                   "setting 'ris_lambda' is -0.25, not within 0 to 1000000");
    expect_failure(diffmm_options_set_real(options, "ris_lambda", NAN),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "takes a finite number, not 'nan'");
    expect_failure(diffmm_options_set_real(options, "ris_lambda", -INFINITY),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "not '-inf'");
    expect_failure(diffmm_options_set_real(options, "epochs", 1.5), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "takes an integer, not '1.5'");
    expect_failure(diffmm_options_set_integer(options, "projection", 1),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "takes one of leaky|linear");
    end();
}
END_TEST

START_TEST(an_unknown_name_suggests_the_closest)
{
    begin();
    expect_refused("ris_lamda", "1",
                   "no setting is called 'ris_lamda'; did you mean 'ris_lambda'?");
    expect_refused("Tau", "1", "did you mean 'tau'?");
    expect_refused("contrastive.ancor", "main", "did you mean 'contrastive.anchor'?");
    expect_refused("modality.image.projektion", "leaky", "modality.*.projection");
    expect_refused("modality.image", "leaky", "'modality.image'");
    expect_refused("modality..projection", "leaky", "'modality..projection'");
    expect_refused("modality.a b.projection", "leaky", "'modality.a b.projection'");
    expect_refused("modality.*.projection", "leaky", "name of a modality");
    expect_refused("", "1", "no setting is called ''");
    expect_refused("something altogether different", "1", "no setting");
    ck_assert_ptr_null(strstr(diffmm_error_message(), "did you mean"));
    char name[600];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    expect_refused(name, "1", "no setting");
    memcpy(name, "modality.", 9);
    memcpy(name + 9 + 64, ".projection", 12);
    expect_refused(name, "leaky", "no setting"); /* 64 letters are one too many */
    memcpy(name + 9 + 63, ".projection", 12);
    expect_success(diffmm_options_set(options, name, "linear"));
    end();
}
END_TEST

START_TEST(a_modality_follows_the_general_setting_until_it_has_its_own)
{
    begin();
    ck_assert_str_eq(get("modality.image.projection"), "leaky");
    expect_success(diffmm_options_set(options, "projection", "linear"));
    ck_assert_str_eq(get("modality.image.projection"), "linear");
    ck_assert_str_eq(get("modality.*.projection"), "linear");
    expect_success(diffmm_options_set(options, "modality.image.projection", "leaky"));
    ck_assert_str_eq(get("modality.image.projection"), "leaky");
    ck_assert_str_eq(get("modality.text.projection"), "linear");
    expect_success(diffmm_options_set(options, "modality.image.projection", "linear"));
    expect_success(diffmm_options_set(options, "projection", "leaky"));
    ck_assert_str_eq(get("modality.image.projection"), "linear");
    expect_refused("modality.image.projection", "cubic", "modality.image.projection");
    end();
}
END_TEST

START_TEST(readers_keep_to_their_types)
{
    int64_t whole = -7;
    double real = -7;
    begin();
    expect_success(diffmm_options_get_integer(options, "epochs", &whole));
    ck_assert_int_eq(whole, 50);
    expect_success(diffmm_options_get_integer(options, "beta_fixed", &whole));
    ck_assert_int_eq(whole, 1);
    expect_success(diffmm_options_get_real(options, "epochs", &real));
    ck_assert(real == 50);
    expect_success(diffmm_options_get_real(options, "reg", &real));
    ck_assert(real == 1e-5);
    whole = -7;
    real = -7;
    expect_failure(diffmm_options_get_integer(options, "reg", &whole),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "'reg'");
    expect_failure(diffmm_options_get_integer(options, "cutoffs", &whole),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "'cutoffs'");
    expect_failure(diffmm_options_get_real(options, "projection", &real),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "'projection'");
    expect_failure(diffmm_options_get_real(options, "beta_fixed", &real),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "'beta_fixed'");
    ck_assert(whole == -7 && real == -7);
    end();
}
END_TEST

START_TEST(numbers_keep_their_bits_in_every_locale)
{
    static const char *const locales[] = {"C", "de_DE.UTF-8", "fr_FR.UTF-8", "ar_EG.UTF-8"};
    static const double values[] = {0.1, 1.0 / 3, 1e-300, 123456.789, 1e6, 5e-324, 0.3 - 0.1};
    begin();
    for (size_t l = 0; l < sizeof locales / sizeof *locales; l++) {
        if (!setlocale(LC_ALL, locales[l]))
            continue; /* not installed here */
        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
            double back = 0;
            expect_success(diffmm_options_set_real(options, "e_loss", values[i]));
            ck_assert_ptr_null(strchr(get("e_loss"), ','));
            expect_success(diffmm_options_get_real(options, "e_loss", &back));
            ck_assert_msg(back == values[i], "%s: %s", locales[l], get("e_loss"));
        }
    }
    setlocale(LC_ALL, "C");
    end();
}
END_TEST

START_TEST(a_copy_stands_alone)
{
    diffmm_options *copy, *defaults;
    const char *value;
    begin();
    expect_success(diffmm_options_set(options, "epochs", "3"));
    expect_success(diffmm_options_set(options, "modality.text.projection", "linear"));
    expect_success(diffmm_options_copy(options, &copy));
    expect_success(diffmm__options_copy(context, NULL, &defaults));
    expect_success(diffmm_options_set(options, "epochs", "4"));
    expect_success(diffmm_options_get(copy, "epochs", &value));
    ck_assert_str_eq(value, "3");
    expect_success(diffmm_options_get(copy, "modality.text.projection", &value));
    ck_assert_str_eq(value, "linear");
    expect_success(diffmm_options_get(defaults, "epochs", &value));
    ck_assert_str_eq(value, "50");
    end();
    /* The copy outlives the caller's reference to the context. */
    expect_success(diffmm_options_set(copy, "epochs", "5"));
    diffmm_options_destroy(copy);
    diffmm_options_destroy(defaults);
}
END_TEST

START_TEST(null_arguments_are_named)
{
    const char *text = "kept";
    int64_t whole;
    double real;
    begin();
    const diffmm_status bad = DIFFMM_ERROR_INVALID_ARGUMENT;
    expect_failure(diffmm_options_create(NULL, &options), bad, "context");
    expect_failure(diffmm_options_create(context, NULL), bad, "out");
    expect_failure(diffmm_options_copy(NULL, &options), bad, "options");
    expect_failure(diffmm_options_copy(options, NULL), bad, "out");
    expect_failure(diffmm_options_set(NULL, "epochs", "1"), bad, "options");
    expect_failure(diffmm_options_set(options, NULL, "1"), bad, "name");
    expect_failure(diffmm_options_set(options, "epochs", NULL), bad, "value");
    expect_failure(diffmm_options_set_integer(NULL, "epochs", 1), bad, "options");
    expect_failure(diffmm_options_set_integer(options, NULL, 1), bad, "name");
    expect_failure(diffmm_options_set_real(NULL, "reg", 1), bad, "options");
    expect_failure(diffmm_options_set_real(options, NULL, 1), bad, "name");
    expect_failure(diffmm_options_get(NULL, "epochs", &text), bad, "options");
    expect_failure(diffmm_options_get(options, NULL, &text), bad, "name");
    expect_failure(diffmm_options_get(options, "epochs", NULL), bad, "value");
    expect_failure(diffmm_options_get(options, "epoch", &text), bad, "'epochs'");
    expect_failure(diffmm_options_get_integer(options, "epoch", &whole), bad, "'epochs'");
    expect_failure(diffmm_options_get_integer(NULL, "epochs", &whole), bad, "options");
    expect_failure(diffmm_options_get_integer(options, "epochs", NULL), bad, "value");
    expect_failure(diffmm_options_get_real(options, "regg", &real), bad, "'reg'");
    expect_failure(diffmm_options_get_real(NULL, "reg", &real), bad, "options");
    expect_failure(diffmm_options_get_real(options, "reg", NULL), bad, "value");
    expect_failure(diffmm_option_describe(0, NULL), bad, "info");
    diffmm_option_info info = {.struct_size = sizeof info};
    expect_failure(diffmm_option_describe(diffmm_option_count(), &info), bad, "index");
    ck_assert_str_eq(text, "kept");
    diffmm_options_destroy(NULL);
    end();
}
END_TEST

static diffmm_status use_options(void *argument)
{
    diffmm_options *mine = NULL, *copy = NULL;
    diffmm_status status = diffmm_options_create(argument, &mine);
    if (!status)
        status = diffmm_options_set(mine, "modality.text.projection", "linear");
    if (!status)
        status = diffmm_options_set_integer(mine, "epochs", 3);
    if (!status) {
        status = diffmm_options_preset(mine, "sports");
        /* A preset that failed has changed nothing. */
        int64_t epochs = 0;
        expect_success(diffmm_options_get_integer(mine, "epochs", &epochs));
        ck_assert_int_eq(epochs, status ? 3 : 50);
    }
    if (!status)
        status = diffmm__options_copy(argument, mine, &copy);
    diffmm_options_destroy(mine);
    diffmm_options_destroy(copy);
    return status;
}

START_TEST(any_allocation_may_fail)
{
    struct failing failing = {0};
    diffmm_context *own = failing_context(&failing, 1);
    ck_assert_uint_gt(fail_each_allocation(&failing, use_options, own), 40);
    diffmm_context_destroy(own);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {every_setting_has_its_default_and_a_description,
                                  ends_of_ranges_are_allowed_and_beyond_is_not,
                                  values_have_one_canonical_form,
                                  text_must_be_a_value_as_a_whole,
                                  messages_name_setting_value_and_range,
                                  an_unknown_name_suggests_the_closest,
                                  a_modality_follows_the_general_setting_until_it_has_its_own,
                                  readers_keep_to_their_types,
                                  numbers_keep_their_bits_in_every_locale,
                                  a_copy_stands_alone,
                                  null_arguments_are_named,
                                  any_allocation_may_fail};
    return run_tests("options", tests, sizeof tests / sizeof *tests) != 0;
}

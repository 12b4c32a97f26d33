/* SPDX-License-Identifier: BSD-2-Clause */
/* Which settings may change between a training's interruption and its resumption. */
#include "options/resumable.h"
#include "support/settings.h"

static void expect(const char *const *begun_list, const char *const *now_list, const char *part)
{
    diffmm_context *context;
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    diffmm_options *begun = settings(context, begun_list), *now = settings(context, now_list);
    diffmm_status status = diffmm__options_check_resumable(begun, now);
    if (part)
        expect_failure(status, DIFFMM_ERROR_INVALID_ARGUMENT, part);
    else
        expect_success(status);
    diffmm_options_destroy(begun);
    diffmm_options_destroy(now);
    diffmm_context_destroy(context);
}

START_TEST(how_long_may_change)
{
    expect((const char *const[]){NULL}, (const char *const[]){NULL}, NULL);
    expect((const char *const[]){"epochs", "3", NULL},
           (const char *const[]){"patience", "0", "memory_limit", "5", NULL}, NULL);
}
END_TEST

START_TEST(what_is_served_may_change)
{
    expect((const char *const[]){NULL}, (const char *const[]){"seen", "train", NULL}, NULL);
    expect((const char *const[]){"measure", "off", NULL},
           (const char *const[]){"measure", "full", "measure.users", "7", NULL}, NULL);
    expect((const char *const[]){"seen", "train", NULL}, (const char *const[]){NULL}, NULL);
    expect(
        (const char *const[]){NULL}, (const char *const[]){"reg", "0.5", NULL},
        "only epochs, patience, memory_limit, seen, measure, measure.users and peers.* may change");
    expect((const char *const[]){NULL},
           (const char *const[]){"modality.m.standardize", "true", NULL}, "modality.m.standardize");
    expect((const char *const[]){"modality.m.enabled", "false", NULL}, (const char *const[]){NULL},
           "modality.m.enabled");
    expect((const char *const[]){"modality.m.normalize", "false", NULL},
           (const char *const[]){NULL}, NULL);
}
END_TEST

/* No other setting of the table may change. */
START_TEST(all_else_is_held)
{
    size_t held = 0;
    for (size_t i = 0; i < diffmm_option_count(); i++) {
        diffmm_option_info info = {.struct_size = sizeof info};
        expect_success(diffmm_option_describe(i, &info));
        if (strchr(info.name, '*') || strcmp(info.name, "epochs") == 0 ||
            strcmp(info.name, "patience") == 0 || strcmp(info.name, "memory_limit") == 0 ||
            strcmp(info.name, "seen") == 0 || strncmp(info.name, "measure", 7) == 0 ||
            strncmp(info.name, "peers.", 6) == 0)
            continue;
        const char *other = info.type == DIFFMM_OPTION_FLAG
                                ? (strcmp(info.default_value, "true") == 0 ? "false" : "true")
                            : info.type == DIFFMM_OPTION_CHOICE ? strchr(info.choices, '|') + 1
                            : strcmp(info.default_value, "1") == 0 && info.maximum > 1 ? "3"
                                                                                       : "1";
        if (info.type == DIFFMM_OPTION_REAL)
            other = "0.75";
        expect((const char *const[]){NULL}, (const char *const[]){info.name, other, NULL},
               info.name);
        held++;
    }
    ck_assert_uint_eq(held, diffmm_option_count() - 12); /* four are of modalities */
}
END_TEST

START_TEST(modalities)
{
    const char *const general[] = {"projection", "linear", NULL};
    const char *const said[] = {"projection", "linear", "modality.a.projection", "linear", NULL};
    const char *const own[] = {"projection", "linear", "modality.a.projection", "leaky", NULL};
    expect(general, said, NULL);
    expect(said, general, NULL);
    expect(general, own, "modality.a.projection linear and cannot go on with leaky");
    expect(own, general, "modality.a.projection leaky and cannot go on with linear");
    expect(own, own, NULL);
}
END_TEST

/* The same value in another form is the same value. */
START_TEST(forms)
{
    expect((const char *const[]){"reg", "1e-5", "norm", "no", NULL},
           (const char *const[]){"reg", "0.00001", "norm", "false", NULL}, NULL);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {how_long_may_change, what_is_served_may_change, all_else_is_held,
                                  modalities, forms};
    return run_tests("options/resumable", tests, sizeof tests / sizeof *tests) != 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* version.h, status.h, context.h, options.h */
#include <string.h>

#include "table.h"

static diffmm_status version(const union value *v)
{
    (void)v;
    return answered(diffmm_version() == DIFFMM_VERSION);
}

static diffmm_status build_info(const union value *v)
{
    (void)v;
    return answered(strstr(diffmm_build_info(), "libdiffmm") != NULL);
}

static diffmm_status error_message(const union value *v)
{
    (void)v;
    return answered(diffmm_error_message() != NULL);
}

static diffmm_status status_name(const union value *v)
{
    return answered(strcmp(diffmm_status_name((diffmm_status)v[0].i), "unknown status") != 0);
}

static diffmm_status context_create(const union value *v)
{
    return diffmm_context_create(v[0].in, v[1].p);
}

static diffmm_status context_destroy(const union value *v)
{
    diffmm_context_destroy(v[0].p);
    return DIFFMM_OK;
}

static diffmm_status context_threads(const union value *v)
{
    return answered(diffmm_context_threads(v[0].in) == (v[0].in ? 2 : 1));
}

static diffmm_status options_create(const union value *v)
{
    return diffmm_options_create(v[0].p, v[1].p);
}

static diffmm_status options_copy(const union value *v)
{
    return diffmm_options_copy(v[0].in, v[1].p);
}

static diffmm_status options_destroy(const union value *v)
{
    diffmm_options_destroy(v[0].p);
    return DIFFMM_OK;
}

static diffmm_status options_preset(const union value *v)
{
    return diffmm_options_preset(v[0].p, v[1].in);
}

static diffmm_status options_set(const union value *v)
{
    return diffmm_options_set(v[0].p, v[1].in, v[2].in);
}

static diffmm_status options_set_integer(const union value *v)
{
    return diffmm_options_set_integer(v[0].p, v[1].in, v[2].i);
}

static diffmm_status options_set_real(const union value *v)
{
    return diffmm_options_set_real(v[0].p, v[1].in, v[2].r);
}

static diffmm_status options_get(const union value *v)
{
    return diffmm_options_get(v[0].p, v[1].in, v[2].p);
}

static diffmm_status options_get_integer(const union value *v)
{
    return diffmm_options_get_integer(v[0].p, v[1].in, v[2].p);
}

static diffmm_status options_get_real(const union value *v)
{
    return diffmm_options_get_real(v[0].p, v[1].in, v[2].p);
}

static diffmm_status option_count(const union value *v)
{
    (void)v;
    return answered(diffmm_option_count() > 0);
}

static diffmm_status option_describe(const union value *v)
{
    return diffmm_option_describe(v[0].n, v[1].p);
}

static void *half_an_allocator(size_t size, void *user_data)
{
    (void)size;
    (void)user_data;
    return NULL;
}

static size_t no_threads(void *user_data)
{
    (void)user_data;
    return 0;
}

static void no_pool(size_t count, diffmm_task task, void *argument, void *user_data)
{
    (void)count;
    (void)task;
    (void)argument;
    (void)user_data;
}

static const diffmm_context_settings good = {.threads = 2}, many = {.threads = 1025},
                                     huge = {.threads = (size_t)-1},
                                     half = {.allocate = half_an_allocator},
                                     reserved = {.reserved = 1},
                                     pool = {.pool_size = no_threads, .pool_run = no_pool};

static const struct entry entries[] = {
    {"diffmm_version", version, .silent = true},
    {"diffmm_build_info", build_info, .silent = true},
    {"diffmm_error_message", error_message, .silent = true},
    {"diffmm_status_name", status_name, .silent = true,
     .arguments = {{"status", NUMBER, .good.i = 3,
                    .others = {{{.i = -1}, INVALID}, {{.i = 99}, INVALID}, {{.i = 0}, OK, ""}}}}},
    {"diffmm_context_create", context_create,
     .arguments = {{"settings", SETTINGS, true, .good.in = &good, .bytes = sizeof good,
                    .others = {{{.in = &many}, INVALID, "1025 threads"},
                               {{.in = &huge}, INVALID, "threads"},
                               {{.in = &half}, INVALID, "release"},
                               {{.in = &reserved}, INVALID, "reserved is 1"},
                               {{.in = &pool}, INVALID, "0 threads"}}},
                   {"out", MADE, .made = CONTEXT}}},
    {"diffmm_context_destroy", context_destroy, true,
     .arguments = {{"context", CONTEXT, true, .ends = true}}},
    {"diffmm_context_threads", context_threads, true, .arguments = {{"context", CONTEXT, true}}},
    {"diffmm_options_create", options_create,
     .arguments = {{"context", CONTEXT}, {"out", MADE, .made = OPTIONS}}},
    {"diffmm_options_copy", options_copy,
     .arguments = {{"options", OPTIONS}, {"out", MADE, .made = OPTIONS}}},
    {"diffmm_options_destroy", options_destroy, true,
     .arguments = {{"options", OPTIONS, true, .ends = true}}},
    {"diffmm_options_preset", options_preset,
     .arguments = {{"options", OPTIONS},
                   {"preset", TEXT, .good.in = "baby",
                    .others = {{{.in = ""}, INVALID}, {{.in = "Baby"}, INVALID, "Baby"}}}}},
    {"diffmm_options_set", options_set,
     .arguments = {{"options", OPTIONS},
                   {"name", TEXT, .good.in = "epochs",
                    .others = {{{.in = ""}, INVALID, "''"},
                               {{.in = "epoch"}, INVALID, "epoch"},
                               {{.in = "modality..projection"}, INVALID, "modality"},
                               {{.in = "\xff\xfe"}, INVALID, "setting"}}},
                   {"value", TEXT, .good.in = "4",
                    .others = {{{.in = ""}, INVALID, "epochs"},
                               {{.in = "-1"}, INVALID, "epochs"},
                               {{.in = "0"}, INVALID, "epochs"},
                               {{.in = "1e300"}, INVALID, "epochs"},
                               {{.in = "four"}, INVALID, "epochs"},
                               {{.in = "99999999999999999999"}, INVALID, "epochs"}}}}},
    {"diffmm_options_set_integer", options_set_integer,
     .arguments = {{"options", OPTIONS},
                   {"name", TEXT, .good.in = "epochs",
                    .others = {{{.in = ""}, INVALID, "''"},
                               {{.in = "projection"}, INVALID, "projection"}}},
                   {"value", NUMBER, .good.i = 4,
                    .others = {{{.i = 0}, INVALID, "epochs"},
                               {{.i = -1}, INVALID, "epochs"},
                               {{.i = INT64_MAX}, INVALID, "epochs"},
                               {{.i = INT64_MIN}, INVALID, "epochs"}}}}},
    {"diffmm_options_set_real", options_set_real,
     .arguments = {{"options", OPTIONS},
                   {"name", TEXT, .good.in = "reg", .others = {{{.in = "regg"}, INVALID, "regg"}}},
                   {"value", REAL, .good.r = 0.5,
                    .others = {{{.r = -1.0}, INVALID, "reg"},
                               {{.r = 1e300}, INVALID, "reg"},
                               {{.r = (double)NAN}, INVALID, "reg"},
                               {{.r = (double)INFINITY}, INVALID, "reg"},
                               {{.r = 0.0}, OK, ""}}}}},
    {"diffmm_options_get", options_get,
     .arguments = {{"options", OPTIONS},
                   {"name", TEXT, .good.in = "epochs", .others = {{{.in = "no"}, INVALID, "no"}}},
                   {"value", OUT, .bytes = sizeof(char *)}}},
    {"diffmm_options_get_integer", options_get_integer,
     .arguments = {{"options", OPTIONS},
                   {"name", TEXT, .good.in = "epochs",
                    .others = {{{.in = "no"}, INVALID, "no"}, {{.in = "reg"}, INVALID, "reg"}}},
                   {"value", OUT, .bytes = sizeof(int64_t)}}},
    {"diffmm_options_get_real", options_get_real,
     .arguments = {{"options", OPTIONS},
                   {"name", TEXT, .good.in = "reg",
                    .others = {{{.in = "no"}, INVALID, "no"},
                               {{.in = "projection"}, INVALID, "projection"}}},
                   {"value", OUT, .bytes = sizeof(double)}}},
    {"diffmm_option_count", option_count, .silent = true},
    {"diffmm_option_describe", option_describe,
     .arguments = {{"index", SIZE, .good.n = 0,
                    .others = {{{.n = 1000}, INVALID, "1000"},
                               {{.n = (size_t)-1}, INVALID, "settings"}}},
                   {"info", FILLED, .bytes = sizeof(diffmm_option_info)}}},
};

struct table table_base(void)
{
    return (struct table){entries, sizeof entries / sizeof *entries};
}

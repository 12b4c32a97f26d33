/* SPDX-License-Identifier: BSD-2-Clause */
#include "settings.h"

#include <stdio.h>
#include <string.h>

void bench_settings_take(int *argc, char **argv, struct bench_settings *out)
{
    int kept = 1;
    *out = (struct bench_settings){.preset = NULL};
    for (int a = 1; a < *argc; a++) {
        bool preset = strcmp(argv[a], "--preset") == 0, set = strcmp(argv[a], "--set") == 0;
        if (!preset && !set) {
            argv[kept++] = argv[a];
            continue;
        }
        const char *value = a + 1 < *argc ? argv[++a] : NULL;
        if (!value || (set && !strchr(value, '=')))
            bench_fail(set ? "--set takes NAME=VALUE" : "--preset takes a name");
        if (preset)
            out->preset = value;
        else if (out->count < bench_most_settings)
            out->set[out->count++] = value;
        else
            bench_fail("--set may stand %d times", bench_most_settings);
    }
    *argc = kept;
}

void bench_settings_apply(const struct bench_settings *settings, const char *preset,
                          diffmm_options *options)
{
    bench_check(diffmm_options_preset(options, settings->preset ? settings->preset : preset));
    for (size_t i = 0; i < settings->count; i++) {
        char name[128];
        const char *equals = strchr(settings->set[i], '=');
        snprintf(name, sizeof name, "%.*s", (int)(equals - settings->set[i]), settings->set[i]);
        bench_check(diffmm_options_set(options, name, equals + 1));
    }
}

void bench_settings_describe(const struct bench_settings *settings, const char *preset)
{
    printf("preset %s", settings->preset ? settings->preset : preset);
    for (size_t i = 0; i < settings->count; i++)
        printf(", %s", settings->set[i]);
    printf("\n");
}

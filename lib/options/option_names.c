/* SPDX-License-Identifier: BSD-2-Clause */
#include "options/option_names.h"

#include <string.h>

#include "base/status.h"
#include "base/text.h"
#include "options/option_table.h"

enum { max_known = 128 };

static const char prefix[] = "modality.", pattern[] = "modality.*.";

static diffmm_status unknown(const char *name)
{
    const char *known[max_known];
    size_t count = 0;
    for (size_t i = 0; i < diffmm_option_count(); i++) {
        const diffmm_option_info *info = diffmm__option_at(i);
        known[count++] = info->name;
        if (info->symbol)
            known[count++] = info->symbol;
    }
    const char *closest = diffmm__text_closest(name, count, known);
    if (closest)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "no setting is called '%s'; did you mean '%s'?", name, closest);
    return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "no setting is called '%s'", name);
}

/* The name of a modality has 1 to 63 letters, digits, '_' and '-'. "*" stands for any modality. */
static bool is_modality(const char *name, size_t length)
{
    if (length == 1 && *name == '*')
        return true;
    return length > 0 && length < DIFFMM__MODALITY_NAME &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") >=
               length;
}

static diffmm_status find_of_modality(const char *name, struct diffmm__option_key *out)
{
    const char *modality = name + strlen(prefix), *setting = strchr(modality, '.');
    if (!setting || !is_modality(modality, (size_t)(setting - modality)))
        return unknown(name);
    setting++;
    for (size_t i = 0; i < diffmm_option_count(); i++) {
        const char *known = diffmm__option_at(i)->name;
        if (strncmp(known, pattern, strlen(pattern)) != 0 ||
            strcmp(known + strlen(pattern), setting) != 0)
            continue;
        *out = (struct diffmm__option_key){.index = i, .per_modality = true};
        memcpy(out->modality, modality, (size_t)(setting - 1 - modality));
        return DIFFMM_OK;
    }
    return unknown(name);
}

diffmm_status diffmm__option_find(const char *name, struct diffmm__option_key *out)
{
    if (strncmp(name, prefix, strlen(prefix)) == 0)
        return find_of_modality(name, out);
    for (size_t i = 0; i < diffmm_option_count(); i++) {
        const diffmm_option_info *info = diffmm__option_at(i);
        if (strcmp(name, info->name) == 0 || (info->symbol && strcmp(name, info->symbol) == 0)) {
            *out = (struct diffmm__option_key){.index = i};
            return DIFFMM_OK;
        }
    }
    return unknown(name);
}

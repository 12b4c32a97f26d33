/* SPDX-License-Identifier: BSD-2-Clause */
/* From a name as written to a setting. */
#include <string.h>

#include "base/status.h"
#include "options/store.h"

enum { max_length = 96, max_known = 128 };

static const char prefix[] = "modality.", pattern[] = "modality.*.";

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein distance: row i of the table holds the edits from the first i letters of a. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t rows = strlen(a), columns = strlen(b), row[max_length + 1];
    for (size_t j = 0; j <= columns; j++)
        row[j] = j;
    for (size_t i = 1; i <= rows; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            size_t changed = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = smallest(row[j] + 1, row[j - 1] + 1, changed);
        }
    }
    return row[columns];
}

const char *diffmm__closest(const char *text, size_t count, const char *const *texts)
{
    size_t length = strlen(text), best = length / 2 + 1; /* more edits than that is another word */
    const char *closest = NULL;
    if (length > max_length)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (strlen(texts[i]) > max_length)
            continue;
        size_t distance = edit_distance(text, texts[i]);
        if (distance < best) {
            best = distance;
            closest = texts[i];
        }
    }
    return closest;
}

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
    const char *closest = diffmm__closest(name, count, known);
    if (closest)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "no setting is called '%s'; did you mean '%s'?", name, closest);
    return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "no setting is called '%s'", name);
}

/* Modalities are called by 1 to 63 letters, digits, '_' and '-'. "*" stands for any. */
static bool is_modality(const char *name, size_t length)
{
    if (length == 1 && *name == '*')
        return true;
    return length > 0 && length < DIFFMM__MODALITY_NAME &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") >=
               length;
}

static diffmm_status find_of_modality(const char *name, struct diffmm__key *out)
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
        *out = (struct diffmm__key){.index = i, .per_modality = true};
        memcpy(out->modality, modality, (size_t)(setting - 1 - modality));
        return DIFFMM_OK;
    }
    return unknown(name);
}

diffmm_status diffmm__option_find(const char *name, struct diffmm__key *out)
{
    if (strncmp(name, prefix, strlen(prefix)) == 0)
        return find_of_modality(name, out);
    for (size_t i = 0; i < diffmm_option_count(); i++) {
        const diffmm_option_info *info = diffmm__option_at(i);
        if (strcmp(name, info->name) == 0 || (info->symbol && strcmp(name, info->symbol) == 0)) {
            *out = (struct diffmm__key){.index = i};
            return DIFFMM_OK;
        }
    }
    return unknown(name);
}

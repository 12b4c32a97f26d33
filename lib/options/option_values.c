/* SPDX-License-Identifier: BSD-2-Clause */
#include "options/option_values.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/numbers.h"
#include "base/status.h"
#include "options/option_table.h"

enum { max_element = 40 };

static diffmm_status out_of_range(const diffmm_option_info *info, const char *name,
                                  const char *text)
{
    char low[DIFFMM__REAL_TEXT], high[DIFFMM__REAL_TEXT];
    diffmm__real_text(info->minimum, low);
    diffmm__real_text(info->maximum, high);
    /* The largest seed is not a double. */
    if (info->type == DIFFMM_OPTION_INTEGER && info->maximum >= 0x1p63)
        snprintf(high, sizeof high, "%lld", (long long)INT64_MAX);
    return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "setting '%s' is %s, not within %s to %s",
                        name, text, low, high);
}

static diffmm_status not_a(const char *name, const char *kind, const char *text)
{
    return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "setting '%s' takes %s, not '%s'", name,
                        kind, text);
}

static diffmm_status normalize_flag(const char *name, const char *text, char *out)
{
    static const char *const words[2][4] = {{"false", "0", "no", "off"},
                                            {"true", "1", "yes", "on"}};
    for (int flag = 0; flag < 2; flag++)
        for (int i = 0; i < 4; i++)
            if (strcmp(text, words[flag][i]) == 0) {
                snprintf(out, DIFFMM__VALUE_TEXT, "%s", words[flag][0]);
                return DIFFMM_OK;
            }
    return not_a(name, "true or false", text);
}

/* Whether a text has only digits, which may be more than fit. */
static bool looks_whole(const char *text)
{
    text += *text == '-' || *text == '+';
    return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static diffmm_status normalize_integer(const diffmm_option_info *info, const char *name,
                                       const char *text, char *out, size_t room)
{
    int64_t value;
    if (!looks_whole(text))
        return not_a(name,
                     info->type == DIFFMM_OPTION_LIST ? "integers separated by ','" : "an integer",
                     text);
    if (!diffmm__read_integer(text, &value) || (double)value < info->minimum ||
        (double)value > info->maximum)
        return out_of_range(info, name, text);
    snprintf(out, room, "%lld", (long long)value);
    return DIFFMM_OK;
}

static diffmm_status normalize_integer_or_word(const diffmm_option_info *info, const char *name,
                                               const char *text, char *out)
{
    const char *word = diffmm__option_word_for_zero(info);
    return normalize_integer(info, name, word && strcmp(text, word) == 0 ? "0" : text, out,
                             DIFFMM__VALUE_TEXT);
}

static diffmm_status normalize_real(const diffmm_option_info *info, const char *name,
                                    const char *text, char *out)
{
    double value;
    if (!diffmm__read_real(text, &value))
        return not_a(name, "a finite number", text);
    if (value < info->minimum || value > info->maximum)
        return out_of_range(info, name, text);
    diffmm__real_text(value, out);
    return DIFFMM_OK;
}

static diffmm_status normalize_choice(const diffmm_option_info *info, const char *name,
                                      const char *text, char *out)
{
    size_t length = strlen(text);
    for (const char *word = info->choices; length > 0 && word;) {
        size_t span = strcspn(word, "|");
        if (span == length && strncmp(word, text, span) == 0) {
            snprintf(out, DIFFMM__VALUE_TEXT, "%s", text);
            return DIFFMM_OK;
        }
        word = word[span] ? word + span + 1 : NULL;
    }
    return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "setting '%s' takes one of %s, not '%s'",
                        name, info->choices, text);
}

/* Take the element up to the next ',', without blanks around it. */
static size_t take_element(const char *text, char element[max_element])
{
    size_t span = strcspn(text, ","), begin = strspn(text, " "), end = span;
    if (begin > span)
        begin = span;
    while (end > begin && text[end - 1] == ' ')
        end--;
    size_t length = end - begin < max_element - 1 ? end - begin : max_element - 1;
    memcpy(element, text + begin, length);
    element[length] = '\0';
    return span;
}

static diffmm_status normalize_list(const diffmm_option_info *info, const char *name,
                                    const char *text, char *out)
{
    size_t count = 0, at = 0;
    for (const char *rest = text;; rest++) {
        char element[max_element];
        rest += take_element(rest, element);
        if (count++ == DIFFMM__MAX_LIST)
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                "setting '%s' takes at most %d numbers", name, DIFFMM__MAX_LIST);
        if (count > 1)
            out[at++] = ',';
        diffmm_status status =
            normalize_integer(info, name, element, out + at, DIFFMM__VALUE_TEXT - at);
        if (status)
            return status;
        at += strlen(out + at);
        if (*rest == '\0')
            return DIFFMM_OK;
    }
}

diffmm_status diffmm__option_value_normalize(const diffmm_option_info *info, const char *name,
                                             const char *text, char out[DIFFMM__VALUE_TEXT])
{
    switch (info->type) {
    case DIFFMM_OPTION_FLAG: return normalize_flag(name, text, out);
    case DIFFMM_OPTION_INTEGER: return normalize_integer_or_word(info, name, text, out);
    case DIFFMM_OPTION_REAL: return normalize_real(info, name, text, out);
    case DIFFMM_OPTION_CHOICE: return normalize_choice(info, name, text, out);
    case DIFFMM_OPTION_LIST: break;
    }
    return normalize_list(info, name, text, out);
}

size_t diffmm__option_value_list(const char *text, size_t out[DIFFMM__MAX_LIST])
{
    size_t count = 0;
    while (count < DIFFMM__MAX_LIST) {
        char element[max_element];
        int64_t value;
        text += take_element(text, element);
        if (!diffmm__read_integer(element, &value))
            break;
        out[count++] = (size_t)value;
        if (*text++ == '\0')
            break;
    }
    return count;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "options/options.h"

#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "base/handle.h"
#include "base/memory.h"
#include "base/numbers.h"
#include "base/status.h"
#include "options/option_table.h"
#include "options/option_values.h"

static void end_options(void *object)
{
    diffmm_options *options = object;
    diffmm_context *context = options->context;
    for (size_t i = 0; i < diffmm_option_count(); i++)
        diffmm__release(context, options->values[i]);
    for (size_t i = 0; i < options->override_count; i++) {
        diffmm__release(context, options->overrides[i].name);
        diffmm__release(context, options->overrides[i].value);
    }
    diffmm__index_end(&options->override_index);
    diffmm__release(context, options->values);
    diffmm__release(context, options->overrides);
    diffmm__release(context, options);
    diffmm__context_release(context);
}

static diffmm_options *create(diffmm_context *context)
{
    diffmm_options *options = diffmm__allocate_zero(context, 1, sizeof *options);
    if (!options)
        return NULL;
    options->values = diffmm__allocate_zero(context, diffmm_option_count(), sizeof(char *));
    if (!options->values) {
        diffmm__release(context, options);
        return NULL;
    }
    options->context = diffmm__context_retain(context);
    options->override_index.context = context;
    diffmm__handle_begin(options, end_options);
    return options;
}

diffmm_status diffmm_options_create(diffmm_context *context, diffmm_options **out)
{
    DIFFMM__CALL call = diffmm__call_reads(context);
    if (!context)
        return diffmm__null("context");
    if (!out)
        return diffmm__null("out");
    diffmm_options *options = create(context);
    if (!options)
        return DIFFMM_ERROR_NO_MEMORY;
    *out = options;
    return DIFFMM_OK;
}

void diffmm_options_destroy(diffmm_options *options)
{
    diffmm__handle_release(options);
}

enum { override_name = 2 * DIFFMM__MODALITY_NAME };

/* The full name of one modality's setting. */
static void name_override(const struct diffmm__option_key *key, char name[override_name])
{
    const char *general = diffmm__option_at(key->index)->name, *star = strchr(general, '*');
    snprintf(name, override_name, "%.*s%s%s", (int)(star - general), general, key->modality,
             star + 1);
}

static struct diffmm__override *find_override(const diffmm_options *options,
                                              const struct diffmm__option_key *key)
{
    char name[override_name];
    size_t number;
    name_override(key, name);
    return diffmm__index_find(&options->override_index, name, &number) ? &options->overrides[number]
                                                                       : NULL;
}

/* Takes over `value` where it succeeds. */
static diffmm_status add_override(diffmm_options *options, const struct diffmm__option_key *key,
                                  char *value)
{
    char text[override_name];
    diffmm_status status = diffmm__grow(options->context, &options->overrides,
                                        &options->override_capacity, options->override_count,
                                        options->override_count + 1, sizeof *options->overrides);
    if (status)
        return status;
    name_override(key, text);
    char *name = diffmm__copy_text(options->context, text);
    status = name ? diffmm__index_add(&options->override_index, name, options->override_count)
                  : DIFFMM_ERROR_NO_MEMORY;
    if (status) {
        diffmm__release(options->context, name);
        return status;
    }
    options->overrides[options->override_count++] =
        (struct diffmm__override){.key = *key, .name = name, .value = value};
    return DIFFMM_OK;
}

/* Take over `value` as a key's value; it is released on failure too. */
static diffmm_status store(diffmm_options *options, const struct diffmm__option_key *key,
                           char *value)
{
    char **place = &options->values[key->index];
    if (key->per_modality) {
        struct diffmm__override *override = find_override(options, key);
        if (!override) {
            diffmm_status status = add_override(options, key, value);
            if (status)
                diffmm__release(options->context, value);
            return status;
        }
        place = &override->value;
    }
    char *old = *place;
    *place = value;
    diffmm__release(options->context, old);
    return DIFFMM_OK;
}

bool diffmm__options_has(const diffmm_options *options, const struct diffmm__option_key *key)
{
    return key->per_modality ? find_override(options, key) != NULL
                             : options->values[key->index] != NULL;
}

diffmm_status diffmm_options_set(diffmm_options *options, const char *name, const char *value)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, options, "options");
    if (status)
        return status;
    if (!name)
        return diffmm__null("name");
    if (!value)
        return diffmm__null("value");
    struct diffmm__option_key key;
    status = diffmm__option_find(name, &key);
    if (status)
        return status;
    if (key.per_modality && strcmp(key.modality, "*") == 0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "setting '%s' needs the name of a modality in place of '*'", name);
    char text[DIFFMM__VALUE_TEXT];
    status = diffmm__option_value_normalize(diffmm__option_at(key.index), name, value, text);
    if (status)
        return status;
    char *copy = diffmm__copy_text(options->context, text);
    return copy ? store(options, &key, copy) : DIFFMM_ERROR_NO_MEMORY;
}

diffmm_status diffmm_options_set_integer(diffmm_options *options, const char *name, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    return diffmm_options_set(options, name, text);
}

diffmm_status diffmm_options_set_real(diffmm_options *options, const char *name, double value)
{
    char text[DIFFMM__REAL_TEXT];
    return diffmm_options_set(options, name, diffmm__real_text(value, text));
}

/* The general setting that "modality.*.setting" follows: the one of the last part's name. */
static size_t general_index(size_t index)
{
    const char *name = strrchr(diffmm__option_at(index)->name, '.') + 1;
    for (size_t i = 0; i < diffmm_option_count(); i++)
        if (strcmp(diffmm__option_at(i)->name, name) == 0)
            return i;
    return index;
}

const char *diffmm__options_value(const diffmm_options *options,
                                  const struct diffmm__option_key *key)
{
    size_t index = key->index;
    if (key->per_modality) {
        const struct diffmm__override *override = find_override(options, key);
        if (override)
            return override->value;
        index = general_index(index);
    }
    const char *value = options->values[index];
    return value ? value : diffmm__option_at(index)->default_value;
}

/* The common part of the three readers. */
static diffmm_status read_value(const diffmm_options *options, const char *name, const void *value,
                                struct diffmm__option_key *key, const char **text)
{
    if (!options)
        return diffmm__null("options");
    if (!name)
        return diffmm__null("name");
    if (!value)
        return diffmm__null("value");
    diffmm_status status = diffmm__option_find(name, key);
    if (status)
        return status;
    *text = diffmm__options_value(options, key);
    return DIFFMM_OK;
}

diffmm_status diffmm_options_get(const diffmm_options *options, const char *name,
                                 const char **value)
{
    struct diffmm__option_key key;
    const char *text = "";
    diffmm_status status = read_value(options, name, value, &key, &text);
    if (status)
        return status;
    *value = text;
    return DIFFMM_OK;
}

diffmm_status diffmm_options_get_integer(const diffmm_options *options, const char *name,
                                         int64_t *value)
{
    struct diffmm__option_key key;
    const char *text = "";
    diffmm_status status = read_value(options, name, value, &key, &text);
    if (status)
        return status;
    diffmm_option_type type = diffmm__option_at(key.index)->type;
    int64_t whole = strcmp(text, "true") == 0;
    if (type != DIFFMM_OPTION_FLAG &&
        (type != DIFFMM_OPTION_INTEGER || !diffmm__read_integer(text, &whole)))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "setting '%s' is not an integer or a flag; it is %s", name, text);
    *value = whole;
    return DIFFMM_OK;
}

diffmm_status diffmm_options_get_real(const diffmm_options *options, const char *name,
                                      double *value)
{
    struct diffmm__option_key key;
    const char *text = "";
    diffmm_status status = read_value(options, name, value, &key, &text);
    if (status)
        return status;
    diffmm_option_type type = diffmm__option_at(key.index)->type;
    double number;
    if ((type != DIFFMM_OPTION_INTEGER && type != DIFFMM_OPTION_REAL) ||
        !diffmm__read_real(text, &number))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "setting '%s' is not a number; it is %s",
                            name, text);
    *value = number;
    return DIFFMM_OK;
}

static diffmm_status copy_values(const diffmm_options *from, diffmm_options *to)
{
    for (size_t i = 0; i < diffmm_option_count(); i++) {
        if (!from->values[i])
            continue;
        to->values[i] = diffmm__copy_text(to->context, from->values[i]);
        if (!to->values[i])
            return DIFFMM_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; i < from->override_count; i++) {
        char *value = diffmm__copy_text(to->context, from->overrides[i].value);
        if (!value || store(to, &from->overrides[i].key, value))
            return DIFFMM_ERROR_NO_MEMORY;
    }
    return DIFFMM_OK;
}

diffmm_status diffmm__options_copy(diffmm_context *context, const diffmm_options *options,
                                   diffmm_options **out)
{
    diffmm_options *copy = create(context);
    if (!copy)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = options ? copy_values(options, copy) : DIFFMM_OK;
    if (status) {
        diffmm_options_destroy(copy);
        return status;
    }
    *out = copy;
    return DIFFMM_OK;
}

diffmm_status diffmm_options_copy(const diffmm_options *options, diffmm_options **out)
{
    DIFFMM__CALL call = diffmm__call_reads(options);
    if (!options)
        return diffmm__null("options");
    if (!out)
        return diffmm__null("out");
    return diffmm__options_copy(options->context, options, out);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "options/options_json.h"

#include <string.h>

#include "base/json_parse.h"
#include "base/json_write.h"
#include "base/status.h"
#include "options/option_table.h"
#include "options/options.h"

static bool put(json_t *object, const char *name, const char *value)
{
    return json_object_set_new(object, name, json_string(value)) == 0;
}

/* A younger setting at its default is left out: an older library can then read what is written, and
 * computes the same. */
static bool is_default_of_younger(const diffmm_option_info *info, size_t index, const char *value)
{
    return diffmm__option_is_younger(index) && strcmp(value, info->default_value) == 0;
}

static bool is_written(const diffmm_option_info *info, size_t index, const char *value)
{
    return !strchr(info->name, '*') && !is_default_of_younger(info, index, value) &&
           !diffmm__option_is_of_peers(info->name);
}

/* NULL without memory. */
static json_t *as_object(const diffmm_options *options)
{
    json_t *object = json_object();
    bool fine = object != NULL;
    for (size_t i = 0; fine && i < diffmm_option_count(); i++) {
        const diffmm_option_info *info = diffmm__option_at(i);
        struct diffmm__option_key key = {.index = i};
        const char *value = diffmm__options_value(options, &key);
        if (is_written(info, i, value))
            fine = put(object, info->name, value);
    }
    for (size_t i = 0; fine && i < options->override_count; i++) {
        const struct diffmm__override *own = &options->overrides[i];
        const diffmm_option_info *info = diffmm__option_at(own->key.index);
        if (!is_default_of_younger(info, own->key.index, own->value))
            fine = put(object, own->name, own->value);
    }
    if (fine)
        return object;
    json_decref(object);
    return NULL;
}

char *diffmm__options_to_json(const diffmm_options *options)
{
    json_t *object = as_object(options);
    if (!object) {
        diffmm__fail(DIFFMM_ERROR_NO_MEMORY, "no memory for the settings as JSON");
        return NULL;
    }
    char *text = diffmm__json_write(options->context, object);
    json_decref(object);
    return text;
}

static diffmm_status set_one(diffmm_options *options, const struct diffmm__json_value *member)
{
    struct diffmm__option_key key;
    const char *value = diffmm__json_string(member);
    if (!value)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "settings in JSON: '%s' is not a string",
                            member->key);
    diffmm_status status = diffmm__option_find(member->key, &key);
    /* Once under its name, and once under its symbol. */
    if (!status && diffmm__options_has(options, &key))
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "settings in JSON: '%s' is set twice",
                            member->key);
    return status ? status : diffmm_options_set(options, member->key, value);
}

static diffmm_status set_all(diffmm_options *options, const struct diffmm__json_value *object)
{
    diffmm_status status = DIFFMM_OK;
    for (const struct diffmm__json_value *at = diffmm__json_first(object); at && !status;
         at = diffmm__json_next(at))
        status = set_one(options, at);
    return status;
}

/* The settings that are wanted; all where `count` is 0. */
struct wanted {
    size_t count;
    const char *const *names;
};

/* What is written leaves younger settings out that have their default. */
static bool may_be_left_out(const char *name)
{
    struct diffmm__option_key key;
    return diffmm__option_find(name, &key) == DIFFMM_OK && diffmm__option_is_younger(key.index);
}

static diffmm_status set_wanted(diffmm_options *options, const struct diffmm__json_value *object,
                                const struct wanted *wanted)
{
    diffmm_status status = DIFFMM_OK;
    if (!diffmm__json_is(object, DIFFMM__JSON_OBJECT))
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "settings in JSON are not an object");
    if (wanted->count == 0)
        return set_all(options, object);
    for (size_t i = 0; i < wanted->count && !status; i++) {
        const struct diffmm__json_value *member = diffmm__json_get(object, wanted->names[i]);
        if (member)
            status = set_one(options, member);
        else if (!may_be_left_out(wanted->names[i]))
            status = diffmm__fail(DIFFMM_ERROR_FORMAT, "settings in JSON have no '%s'",
                                  wanted->names[i]);
    }
    return status;
}

static diffmm_status from_json(diffmm_context *context, const char *json,
                               const struct wanted *wanted, diffmm_options **out)
{
    struct diffmm__json read;
    diffmm_options *options = NULL;
    diffmm_status status = diffmm__json_parse(context, json, strlen(json), "settings", &read);
    if (status)
        return status;
    status = diffmm__options_copy(context, NULL, &options);
    if (!status)
        status = set_wanted(options, read.values, wanted);
    diffmm__json_end(&read);
    if (status) {
        diffmm_options_destroy(options);
        return status;
    }
    *out = options;
    return DIFFMM_OK;
}

diffmm_status diffmm__options_from_json(diffmm_context *context, const char *json,
                                        diffmm_options **out)
{
    return from_json(context, json, &(struct wanted){0}, out);
}

diffmm_status diffmm__options_from_json_some(diffmm_context *context, const char *json,
                                             size_t count, const char *const *names,
                                             diffmm_options **out)
{
    return from_json(context, json, &(struct wanted){.count = count, .names = names}, out);
}

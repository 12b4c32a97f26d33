/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings as a JSON object of name: text. */
#include <string.h>

#include "base/json_read.h"
#include "base/json_write.h"
#include "base/status.h"
#include "options/store.h"

static bool put(json_t *object, const char *name, const char *value)
{
    return json_object_set_new(object, name, json_string(value)) == 0;
}

/* NULL without memory. */
static json_t *as_object(const diffmm_options *options)
{
    json_t *object = json_object();
    bool fine = object != NULL;
    for (size_t i = 0; fine && i < diffmm_option_count(); i++) {
        const diffmm_option_info *info = diffmm__option_at(i);
        struct diffmm__key key = {.index = i};
        if (!strchr(info->name, '*'))
            fine = put(object, info->name, diffmm__options_value(options, &key));
    }
    for (size_t i = 0; fine && i < options->override_count; i++)
        fine = put(object, options->overrides[i].name, options->overrides[i].value);
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
    char *text = diffmm__json_text(options->context, object);
    json_decref(object);
    return text;
}

static diffmm_status set_one(diffmm_options *options, const struct diffmm__json_value *member)
{
    struct diffmm__key key;
    const char *value = diffmm__json_string(member);
    if (!value)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "settings in JSON: '%s' is not a string",
                            member->key);
    diffmm_status status = diffmm__option_find(member->key, &key);
    /* A setting may go by its name or its symbol. */
    if (!status && diffmm__options_has(options, &key))
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "settings in JSON: '%s' is set twice",
                            member->key);
    return status ? status : diffmm_options_set(options, member->key, value);
}

static diffmm_status set_all(diffmm_options *options, const struct diffmm__json_value *object)
{
    diffmm_status status = DIFFMM_OK;
    if (!diffmm__json_is(object, DIFFMM__JSON_OBJECT))
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "settings in JSON are not an object");
    for (const struct diffmm__json_value *at = diffmm__json_first(object); at && !status;
         at = diffmm__json_next(at))
        status = set_one(options, at);
    return status;
}

diffmm_status diffmm__options_from_json(diffmm_context *context, const char *json,
                                        diffmm_options **out)
{
    struct diffmm__json read;
    diffmm_options *options = NULL;
    diffmm_status status = diffmm__json_parse(context, json, strlen(json), "settings", &read);
    if (status)
        return status;
    status = diffmm__options_copy(context, NULL, &options);
    if (!status)
        status = set_all(options, read.values);
    diffmm__json_end(&read);
    if (status) {
        diffmm_options_destroy(options);
        return status;
    }
    *out = options;
    return DIFFMM_OK;
}

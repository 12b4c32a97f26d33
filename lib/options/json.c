/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings as a JSON object of name: text. */
#include "base/json.h"

#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "options/store.h"

static bool put(json_t *object, const char *name, const char *value)
{
    return json_object_set_new(object, name, json_string(value)) == 0;
}

static bool put_override(json_t *object, const struct diffmm__override *override)
{
    const char *name = diffmm__option_at(override->index)->name, *star = strchr(name, '*');
    char full[2 * DIFFMM__MODALITY_NAME];
    snprintf(full, sizeof full, "%.*s%s%s", (int)(star - name), name, override->modality, star + 1);
    return put(object, full, override->value);
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
        fine = put_override(object, &options->overrides[i]);
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

static diffmm_status set_all(diffmm_options *options, json_t *object)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        if (!json_is_string(value))
            return diffmm__fail(DIFFMM_ERROR_FORMAT, "settings in JSON: '%s' is not a string",
                                name);
        diffmm_status status = diffmm_options_set(options, name, json_string_value(value));
        if (status)
            return status;
    }
    return DIFFMM_OK;
}

diffmm_status diffmm__options_from_json(diffmm_context *context, const char *json,
                                        diffmm_options **out)
{
    json_t *object;
    diffmm_options *options = NULL;
    diffmm_status status = diffmm__json_parse(json, strlen(json), "settings", &object);
    if (status)
        return status;
    if (!json_is_object(object))
        status = diffmm__fail(DIFFMM_ERROR_FORMAT, "settings in JSON are not an object");
    if (!status)
        status = diffmm__options_copy(context, NULL, &options);
    if (!status)
        status = set_all(options, object);
    json_decref(object);
    if (status) {
        diffmm_options_destroy(options);
        return status;
    }
    *out = options;
    return DIFFMM_OK;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/json.h"

#include "base/memory.h"
#include "base/status.h"

char *diffmm__json_text(const diffmm_context *context, const json_t *json)
{
    size_t size = json_dumpb(json, NULL, 0, JSON_COMPACT);
    char *text = size > 0 ? diffmm__allocate(context, size + 1, 1) : NULL;
    if (text && json_dumpb(json, text, size, JSON_COMPACT) == size) {
        text[size] = '\0';
        return text;
    }
    diffmm__release(context, text);
    diffmm__fail(DIFFMM_ERROR_NO_MEMORY, "no memory to write JSON");
    return NULL;
}

diffmm_status diffmm__json_parse(const char *text, size_t size, const char *name, json_t **out)
{
    json_error_t error;
    json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (json) {
        *out = json;
        return DIFFMM_OK;
    }
    if (json_error_code(&error) == json_error_out_of_memory)
        return diffmm__fail(DIFFMM_ERROR_NO_MEMORY, "%s: no memory to read JSON", name);
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: JSON, byte %d: %s", name, error.position,
                        error.text);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/json_write.h"

#include "base/memory.h"
#include "base/status.h"

char *diffmm__json_write(const diffmm_context *context, const json_t *json)
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

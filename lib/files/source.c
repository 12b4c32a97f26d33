/* SPDX-License-Identifier: BSD-2-Clause */
#include "files/source.h"

#include "base/status.h"

diffmm_status diffmm__source_path(const void *handle, const char *handle_name, const char *path,
                                  const void *out, struct diffmm__source *source)
{
    if (!handle || !path || !out)
        return diffmm__null(!handle ? handle_name : !path ? "path" : "out");
    *source = (struct diffmm__source){.path = path};
    return DIFFMM_OK;
}

diffmm_status diffmm__source_memory(const void *handle, const char *handle_name, const void *data,
                                    size_t size, const void *out, struct diffmm__source *source)
{
    if (!handle || !data || !out)
        return diffmm__null(!handle ? handle_name : !data ? "data" : "out");
    *source = (struct diffmm__source){.data = data, .size = size};
    return DIFFMM_OK;
}

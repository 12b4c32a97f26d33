/* SPDX-License-Identifier: BSD-2-Clause */
#include "files/load.h"

#include "base/handle.h"

static diffmm_status load(const struct diffmm__loader *loader, diffmm_context *context,
                          struct diffmm__source source, void *out)
{
    struct diffmm__safetensors *file;
    source.header_only = loader->header_only;
    diffmm_status status = diffmm__safetensors_open_source(context, &source, &file);
    if (status)
        return status;
    status = loader->read(&file, out);
    diffmm__safetensors_close(file);
    return status;
}

diffmm_status diffmm__load_path(const struct diffmm__loader *loader, diffmm_context *context,
                                const char *path, void *out)
{
    DIFFMM__CALL call = diffmm__call_reads(context);
    struct diffmm__source source;
    diffmm_status status = diffmm__source_path(context, "context", path, out, &source);
    return status ? status : load(loader, context, source, out);
}

diffmm_status diffmm__load_memory(const struct diffmm__loader *loader, diffmm_context *context,
                                  const void *data, size_t size, void *out)
{
    DIFFMM__CALL call = diffmm__call_reads(context);
    struct diffmm__source source;
    diffmm_status status = diffmm__source_memory(context, "context", data, size, out, &source);
    return status ? status : load(loader, context, source, out);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The metadata of a file, read from its header without loading it. */
#include <diffmm/file.h>

#include <string.h>

#include "base/context.h"
#include "base/handle.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/structs.h"
#include "files/load.h"
#include "files/metadata.h"

struct diffmm_file {
    struct diffmm__handle handle;
    diffmm_context *context;
    diffmm_options *options;
    struct diffmm__model_modality *modalities;
    char *library;
    struct diffmm__evaluated last, chosen;
    diffmm_file_info info;
};

static diffmm_status read_kind(const struct diffmm__safetensors *file, diffmm_file_kind *out)
{
    const char *format = diffmm__safetensors_metadata(file, "format");
    bool model = format && strcmp(format, DIFFMM__MODEL_FORMAT) == 0;
    if (!model && (!format || strcmp(format, DIFFMM__CHECKPOINT_FORMAT) != 0))
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: neither a model file nor a training checkpoint: the metadata's "
                            "format is '%s'",
                            diffmm__safetensors_path(file), format ? format : "");
    *out = model ? DIFFMM_FILE_MODEL : DIFFMM_FILE_CHECKPOINT;
    return diffmm__metadata_check_format(file, format,
                                         model ? DIFFMM__MODEL_KIND : DIFFMM__CHECKPOINT_KIND);
}

static diffmm_status read_counts(const struct diffmm__safetensors *file, diffmm_file_info *info)
{
    diffmm_status status;
    if ((status = diffmm__metadata_count(file, "users", &info->users)) ||
        (status = diffmm__metadata_count(file, "items", &info->items)))
        return status;
    return diffmm__metadata_count(file, "d", &info->dimensions);
}

static diffmm_status read_epochs(const struct diffmm__safetensors *file, diffmm_file *out)
{
    bool model = out->info.kind == DIFFMM_FILE_MODEL;
    diffmm_status status =
        diffmm__metadata_evaluated(file, model ? "evaluated" : "best", &out->chosen);
    if (!status && !model)
        status = diffmm__metadata_evaluated(file, "last", &out->last);
    return status;
}

static diffmm_status read_all(const struct diffmm__safetensors *file, diffmm_file *out)
{
    diffmm_file_info *info = &out->info;
    const char *library = diffmm__safetensors_metadata(file, "library");
    diffmm_status status;
    if ((status = read_kind(file, &info->kind)) || (status = read_counts(file, info)) ||
        (status = diffmm__metadata_options(file, &out->options)) ||
        (status = diffmm__metadata_modalities(file, &out->modalities, &info->modality_count)) ||
        (status = read_epochs(file, out)))
        return status;
    out->library = diffmm__copy_text(out->context, library ? library : "");
    if (!out->library)
        return DIFFMM_ERROR_NO_MEMORY;
    info->struct_size = sizeof *info;
    info->format_version = 1;
    info->library = out->library;
    info->epochs_done = out->last.epoch;
    info->chosen_epoch = out->chosen.epoch;
    info->cutoff_count = out->chosen.epoch ? out->chosen.cutoff_count : 0;
    info->valid = out->chosen.valid;
    info->test = out->chosen.test;
    return DIFFMM_OK;
}

static void end_file(void *object)
{
    diffmm_file *file = object;
    diffmm_context *context = file->context;
    diffmm_options_destroy(file->options);
    diffmm__release(context, file->modalities);
    diffmm__release(context, file->library);
    diffmm__release(context, file);
    diffmm__context_release(context);
}

static diffmm_status read_info(struct diffmm__safetensors **header, void *out)
{
    diffmm_file **result = out;
    diffmm_context *context = diffmm__safetensors_context(*header);
    diffmm_file *file = diffmm__allocate_zero(context, 1, sizeof *file);
    if (!file)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm__handle_begin(file, end_file);
    file->context = diffmm__context_retain(context);
    diffmm_status status = read_all(*header, file);
    if (status) {
        diffmm_file_destroy(file);
        return status;
    }
    *result = file;
    return DIFFMM_OK;
}

static const struct diffmm__loader loader = {.read = read_info, .header_only = true};

diffmm_status diffmm_file_open(diffmm_context *context, const char *path, diffmm_file **out)
{
    return diffmm__load_path(&loader, context, path, out);
}

diffmm_status diffmm_file_open_memory(diffmm_context *context, const void *data, size_t size,
                                      diffmm_file **out)
{
    return diffmm__load_memory(&loader, context, data, size, out);
}

void diffmm_file_destroy(diffmm_file *file)
{
    diffmm__handle_release(file);
}

diffmm_status diffmm_file_describe(const diffmm_file *file, diffmm_file_info *out)
{
    if (!file || !out)
        return diffmm__null(!file ? "file" : "out");
    return diffmm__struct_write(out, &diffmm__layout_file_info, &file->info, "out");
}

const diffmm_options *diffmm_file_options(const diffmm_file *file)
{
    return file ? file->options : NULL;
}

const char *diffmm_file_modality_name(const diffmm_file *file, size_t index)
{
    return file && index < file->info.modality_count ? file->modalities[index].name : NULL;
}

size_t diffmm_file_modality_dimensions(const diffmm_file *file, size_t index)
{
    return file && index < file->info.modality_count ? file->modalities[index].dimensions : 0;
}

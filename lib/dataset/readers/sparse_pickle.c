/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/sparse_pickle.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/status.h"
#include "dataset/readers/pickle_machine.h"

/* An array's data, in memory. */
static diffmm_status next(void *source, size_t size, const unsigned char **bytes)
{
    const unsigned char **data = source;
    *bytes = *data;
    *data += size;
    return DIFFMM_OK;
}

static diffmm_status finish(void *source)
{
    (void)source;
    return DIFFMM_OK;
}

static diffmm_status find_array(struct diffmm__pickle *pickle,
                                const struct diffmm__pickle_value *value, const char *attribute,
                                struct diffmm__sparse_array *out)
{
    if (value->kind != DIFFMM__PICKLE_ARRAY || !value->object->built)
        return diffmm__pickle_fail(pickle, "the matrix has no array '%s'", attribute);
    size_t size = strlen(pickle->path) + strlen(attribute) + 2;
    char *name = diffmm__arena_take(&pickle->arena, size, 1);
    const unsigned char **data = diffmm__arena_take(&pickle->arena, 1, sizeof *data);
    if (!data)
        return DIFFMM_ERROR_NO_MEMORY;
    snprintf(name, size, "%s:%s", pickle->path, attribute);
    *data = value->object->array.data;
    *out = (struct diffmm__sparse_array){.name = name,
                                         .array = value->object->array,
                                         .next = next,
                                         .finish = finish,
                                         .source = data};
    return DIFFMM_OK;
}

static diffmm_status find_parts(struct diffmm__pickle *pickle,
                                const struct diffmm__pickle_value *result,
                                struct diffmm__sparse_parts *parts)
{
    if (result->kind != DIFFMM__PICKLE_MATRIX || !result->object->built)
        return diffmm__pickle_fail(pickle, "what is pickled is not a scipy coo or csr matrix");
    const struct diffmm__pickle_value *attributes = result->object->attributes;
    const struct diffmm__pickle_value *shape = &attributes[DIFFMM__PICKLE_SHAPE];
    const struct diffmm__pickle_value *coords = &attributes[DIFFMM__PICKLE_COORDS];
    if (shape->kind != DIFFMM__PICKLE_TUPLE || shape->size != 2 ||
        shape->members[0].kind != DIFFMM__PICKLE_INTEGER ||
        shape->members[1].kind != DIFFMM__PICKLE_INTEGER)
        return diffmm__pickle_fail(pickle, "the matrix's shape is not two numbers");
    parts->csr = result->object->csr;
    parts->rows = shape->members[0].integer;
    parts->columns = shape->members[1].integer;
    const struct diffmm__pickle_value *row = &attributes[DIFFMM__PICKLE_ROW];
    const struct diffmm__pickle_value *column = &attributes[DIFFMM__PICKLE_COLUMN];
    if (coords->kind != DIFFMM__PICKLE_MARK && row->kind != DIFFMM__PICKLE_MARK && !parts->csr)
        return diffmm__pickle_fail(pickle,
                                   "the matrix has 'coords' and 'row': which of them is meant "
                                   "depends on the version of scipy");
    if (coords->kind == DIFFMM__PICKLE_TUPLE && coords->size == 2) {
        row = &coords->members[0];
        column = &coords->members[1];
    }
    if (parts->csr) {
        row = &attributes[DIFFMM__PICKLE_INDPTR];
        column = &attributes[DIFFMM__PICKLE_INDICES];
    }
    diffmm_status status = find_array(pickle, row, parts->csr ? "indptr" : "row", &parts->row);
    if (!status)
        status = find_array(pickle, column, parts->csr ? "indices" : "col", &parts->column);
    if (!status)
        status = find_array(pickle, &attributes[DIFFMM__PICKLE_DATA], "data", &parts->data);
    return status;
}

diffmm_status diffmm__sparse_pickle_parse(const diffmm_context *context, const unsigned char *bytes,
                                          size_t size, const char *name, struct diffmm__sparse *out)
{
    struct diffmm__pickle pickle = {
        .path = name, .bytes = bytes, .size = size, .arena = diffmm__arena_on(context)};
    struct diffmm__pickle_value result;
    struct diffmm__sparse_parts parts;
    diffmm_status status = diffmm__pickle_machine_run(&pickle, &result);
    if (!status)
        status = find_parts(&pickle, &result, &parts);
    if (!status)
        status = diffmm__sparse_build(context, &parts, size, name, out);
    diffmm__arena_end(&pickle.arena);
    return status;
}

diffmm_status diffmm__sparse_pickle_read(const diffmm_context *context, const char *path,
                                         struct diffmm__sparse *out)
{
    struct diffmm__mapping mapping;
    diffmm_status status = diffmm__file_map(path, &mapping);
    if (status)
        return status;
    status = diffmm__sparse_pickle_parse(context, mapping.data, mapping.size, path, out);
    diffmm__file_unmap(&mapping);
    return status;
}

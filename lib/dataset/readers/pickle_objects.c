/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/pickle_objects.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

typedef struct diffmm__pickle_value value;
typedef struct diffmm__pickle_object object;

struct known_name {
    const char *module, *name;
    enum diffmm__pickle_name meaning;
};

static const struct known_name known_names[] = {
    {"scipy.sparse.coo", "coo_matrix", DIFFMM__PICKLE_COO},
    {"scipy.sparse._coo", "coo_matrix", DIFFMM__PICKLE_COO},
    {"scipy.sparse._coo", "coo_array", DIFFMM__PICKLE_COO},
    {"scipy.sparse._arrays", "coo_array", DIFFMM__PICKLE_COO},
    {"scipy.sparse.csr", "csr_matrix", DIFFMM__PICKLE_CSR},
    {"scipy.sparse._csr", "csr_matrix", DIFFMM__PICKLE_CSR},
    {"scipy.sparse._csr", "csr_array", DIFFMM__PICKLE_CSR},
    {"scipy.sparse._arrays", "csr_array", DIFFMM__PICKLE_CSR},
    {"numpy.core.multiarray", "_reconstruct", DIFFMM__PICKLE_RECONSTRUCT},
    {"numpy._core.multiarray", "_reconstruct", DIFFMM__PICKLE_RECONSTRUCT},
    {"numpy.core.numeric", "_frombuffer", DIFFMM__PICKLE_FROM_BUFFER},
    {"numpy._core.numeric", "_frombuffer", DIFFMM__PICKLE_FROM_BUFFER},
    {"numpy", "ndarray", DIFFMM__PICKLE_NDARRAY},
    {"numpy", "dtype", DIFFMM__PICKLE_DTYPE},
    {"_codecs", "encode", DIFFMM__PICKLE_ENCODE},
    {"__builtin__", "bytes", DIFFMM__PICKLE_BYTES_TYPE},
    {"builtins", "bytes", DIFFMM__PICKLE_BYTES_TYPE},
    {"copy_reg", "_reconstructor", DIFFMM__PICKLE_NEW_OBJECT},
    {"copyreg", "_reconstructor", DIFFMM__PICKLE_NEW_OBJECT},
    {"__builtin__", "object", DIFFMM__PICKLE_OBJECT},
    {"builtins", "object", DIFFMM__PICKLE_OBJECT},
};

static bool equals(const char *text, size_t size, const char *known)
{
    return strlen(known) == size && memcmp(text, known, size) == 0;
}

diffmm_status diffmm__pickle_objects_lookup(const struct diffmm__pickle *pickle, const char *module,
                                            size_t module_size, const char *name, size_t name_size,
                                            value *out)
{
    for (size_t i = 0; i < sizeof known_names / sizeof *known_names; i++)
        if (equals(module, module_size, known_names[i].module) &&
            equals(name, name_size, known_names[i].name)) {
            *out = (value){.kind = DIFFMM__PICKLE_NAME, .integer = known_names[i].meaning};
            return DIFFMM_OK;
        }
    int module_shown = (int)diffmm__text_cut(module, module_size, 100);
    int name_shown = (int)diffmm__text_cut(name, name_size, 100);
    return diffmm__pickle_fail(pickle,
                               "it names %.*s.%.*s, which is refused: only scipy coo and csr "
                               "matrices of numbers are read",
                               module_shown, module, name_shown, name);
}

static diffmm_status new_object(struct diffmm__pickle *pickle, enum diffmm__pickle_kind kind,
                                value *out)
{
    object *made = diffmm__arena_take_zero(&pickle->arena, 1, sizeof *made);
    if (!made)
        return DIFFMM_ERROR_NO_MEMORY;
    *out = (value){.kind = kind, .object = made};
    return DIFFMM_OK;
}

diffmm_status diffmm__pickle_objects_dict(struct diffmm__pickle *pickle, value *out)
{
    return new_object(pickle, DIFFMM__PICKLE_DICT, out);
}

static bool as_text(const value *v)
{
    return v->kind == DIFFMM__PICKLE_TEXT || v->kind == DIFFMM__PICKLE_STRING;
}

static bool is_text(const value *v, const char *known)
{
    return as_text(v) && equals((const char *)v->bytes, v->size, known);
}

static bool is_name(const value *v, enum diffmm__pickle_name name)
{
    return v->kind == DIFFMM__PICKLE_NAME && v->integer == name;
}

/* Old versions of numpy wrote 0 and 1. */
static bool is_flag(const value *v)
{
    return v->kind == DIFFMM__PICKLE_BOOLEAN || v->kind == DIFFMM__PICKLE_INTEGER;
}

static bool is_integer(const value *v, int64_t integer)
{
    return v->kind == DIFFMM__PICKLE_INTEGER && v->integer == integer;
}

diffmm_status diffmm__pickle_objects_set(struct diffmm__pickle *pickle, value *dict,
                                         const value *key, const value *entry)
{
    static const struct {
        const char *name;
        enum diffmm__pickle_attribute attribute;
    } wanted[] = {
        {"_shape", DIFFMM__PICKLE_SHAPE},  {"row", DIFFMM__PICKLE_ROW},
        {"col", DIFFMM__PICKLE_COLUMN},    {"coords", DIFFMM__PICKLE_COORDS},
        {"indptr", DIFFMM__PICKLE_INDPTR}, {"indices", DIFFMM__PICKLE_INDICES},
        {"data", DIFFMM__PICKLE_DATA},
    };
    if (!as_text(key))
        return diffmm__pickle_fail(pickle, "a dictionary has a key that is not a text");
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (is_text(key, wanted[i].name))
            dict->object->attributes[wanted[i].attribute] = *entry;
    return DIFFMM_OK;
}

/* A tuple of non-negative integers as an array's shape. */
static diffmm_status read_shape(const struct diffmm__pickle *pickle, const value *tuple,
                                struct diffmm__npy *array)
{
    if (tuple->kind != DIFFMM__PICKLE_TUPLE || tuple->size > DIFFMM__NPY_MAX_DIMENSIONS)
        return diffmm__pickle_fail(pickle, "an array's shape is not a tuple of up to 8 numbers");
    for (size_t i = 0; i < tuple->size; i++) {
        if (tuple->members[i].kind != DIFFMM__PICKLE_INTEGER || tuple->members[i].integer < 0)
            return diffmm__pickle_fail(pickle, "an array's shape is not a tuple of numbers");
        array->shape[i] = (size_t)tuple->members[i].integer;
    }
    array->dimensions = tuple->size;
    return DIFFMM_OK;
}

/* "FILE: offset N", to open messages of the .npy reader; NULL without memory. */
static const char *place_of(struct diffmm__pickle *pickle)
{
    size_t size = strlen(pickle->path) + 40;
    if (!pickle->place)
        pickle->place = diffmm__arena_take(&pickle->arena, size, 1);
    if (pickle->place)
        snprintf(pickle->place, size, "%s: offset %zu", pickle->path, pickle->step);
    return pickle->place;
}

/* Give an array its data, after checking that they are as many bytes as its shape says. */
static diffmm_status fill_array(struct diffmm__pickle *pickle, object *target, const value *shape,
                                const value *type, bool fortran_order, const value *data)
{
    if (type->kind != DIFFMM__PICKLE_TYPE)
        return diffmm__pickle_fail(pickle, "an array's type is of a kind not read");
    type->object->built = true;
    struct diffmm__npy array = type->object->array;
    const char *place = place_of(pickle);
    diffmm_status status = place ? read_shape(pickle, shape, &array) : DIFFMM_ERROR_NO_MEMORY;
    if (!status)
        status = diffmm__npy_bound(place, data->size, &array);
    if (status)
        return status;
    if (array.count * array.item_size != data->size)
        return diffmm__pickle_fail(pickle, "an array of %zu elements has %zu bytes of data",
                                   array.count, data->size);
    array.fortran_order = fortran_order;
    array.data = data->bytes;
    target->array = array;
    target->built = true;
    return DIFFMM_OK;
}

static diffmm_status fail_arguments(const struct diffmm__pickle *pickle, const char *name)
{
    return diffmm__pickle_fail(pickle, "%s is called with arguments of a kind not read", name);
}

/* dtype('f8', False, True); without the last, a copy, it is numpy's own and takes no state. */
static diffmm_status call_dtype(struct diffmm__pickle *pickle, const value *arguments, value *out)
{
    char type[16] = "";
    const value *text = arguments->members;
    bool plain = arguments->size == 1;
    bool copied = arguments->size == 3 && is_flag(&text[1]) && text[1].integer == 0 &&
                  is_flag(&text[2]) && text[2].integer == 1;
    if ((!plain && !copied) || !as_text(text) || text->size >= sizeof type)
        return fail_arguments(pickle, "numpy.dtype");
    memcpy(type, text->bytes, text->size);
    const char *place = place_of(pickle);
    diffmm_status status =
        place ? new_object(pickle, DIFFMM__PICKLE_TYPE, out) : DIFFMM_ERROR_NO_MEMORY;
    if (!status && strlen(type) != text->size)
        return fail_arguments(pickle, "numpy.dtype");
    if (!status)
        status = diffmm__npy_type(type, place, &out->object->array);
    if (!status)
        out->object->built = plain;
    return status;
}

/* encode(text, 'latin1'): each character becomes a byte. */
static diffmm_status call_encode(struct diffmm__pickle *pickle, const value *arguments, value *out)
{
    const value *text = arguments->members;
    if (arguments->size != 2 || text[0].kind != DIFFMM__PICKLE_TEXT ||
        (!is_text(&text[1], "latin1") && !is_text(&text[1], "latin-1")))
        return fail_arguments(pickle, "_codecs.encode");
    /* A text is encoded once: all together cannot exceed the file. */
    if (text->size > pickle->size - pickle->decoded)
        return diffmm__pickle_fail(pickle, "it encodes more text than it holds");
    pickle->decoded += text->size;
    unsigned char *bytes = diffmm__arena_take(&pickle->arena, text->size, 1);
    if (!bytes)
        return DIFFMM_ERROR_NO_MEMORY;
    size_t count = 0;
    for (size_t i = 0; i < text->size; i++) {
        unsigned char c = text->bytes[i];
        bool two =
            (c == 0xc2 || c == 0xc3) && i + 1 < text->size && (text->bytes[i + 1] & 0xc0) == 0x80;
        if (c >= 0x80 && !two)
            return diffmm__pickle_fail(pickle, "a text is not latin-1");
        if (two)
            c = (unsigned char)((c << 6 & 0xff) | (text->bytes[++i] & 0x3f));
        bytes[count++] = c;
    }
    *out = (value){.kind = DIFFMM__PICKLE_BYTES, .bytes = bytes, .size = count};
    return DIFFMM_OK;
}

/* _frombuffer(data, type, shape, 'C' or 'F') */
static diffmm_status call_from_buffer(struct diffmm__pickle *pickle, const value *arguments,
                                      value *out)
{
    const value *given = arguments->members;
    bool data = arguments->size == 4 && (given[0].kind == DIFFMM__PICKLE_BYTES ||
                                         given[0].kind == DIFFMM__PICKLE_BYTEARRAY);
    if (!data || (!is_text(&given[3], "C") && !is_text(&given[3], "F")))
        return fail_arguments(pickle, "numpy's _frombuffer");
    diffmm_status status = new_object(pickle, DIFFMM__PICKLE_ARRAY, out);
    return status ? status
                  : fill_array(pickle, out->object, &given[2], &given[1], given[3].bytes[0] == 'F',
                               &given[0]);
}

static diffmm_status new_matrix(struct diffmm__pickle *pickle, bool csr, value *out)
{
    diffmm_status status = new_object(pickle, DIFFMM__PICKLE_MATRIX, out);
    if (!status)
        out->object->csr = csr;
    return status;
}

/* copyreg._reconstructor(coo_matrix, object, None) */
static diffmm_status call_reconstructor(struct diffmm__pickle *pickle, const value *arguments,
                                        value *out)
{
    const value *given = arguments->members;
    if (arguments->size != 3 || !is_name(&given[1], DIFFMM__PICKLE_OBJECT) ||
        given[2].kind != DIFFMM__PICKLE_NONE)
        return fail_arguments(pickle, "copyreg._reconstructor");
    bool csr = is_name(given, DIFFMM__PICKLE_CSR);
    if (!csr && !is_name(given, DIFFMM__PICKLE_COO))
        return fail_arguments(pickle, "copyreg._reconstructor");
    return new_matrix(pickle, csr, out);
}

/* _reconstruct(ndarray, (0,), b'b'): an array without data; it gets all with its state. */
static diffmm_status call_reconstruct(struct diffmm__pickle *pickle, const value *arguments,
                                      value *out)
{
    const value *given = arguments->members;
    bool empty = arguments->size == 3 && given[1].kind == DIFFMM__PICKLE_TUPLE &&
                 given[1].size == 1 && is_integer(given[1].members, 0);
    bool typed = empty && (given[2].kind == DIFFMM__PICKLE_BYTES || as_text(&given[2])) &&
                 equals((const char *)given[2].bytes, given[2].size, "b");
    if (!typed || !is_name(given, DIFFMM__PICKLE_NDARRAY))
        return fail_arguments(pickle, "numpy's _reconstruct");
    return new_object(pickle, DIFFMM__PICKLE_ARRAY, out);
}

diffmm_status diffmm__pickle_objects_call(struct diffmm__pickle *pickle, const value *name,
                                          const value *arguments, value *out)
{
    switch ((enum diffmm__pickle_name)name->integer) {
    case DIFFMM__PICKLE_RECONSTRUCT: return call_reconstruct(pickle, arguments, out);
    case DIFFMM__PICKLE_FROM_BUFFER: return call_from_buffer(pickle, arguments, out);
    case DIFFMM__PICKLE_DTYPE: return call_dtype(pickle, arguments, out);
    case DIFFMM__PICKLE_ENCODE: return call_encode(pickle, arguments, out);
    case DIFFMM__PICKLE_NEW_OBJECT: return call_reconstructor(pickle, arguments, out);
    case DIFFMM__PICKLE_BYTES_TYPE:
        if (arguments->size != 0)
            return fail_arguments(pickle, "bytes");
        *out = (value){.kind = DIFFMM__PICKLE_BYTES, .bytes = pickle->bytes};
        return DIFFMM_OK;
    case DIFFMM__PICKLE_COO:
    case DIFFMM__PICKLE_CSR:
    case DIFFMM__PICKLE_NDARRAY:
    case DIFFMM__PICKLE_OBJECT: break;
    }
    return diffmm__pickle_fail(pickle, "it calls a name that is not called in a scipy matrix");
}

diffmm_status diffmm__pickle_objects_new(struct diffmm__pickle *pickle, const value *name,
                                         const value *arguments, value *out)
{
    bool csr = is_name(name, DIFFMM__PICKLE_CSR);
    if (!csr && !is_name(name, DIFFMM__PICKLE_COO))
        return diffmm__pickle_fail(pickle, "it makes an object that is no scipy matrix");
    if (arguments->size != 0)
        return fail_arguments(pickle, "the class of a matrix");
    return new_matrix(pickle, csr, out);
}

/* State (3, '<' or '>' or '|' or '=', None, None, None, -1, -1, 0) of a dtype. */
static diffmm_status build_type(struct diffmm__pickle *pickle, object *type, const value *state)
{
    const value *member = state->members;
    bool known = state->kind == DIFFMM__PICKLE_TUPLE && state->size == 8 &&
                 is_integer(&member[0], 3) && as_text(&member[1]) && member[1].size == 1 &&
                 memchr("<>|=", member[1].bytes[0], 4) && is_integer(&member[5], -1) &&
                 is_integer(&member[6], -1) && is_integer(&member[7], 0);
    for (size_t i = 2; i < 5 && known; i++)
        known = member[i].kind == DIFFMM__PICKLE_NONE;
    if (!known)
        return diffmm__pickle_fail(pickle, "the state of a numpy.dtype is of a kind not read");
    /* In numpy that would change the arrays that have this type already. */
    if (type->built)
        return diffmm__pickle_fail(pickle, "a numpy.dtype gets a state again, or after its use");
    type->built = true;
    type->array.big_endian = member[1].bytes[0] == '>';
    return DIFFMM_OK;
}

/* State (1, shape, type, fortran order, data) of an array. */
static diffmm_status build_array(struct diffmm__pickle *pickle, object *array, const value *state)
{
    const value *member = state->members;
    bool known =
        state->kind == DIFFMM__PICKLE_TUPLE && state->size == 5 && is_integer(&member[0], 1) &&
        is_flag(&member[3]) &&
        (member[4].kind == DIFFMM__PICKLE_BYTES || member[4].kind == DIFFMM__PICKLE_STRING);
    if (!known)
        return diffmm__pickle_fail(pickle, "the state of a numpy.ndarray is of a kind not read");
    return fill_array(pickle, array, &member[1], &member[2], member[3].integer != 0, &member[4]);
}

diffmm_status diffmm__pickle_objects_build(struct diffmm__pickle *pickle, value *target,
                                           const value *state)
{
    switch (target->kind) {
    case DIFFMM__PICKLE_TYPE: return build_type(pickle, target->object, state);
    case DIFFMM__PICKLE_ARRAY: return build_array(pickle, target->object, state);
    case DIFFMM__PICKLE_MATRIX: break;
    default: return diffmm__pickle_fail(pickle, "it gives state to a value that has none");
    }
    if (state->kind != DIFFMM__PICKLE_DICT)
        return diffmm__pickle_fail(pickle, "the state of a matrix is not a dictionary");
    /* As in Python, of attributes that are given twice the last stays, and the others stay too. */
    for (size_t i = 0; i < DIFFMM__PICKLE_ATTRIBUTES; i++)
        if (state->object->attributes[i].kind != DIFFMM__PICKLE_MARK)
            target->object->attributes[i] = state->object->attributes[i];
    target->object->built = true;
    return DIFFMM_OK;
}

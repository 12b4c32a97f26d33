/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/json.h"

#include <string.h>

#include "base/memory.h"

void diffmm__json_end(struct diffmm__json *json)
{
    diffmm__release(json->context, json->values);
    diffmm__release(json->context, json->text);
    *json = (struct diffmm__json){0};
}

bool diffmm__json_is(const struct diffmm__json_value *value, enum diffmm__json_kind kind)
{
    return value && value->kind == kind;
}

size_t diffmm__json_count(const struct diffmm__json_value *list)
{
    bool is_list =
        diffmm__json_is(list, DIFFMM__JSON_ARRAY) || diffmm__json_is(list, DIFFMM__JSON_OBJECT);
    return is_list ? list->as.count : 0;
}

const struct diffmm__json_value *diffmm__json_first(const struct diffmm__json_value *list)
{
    return diffmm__json_count(list) > 0 ? list + 1 : NULL;
}

const struct diffmm__json_value *diffmm__json_next(const struct diffmm__json_value *value)
{
    return value && value->next > 0 ? value + value->next : NULL;
}

const struct diffmm__json_value *diffmm__json_get(const struct diffmm__json_value *object,
                                                  const char *key)
{
    if (!diffmm__json_is(object, DIFFMM__JSON_OBJECT))
        return NULL;
    const struct diffmm__json_value *member = diffmm__json_first(object);
    while (member && strcmp(member->key, key) != 0)
        member = diffmm__json_next(member);
    return member;
}

const char *diffmm__json_string(const struct diffmm__json_value *value)
{
    return diffmm__json_is(value, DIFFMM__JSON_STRING) ? value->as.string : NULL;
}

bool diffmm__json_integer(const struct diffmm__json_value *value, int64_t *out)
{
    if (!diffmm__json_is(value, DIFFMM__JSON_INTEGER))
        return false;
    *out = value->as.integer;
    return true;
}

bool diffmm__json_real(const struct diffmm__json_value *value, double *out)
{
    if (diffmm__json_is(value, DIFFMM__JSON_INTEGER))
        *out = (double)value->as.integer;
    else if (diffmm__json_is(value, DIFFMM__JSON_REAL))
        *out = value->as.real;
    else
        return false;
    return true;
}

bool diffmm__json_size(const struct diffmm__json_value *value, size_t *out)
{
    int64_t integer;
    if (!diffmm__json_integer(value, &integer) || integer < 0)
        return false;
    *out = (size_t)integer;
    return true;
}

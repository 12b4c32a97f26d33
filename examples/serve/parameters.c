/* SPDX-License-Identifier: BSD-2-Clause */
#include "parameters.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/numbers.h"

enum kind {
    KIND_ID,
    KIND_IDS,
    KIND_COUNT,
    KIND_SEED,
    KIND_FLAG,
    KIND_REAL,
    KIND_SIMILARITY,
    KIND_FALLBACK,
    KIND_NEW_ITEMS
};

static const struct parameter {
    const char *name;
    enum kind kind;
} table[] = {
    {"user", KIND_ID},           {"item", KIND_ID},           {"items", KIND_IDS},
    {"exclude", KIND_IDS},       {"candidates", KIND_IDS},    {"count", KIND_COUNT},
    {"include_seen", KIND_FLAG}, {"min_score", KIND_REAL},    {"similarity", KIND_SIMILARITY},
    {"users", KIND_IDS},         {"fallback", KIND_FALLBACK}, {"diversity", KIND_REAL},
    {"modality", KIND_ID},       {"temperature", KIND_REAL},  {"seed", KIND_SEED},
    {"per_group", KIND_COUNT},   {"boost", KIND_REAL},        {"new_items", KIND_NEW_ITEMS},
};

static const char *kind_text(enum kind kind)
{
    switch (kind) {
    case KIND_ID: return "an id";
    case KIND_IDS: return "a list of ids";
    case KIND_COUNT: return "a whole number, at least 1";
    case KIND_SEED: return "a whole number, at least 0";
    case KIND_FLAG: return "true or false";
    case KIND_REAL: return "a finite number";
    case KIND_SIMILARITY: return "\"cosine\" or \"dot\"";
    case KIND_FALLBACK: return "\"popular\"";
    case KIND_NEW_ITEMS: return "a list of objects in JSON";
    }
    return "?";
}

/* Whether `name` is a word of `list`. */
static bool lists(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *word = list; *word; word += strcspn(word, " "), word += *word == ' ')
        if (strcspn(word, " ") == length && strncmp(word, name, length) == 0)
            return true;
    return false;
}

static const struct parameter *find(const char *accepted, const char *name, struct failure *failure)
{
    for (size_t i = 0; i < sizeof table / sizeof *table && lists(accepted, name); i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    refuse(failure, 400, "there is no parameter '%.64s' here, only: %s", name, accepted);
    return NULL;
}

/* Take over a value; NULL: it is not of the parameter's kind. */
static bool set(json_t *parameters, const struct parameter *parameter, json_t *value,
                struct failure *failure)
{
    if (!value)
        return refuse(failure, 400, "'%s' must be %s", parameter->name, kind_text(parameter->kind));
    if (json_object_get(parameters, parameter->name)) {
        json_decref(value);
        return refuse(failure, 400, "'%s' is given twice", parameter->name);
    }
    return json_object_set_new(parameters, parameter->name, value) == 0 || refuse_memory(failure);
}

static json_t *whole_from_text(const char *text, size_t least, size_t most)
{
    size_t number;
    return read_number(text, least, most, &number) ? json_integer((json_int_t)number) : NULL;
}

static json_t *flag_from_text(const char *text)
{
    bool yes = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
    bool no = strcmp(text, "false") == 0 || strcmp(text, "0") == 0;
    return yes || no ? json_boolean(yes) : NULL;
}

static json_t *real_from_text(const char *text)
{
    double value;
    const char *end = read_real(text, &value);
    return end && !*end && isfinite(value) ? json_real(value) : NULL;
}

static json_t *fallback_from_text(const char *text)
{
    return strcmp(text, "popular") == 0 ? json_string(text) : NULL;
}

static json_t *similarity_from_text(const char *text)
{
    return strcmp(text, "cosine") == 0 || strcmp(text, "dot") == 0 ? json_string(text) : NULL;
}

/* A list of objects, whose members are looked at by those who use them. */
static json_t *new_items_from_json(json_t *value)
{
    bool good = json_is_array(value);
    for (size_t i = 0; good && i < json_array_size(value); i++)
        good = json_is_object(json_array_get(value, i));
    return good ? json_incref(value) : NULL;
}

static json_t *new_items_from_text(const char *text)
{
    json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    json_t *items = new_items_from_json(value);
    json_decref(value);
    return items;
}

static json_t *value_from_text(enum kind kind, const char *text)
{
    switch (kind) {
    case KIND_ID: return json_string(text);
    case KIND_IDS: return json_pack("[s]", text);
    case KIND_COUNT: return whole_from_text(text, 1, INT32_MAX);
    case KIND_SEED: return whole_from_text(text, 0, INT64_MAX);
    case KIND_FLAG: return flag_from_text(text);
    case KIND_REAL: return real_from_text(text);
    case KIND_SIMILARITY: return similarity_from_text(text);
    case KIND_FALLBACK: return fallback_from_text(text);
    case KIND_NEW_ITEMS: return new_items_from_text(text);
    }
    return NULL;
}

bool parameters_add_text(json_t *parameters, const char *accepted, const char *name,
                         const char *value, struct failure *failure)
{
    const struct parameter *parameter = find(accepted, name, failure);
    if (!parameter)
        return false;
    json_t *list = json_object_get(parameters, name);
    if (list && parameter->kind == KIND_IDS) /* one more of a list */
        return json_array_append_new(list, json_string(value)) == 0 ||
               refuse(failure, 400, "'%s' must be %s", name, kind_text(KIND_ID));
    return set(parameters, parameter, value_from_text(parameter->kind, value), failure);
}

/* An id given as text or as a whole number, as text. */
static json_t *id_from_json(const json_t *value)
{
    if (json_is_string(value))
        return json_string(json_string_value(value));
    return json_is_integer(value) ? json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value))
                                  : NULL;
}

static json_t *ids_from_json(const json_t *value)
{
    json_t *list = json_is_array(value) ? json_array() : NULL;
    for (size_t i = 0; list && i < json_array_size(value); i++)
        if (json_array_append_new(list, id_from_json(json_array_get(value, i))) != 0) {
            json_decref(list);
            list = NULL;
        }
    return list;
}

static json_t *value_from_json(enum kind kind, json_t *value)
{
    switch (kind) {
    case KIND_ID: return id_from_json(value);
    case KIND_IDS: return ids_from_json(value);
    case KIND_COUNT:
        return json_is_integer(value) && json_integer_value(value) >= 1 ? json_incref(value) : NULL;
    case KIND_SEED:
        return json_is_integer(value) && json_integer_value(value) >= 0 ? json_incref(value) : NULL;
    case KIND_FLAG: return json_is_boolean(value) ? json_incref(value) : NULL;
    case KIND_REAL: return json_is_number(value) ? json_incref(value) : NULL;
    case KIND_SIMILARITY:
        return json_is_string(value) ? similarity_from_text(json_string_value(value)) : NULL;
    case KIND_FALLBACK:
        return json_is_string(value) ? fallback_from_text(json_string_value(value)) : NULL;
    case KIND_NEW_ITEMS: return new_items_from_json(value);
    }
    return NULL;
}

bool parameters_add_body(json_t *parameters, const char *accepted, const char *body, size_t size,
                         struct failure *failure)
{
    json_error_t error;
    json_t *object = json_loadb(body, size, JSON_REJECT_DUPLICATES, &error);
    if (!object)
        return refuse(failure, 400, "the body is not JSON: %s (line %d, column %d)", error.text,
                      error.line, error.column);
    bool good = json_is_object(object) || refuse(failure, 400, "the body is not a JSON object");
    for (void *at = json_object_iter(object); good && at; at = json_object_iter_next(object, at)) {
        const struct parameter *parameter = find(accepted, json_object_iter_key(at), failure);
        good =
            parameter && set(parameters, parameter,
                             value_from_json(parameter->kind, json_object_iter_value(at)), failure);
    }
    json_decref(object);
    return good;
}

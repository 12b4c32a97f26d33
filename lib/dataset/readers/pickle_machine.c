/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/pickle_machine.h"

#include <string.h>

#include "base/status.h"
#include "base/utf8.h"
#include "dataset/readers/pickle_objects.h"

/* A matrix takes some 150 instructions. These limits bound time and memory for hostile files. */
enum { max_steps = 4000, max_memo = 1024 };

struct machine {
    struct diffmm__pickle *pickle;
    size_t position; /* of what is read next */
    size_t frame;    /* where the present frame ends; not beyond `position` where there is none */
    struct diffmm__pickle_value *stack, *memo; /* an unused place of memo is a mark */
    size_t depth;
    size_t memo_count; /* places used: MEMOIZE takes the next */
};

/* `size` bytes after the present position; NULL, with the failure set, if there are not so many. */
static const unsigned char *take(struct machine *machine, uint64_t size)
{
    size_t left = machine->pickle->size - machine->position;
    if (size > left) {
        diffmm__pickle_fail(machine->pickle, "%llu bytes belong here, but only %zu remain",
                            (unsigned long long)size, left);
        return NULL;
    }
    if (machine->position < machine->frame && size > machine->frame - machine->position) {
        diffmm__pickle_fail(machine->pickle, "it reaches beyond its frame");
        return NULL;
    }
    const unsigned char *bytes = machine->pickle->bytes + machine->position;
    machine->position += (size_t)size;
    return bytes;
}

/* A little-endian number of up to 8 bytes. */
static bool take_number(struct machine *machine, size_t size, uint64_t *number)
{
    const unsigned char *bytes = take(machine, size);
    if (!bytes)
        return false;
    *number = 0;
    for (size_t i = size; i-- > 0;)
        *number = *number << 8 | bytes[i];
    return true;
}

/* Two's complement of `size` bytes, 0 to 8. */
static int64_t signed_number(uint64_t number, size_t size)
{
    if (size > 0 && size < 8 && number >> (8 * size - 1))
        number |= ~UINT64_C(0) << (8 * size);
    int64_t result;
    memcpy(&result, &number, sizeof result);
    return result;
}

static diffmm_status push(struct machine *machine, struct diffmm__pickle_value value)
{
    /* There is room for as many values as there are steps. */
    machine->stack[machine->depth++] = value;
    return DIFFMM_OK;
}

static diffmm_status push_integer(struct machine *machine, int64_t integer)
{
    return push(machine,
                (struct diffmm__pickle_value){.kind = DIFFMM__PICKLE_INTEGER, .integer = integer});
}

static diffmm_status push_boolean(struct machine *machine, bool boolean)
{
    return push(machine,
                (struct diffmm__pickle_value){.kind = DIFFMM__PICKLE_BOOLEAN, .integer = boolean});
}

static diffmm_status push_number(struct machine *machine, size_t size, bool is_signed)
{
    uint64_t number;
    if (!take_number(machine, size, &number))
        return DIFFMM_ERROR_FORMAT;
    return push_integer(machine, signed_number(number, is_signed ? size : 8));
}

/* LONG1: an integer with its size before it. */
static diffmm_status push_long(struct machine *machine)
{
    uint64_t size;
    if (!take_number(machine, 1, &size))
        return DIFFMM_ERROR_FORMAT;
    if (size > 8)
        return diffmm__pickle_fail(machine->pickle, "an integer of %d bytes is too large",
                                   (int)size);
    return push_number(machine, (size_t)size, true);
}

/* Whether a text is UTF-8; it may hold NULs. */
static bool is_text(const unsigned char *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        size_t length = bytes[at] == 0 ? 1 : diffmm__utf8_size((const char *)bytes + at, size - at);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

/* A string or bytes with a size of `width` bytes before it. */
static diffmm_status push_bytes(struct machine *machine, enum diffmm__pickle_kind kind,
                                size_t width)
{
    uint64_t size;
    if (!take_number(machine, width, &size))
        return DIFFMM_ERROR_FORMAT;
    const unsigned char *bytes = take(machine, size);
    if (!bytes)
        return DIFFMM_ERROR_FORMAT;
    if (kind == DIFFMM__PICKLE_TEXT && !is_text(bytes, (size_t)size))
        return diffmm__pickle_fail(machine->pickle, "a text is not UTF-8");
    return push(machine,
                (struct diffmm__pickle_value){.kind = kind, .bytes = bytes, .size = (size_t)size});
}

/* The topmost `count` values, none of them a mark; NULL, with the failure set, if they are not. */
static struct diffmm__pickle_value *top(const struct machine *machine, size_t count)
{
    for (size_t i = 1; i <= count; i++)
        if (machine->depth < i || machine->stack[machine->depth - i].kind == DIFFMM__PICKLE_MARK) {
            diffmm__pickle_fail(machine->pickle, "the stack has too few values");
            return NULL;
        }
    return machine->stack + machine->depth - count;
}

/* How many values lie above the topmost mark. */
static diffmm_status count_to_mark(const struct machine *machine, size_t *count)
{
    for (size_t i = machine->depth; i-- > 0;)
        if (machine->stack[i].kind == DIFFMM__PICKLE_MARK) {
            *count = machine->depth - i - 1;
            return DIFFMM_OK;
        }
    return diffmm__pickle_fail(machine->pickle, "the stack has no mark");
}

/* Replaces the topmost `count` values, and `marks` marks below them, by a tuple. */
static diffmm_status make_tuple(struct machine *machine, size_t count, size_t marks)
{
    const struct diffmm__pickle_value *members = top(machine, count);
    if (!members)
        return DIFFMM_ERROR_FORMAT;
    struct diffmm__pickle_value tuple = {.kind = DIFFMM__PICKLE_TUPLE, .size = count};
    tuple.members = diffmm__arena_take(&machine->pickle->arena, count, sizeof *members);
    if (!tuple.members)
        return DIFFMM_ERROR_NO_MEMORY;
    memcpy(tuple.members, members, count * sizeof *members);
    machine->depth -= count + marks;
    return push(machine, tuple);
}

static diffmm_status make_marked_tuple(struct machine *machine)
{
    size_t count = 0;
    diffmm_status status = count_to_mark(machine, &count);
    return status ? status : make_tuple(machine, count, 1);
}

/* SETITEM, SETITEMS: `count` keys and values, and `marks` marks, above a dictionary. */
static diffmm_status set_items(struct machine *machine, size_t count, size_t marks)
{
    struct diffmm__pickle_value *values = top(machine, count);
    if (!values)
        return DIFFMM_ERROR_FORMAT;
    if (count % 2 || machine->depth <= count + marks ||
        (values - marks)[-1].kind != DIFFMM__PICKLE_DICT)
        return diffmm__pickle_fail(machine->pickle, "there is no dictionary to fill");
    for (size_t i = 0; i < count; i += 2) {
        diffmm_status status = diffmm__pickle_objects_set(machine->pickle, values - marks - 1,
                                                          &values[i], &values[i + 1]);
        if (status)
            return status;
    }
    machine->depth -= count + marks;
    return DIFFMM_OK;
}

static diffmm_status set_marked_items(struct machine *machine)
{
    size_t count = 0;
    diffmm_status status = count_to_mark(machine, &count);
    return status ? status : set_items(machine, count, 1);
}

/* REDUCE and NEWOBJ: a name and a tuple of arguments become a value. */
static diffmm_status call(struct machine *machine,
                          diffmm_status (*make)(struct diffmm__pickle *pickle,
                                                const struct diffmm__pickle_value *name,
                                                const struct diffmm__pickle_value *arguments,
                                                struct diffmm__pickle_value *out))
{
    const struct diffmm__pickle_value *values = top(machine, 2);
    struct diffmm__pickle_value made = {0};
    if (!values)
        return DIFFMM_ERROR_FORMAT;
    if (values[0].kind != DIFFMM__PICKLE_NAME || values[1].kind != DIFFMM__PICKLE_TUPLE)
        return diffmm__pickle_fail(machine->pickle, "it calls something that is not a name");
    diffmm_status status = make(machine->pickle, &values[0], &values[1], &made);
    if (status)
        return status;
    machine->depth -= 2;
    return push(machine, made);
}

static diffmm_status build(struct machine *machine)
{
    struct diffmm__pickle_value *values = top(machine, 2);
    if (!values)
        return DIFFMM_ERROR_FORMAT;
    diffmm_status status = diffmm__pickle_objects_build(machine->pickle, &values[0], &values[1]);
    machine->depth--;
    return status;
}

/* GLOBAL: module and name, a line each. */
static diffmm_status push_global(struct machine *machine)
{
    const char *text[2];
    size_t size[2];
    for (int i = 0; i < 2; i++) {
        const unsigned char *begin = machine->pickle->bytes + machine->position;
        const unsigned char *end = memchr(begin, '\n', machine->pickle->size - machine->position);
        if (!end)
            return diffmm__pickle_fail(machine->pickle, "a name has no end");
        text[i] = (const char *)begin;
        size[i] = (size_t)(end - begin);
        if (!take(machine, size[i] + 1))
            return DIFFMM_ERROR_FORMAT;
    }
    struct diffmm__pickle_value name;
    diffmm_status status =
        diffmm__pickle_objects_lookup(machine->pickle, text[0], size[0], text[1], size[1], &name);
    return status ? status : push(machine, name);
}

/* STACK_GLOBAL: module and name from the stack. */
static diffmm_status push_stack_global(struct machine *machine)
{
    const struct diffmm__pickle_value *text = top(machine, 2);
    if (!text)
        return DIFFMM_ERROR_FORMAT;
    if (text[0].kind != DIFFMM__PICKLE_TEXT || text[1].kind != DIFFMM__PICKLE_TEXT)
        return diffmm__pickle_fail(machine->pickle, "a name is not a text");
    struct diffmm__pickle_value name;
    diffmm_status status =
        diffmm__pickle_objects_lookup(machine->pickle, (const char *)text[0].bytes, text[0].size,
                                      (const char *)text[1].bytes, text[1].size, &name);
    if (status)
        return status;
    machine->depth -= 2;
    return push(machine, name);
}

static diffmm_status store(struct machine *machine, uint64_t index)
{
    const struct diffmm__pickle_value *value = top(machine, 1);
    if (!value)
        return DIFFMM_ERROR_FORMAT;
    if (index >= max_memo)
        return diffmm__pickle_fail(machine->pickle, "it remembers more values than a matrix needs");
    machine->memo_count += machine->memo[index].kind == DIFFMM__PICKLE_MARK; /* a place unused */
    machine->memo[index] = *value;
    return DIFFMM_OK;
}

static diffmm_status store_at(struct machine *machine, size_t width)
{
    uint64_t index;
    return take_number(machine, width, &index) ? store(machine, index) : DIFFMM_ERROR_FORMAT;
}

static diffmm_status fetch(struct machine *machine, size_t width)
{
    uint64_t index;
    if (!take_number(machine, width, &index))
        return DIFFMM_ERROR_FORMAT;
    if (index >= max_memo || machine->memo[index].kind == DIFFMM__PICKLE_MARK)
        return diffmm__pickle_fail(machine->pickle, "it asks for value %llu, which it never stored",
                                   (unsigned long long)index);
    return push(machine, machine->memo[index]);
}

static diffmm_status pop(struct machine *machine)
{
    if (machine->depth == 0)
        return diffmm__pickle_fail(machine->pickle, "the stack has too few values");
    machine->depth--;
    return DIFFMM_OK;
}

static diffmm_status push_dict(struct machine *machine)
{
    struct diffmm__pickle_value dict;
    diffmm_status status = diffmm__pickle_objects_dict(machine->pickle, &dict);
    return status ? status : push(machine, dict);
}

static diffmm_status push_kind(struct machine *machine, enum diffmm__pickle_kind kind)
{
    return push(machine, (struct diffmm__pickle_value){.kind = kind});
}

static diffmm_status skip(struct machine *machine, size_t size)
{
    return take(machine, size) ? DIFFMM_OK : DIFFMM_ERROR_FORMAT;
}

static diffmm_status check_protocol(struct machine *machine)
{
    uint64_t protocol;
    if (!take_number(machine, 1, &protocol))
        return DIFFMM_ERROR_FORMAT;
    if (protocol < 2 || protocol > 5)
        return diffmm__fail(DIFFMM_ERROR_VERSION, "%s: pickle protocol %d is not read, only 2 to 5",
                            machine->pickle->path, (int)protocol);
    return DIFFMM_OK;
}

/* FRAME: so many bytes follow, whose end no instruction crosses. */
static diffmm_status begin_frame(struct machine *machine)
{
    uint64_t size;
    if (!take_number(machine, 8, &size))
        return DIFFMM_ERROR_FORMAT;
    size_t position = machine->position;
    if (!take(machine, size))
        return DIFFMM_ERROR_FORMAT;
    if (position >= machine->frame)
        machine->frame = machine->position;
    machine->position = position;
    return DIFFMM_OK;
}

static diffmm_status execute(struct machine *machine, unsigned char code)
{
    switch (code) {
    case 0x80: return check_protocol(machine);
    case 0x95: return begin_frame(machine);
    case '(': return push_kind(machine, DIFFMM__PICKLE_MARK);
    case '0': return pop(machine);
    case 'N': return push_kind(machine, DIFFMM__PICKLE_NONE);
    case 0x88: return push_boolean(machine, true);
    case 0x89: return push_boolean(machine, false);
    case 'K': return push_number(machine, 1, false);
    case 'M': return push_number(machine, 2, false);
    case 'J': return push_number(machine, 4, true);
    case 0x8a: return push_long(machine);
    case 'G':
        return skip(machine, 8) ? DIFFMM_ERROR_FORMAT : push_kind(machine, DIFFMM__PICKLE_OTHER);
    case 0x8c: return push_bytes(machine, DIFFMM__PICKLE_TEXT, 1);
    case 'X': return push_bytes(machine, DIFFMM__PICKLE_TEXT, 4);
    case 0x8d: return push_bytes(machine, DIFFMM__PICKLE_TEXT, 8);
    case 'U': return push_bytes(machine, DIFFMM__PICKLE_STRING, 1);
    case 'T': return push_bytes(machine, DIFFMM__PICKLE_STRING, 4);
    case 'C': return push_bytes(machine, DIFFMM__PICKLE_BYTES, 1);
    case 'B': return push_bytes(machine, DIFFMM__PICKLE_BYTES, 4);
    case 0x8e: return push_bytes(machine, DIFFMM__PICKLE_BYTES, 8);
    case 0x96: return push_bytes(machine, DIFFMM__PICKLE_BYTEARRAY, 8);
    case ')': return make_tuple(machine, 0, 0);
    case 0x85: return make_tuple(machine, 1, 0);
    case 0x86: return make_tuple(machine, 2, 0);
    case 0x87: return make_tuple(machine, 3, 0);
    case 't': return make_marked_tuple(machine);
    case '}': return push_dict(machine);
    case 's': return set_items(machine, 2, 0);
    case 'u': return set_marked_items(machine);
    case 'c': return push_global(machine);
    case 0x93: return push_stack_global(machine);
    case 'R': return call(machine, diffmm__pickle_objects_call);
    case 0x81: return call(machine, diffmm__pickle_objects_new);
    case 'b': return build(machine);
    case 'q': return store_at(machine, 1);
    case 'r': return store_at(machine, 4);
    case 0x94: return store(machine, machine->memo_count);
    case 'h': return fetch(machine, 1);
    case 'j': return fetch(machine, 4);
    default:
        return diffmm__pickle_fail(machine->pickle,
                                   "instruction 0x%02x is not one that a scipy matrix needs", code);
    }
}

static diffmm_status run(struct machine *machine, struct diffmm__pickle_value *out)
{
    for (size_t i = 0; i < max_steps; i++) {
        machine->pickle->step = machine->position;
        const unsigned char *code = take(machine, 1);
        if (!code)
            return DIFFMM_ERROR_FORMAT;
        if (i == 0 && *code != 0x80)
            return diffmm__pickle_fail(machine->pickle, "this is not a pickle of protocol 2 to 5");
        if (*code == '.') {
            const struct diffmm__pickle_value *value = top(machine, 1);
            if (!value)
                return DIFFMM_ERROR_FORMAT;
            *out = *value;
            return DIFFMM_OK;
        }
        diffmm_status status = execute(machine, *code);
        if (status)
            return status;
    }
    return diffmm__pickle_fail(machine->pickle, "it has more instructions than a matrix needs");
}

diffmm_status diffmm__pickle_machine_run(struct diffmm__pickle *pickle,
                                         struct diffmm__pickle_value *out)
{
    struct machine machine = {.pickle = pickle};
    machine.stack = diffmm__arena_take(&pickle->arena, max_steps, sizeof *machine.stack);
    machine.memo = diffmm__arena_take_zero(&pickle->arena, max_memo, sizeof *machine.memo);
    return pickle->arena.failed ? DIFFMM_ERROR_NO_MEMORY : run(&machine, out);
}

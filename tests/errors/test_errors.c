/* SPDX-License-Identifier: BSD-2-Clause */
/* Every public function with what a caller may get wrong: NULL in the place of each pointer, and
 * for numbers, arrays, texts and structs what the table says. A refused call returns the status
 * that is expected, says what was wrong, leaves its outputs untouched and its handles usable. The
 * test fails where tests/abi/symbols.txt names a function that is not in the table. */
#include <ctype.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/failure.h"
#include "world.h"

/* What an untouched output holds. A struct's room is larger than the struct: a later version's. */
enum { untouched = 0x5a, later = 16 };

static size_t room_of(const struct argument *argument)
{
    bool grows = argument->kind == SETTINGS || argument->kind == FILLED;
    return argument->kind == MADE ? sizeof(void *) : argument->bytes + (grows ? later : 0);
}

static bool is_block(enum kind kind)
{
    return kind == DATA || kind == OUT || kind == SETTINGS || kind == FILLED || kind == MADE;
}

static bool is_handle(enum kind kind)
{
    return kind >= CONTEXT;
}

static bool is_pointer(enum kind kind)
{
    return is_block(kind) || is_handle(kind) || kind == TEXT || kind == CALLBACK;
}

/* As the call finds it. */
static void fill_block(const struct argument *argument, const void *content, unsigned char *block)
{
    memset(block, argument->kind == SETTINGS ? 0 : untouched, room_of(argument));
    if (argument->kind == FILLED)
        memcpy(block, &argument->bytes, sizeof argument->bytes);
    if (content)
        memcpy(block, content, argument->bytes);
}

/* The good arguments of a call, and a copy of each block. */
struct call {
    const struct entry *entry;
    size_t count;
    union value values[most_arguments];
    void *blocks[most_arguments], *before[most_arguments];
};

static void call_begin(struct call *call, const struct entry *entry)
{
    *call = (struct call){.entry = entry};
    for (; call->count < most_arguments && entry->arguments[call->count].name; call->count++) {
        const struct argument *argument = &entry->arguments[call->count];
        size_t i = call->count;
        call->values[i] = argument->good;
        if (is_handle(argument->kind))
            call->values[i].p = world_make(argument->kind);
        if (!is_block(argument->kind))
            continue;
        call->values[i].p = call->blocks[i] = malloc(room_of(argument));
        call->before[i] = malloc(room_of(argument));
        fill_block(argument, argument->good.in, call->blocks[i]);
    }
}

static void remember(struct call *call)
{
    for (size_t i = 0; i < call->count; i++)
        if (call->blocks[i])
            memcpy(call->before[i], call->blocks[i], room_of(&call->entry->arguments[i]));
}

static const char *first_touched(const struct call *call)
{
    for (size_t i = 0; i < call->count; i++)
        if (call->blocks[i] &&
            memcmp(call->before[i], call->blocks[i], room_of(&call->entry->arguments[i])) != 0)
            return call->entry->arguments[i].name;
    return NULL;
}

static void end_made(struct call *call)
{
    for (size_t i = 0; i < call->count; i++)
        if (call->entry->arguments[i].kind == MADE && call->values[i].p) {
            world_end(call->entry->arguments[i].made, *(void **)call->values[i].p);
            memset(call->values[i].p, untouched, sizeof(void *));
        }
}

static void call_end(struct call *call, bool called)
{
    for (size_t i = 0; i < call->count; i++) {
        const struct argument *argument = &call->entry->arguments[i];
        if (is_handle(argument->kind) && !(called && argument->ends))
            world_end(argument->kind, call->values[i].p);
        free(call->blocks[i]);
        free(call->before[i]);
    }
}

/* The text of another failure, so that a function that says nothing is noticed. */
static void spoil_message(void)
{
    diffmm_dataset *none = NULL;
    ck_assert_int_eq(diffmm_dataset_seal(none), DIFFMM_ERROR_INVALID_ARGUMENT);
}

/* Call, and end what was made. What is refused must say why and touch nothing. */
static void make_call(struct call *call, const char *what, int wanted, const char *says)
{
    char stale[512];
    const char *name = call->entry->name;
    spoil_message();
    strcpy(stale, diffmm_error_message());
    remember(call);
    int got = (int)call->entry->call(call->values);
    ck_assert_msg(got == wanted, "%s, %s: %s, not %s (%s)", name, what,
                  diffmm_status_name((diffmm_status)got), diffmm_status_name((diffmm_status)wanted),
                  diffmm_error_message());
    ck_assert_msg(!call->entry->silent || strcmp(stale, diffmm_error_message()) == 0,
                  "%s, %s: the text of an earlier failure became '%s'", name, what,
                  diffmm_error_message());
    if (got == DIFFMM_OK) {
        end_made(call);
        return;
    }
    const char *touched = first_touched(call);
    ck_assert_msg(touched == NULL, "%s, %s: '%s' was touched", name, what, touched);
    if (call->entry->silent)
        return;
    ck_assert_msg(strstr(diffmm_error_message(), says) != NULL, "%s, %s: no '%s' in '%s'", name,
                  what, says, diffmm_error_message());
    ck_assert_msg(strcmp(stale, diffmm_error_message()) != 0 || strcmp(says, "dataset") == 0,
                  "%s, %s: no message", name, what);
}

/* One argument replaced; and, where that was refused, the good call with the same handles. */
static void try_value(const struct entry *entry, size_t index, const char *what, union value value,
                      int wanted, const char *says)
{
    struct call call;
    call_begin(&call, entry);
    union value good = call.values[index];
    call.values[index] = value;
    make_call(&call, what, wanted, says ? says : entry->arguments[index].name);
    call.values[index] = good;
    if (wanted != DIFFMM_OK)
        make_call(&call, "the good call after a refused one", DIFFMM_OK, "");
    else if (entry->arguments[index].ends) /* not with that call, which had another value */
        world_end(entry->arguments[index].kind, good.p);
    call_end(&call, true);
}

static void try_null(const struct entry *entry, size_t index)
{
    char what[80];
    const struct argument *argument = &entry->arguments[index];
    snprintf(what, sizeof what, "'%s' NULL", argument->name);
    try_value(entry, index, what, (union value){.p = NULL},
              argument->optional ? DIFFMM_OK : DIFFMM_ERROR_INVALID_ARGUMENT, NULL);
}

/* Other content in a block, at its place: blocks are of just the size that the call may use. */
static void try_content(const struct entry *entry, size_t index, const char *what,
                        const void *content, size_t size, int wanted, const char *says)
{
    struct call call;
    call_begin(&call, entry);
    unsigned char *block = call.blocks[index], *good = malloc(room_of(&entry->arguments[index]));
    memcpy(good, block, room_of(&entry->arguments[index]));
    memcpy(block, content, size);
    make_call(&call, what, wanted, says ? says : entry->arguments[index].name);
    if (wanted != DIFFMM_OK) {
        memcpy(block, good, room_of(&entry->arguments[index]));
        make_call(&call, "the good call after a refused one", DIFFMM_OK, "");
    }
    free(good);
    call_end(&call, true);
}

static void try_others(const struct entry *entry, size_t index)
{
    const struct argument *argument = &entry->arguments[index];
    for (size_t o = 0; o < most_others; o++) {
        const struct other *other = &argument->others[o];
        char what[80];
        if (other->status == 0 && !other->says)
            continue;
        snprintf(what, sizeof what, "'%s', value %zu", argument->name, o);
        if (is_block(argument->kind))
            try_content(entry, index, what, other->value.in, argument->bytes, other->status,
                        other->says);
        else
            try_value(entry, index, what, other->value, other->status, other->says);
    }
}

/* Sizes that no version can have had; that of a later one, whose new members are 0 or not. */
static void try_sizes(const struct entry *entry, size_t index)
{
    const struct argument *argument = &entry->arguments[index];
    static const size_t impossible[] = {1, sizeof(size_t) - 1, 65537, (size_t)-1};
    for (size_t i = 0; i < sizeof impossible / sizeof *impossible; i++)
        try_content(entry, index, "an impossible struct_size", &impossible[i], sizeof(size_t),
                    DIFFMM_ERROR_INVALID_ARGUMENT, "struct_size");
    const size_t larger = argument->bytes + later, none = 0;
    try_content(entry, index, "struct_size 0", &none, sizeof none, DIFFMM_OK, NULL);
    try_content(entry, index, "a later struct_size", &larger, sizeof larger, DIFFMM_OK, NULL);
    if (argument->kind != SETTINGS)
        return;
    unsigned char content[512] = {0};
    ck_assert_uint_le(larger, sizeof content);
    memcpy(content, argument->good.in, argument->bytes);
    memcpy(content, &larger, sizeof larger);
    content[larger - 1] = 1;
    try_content(entry, index, "a member that is not known", content, larger,
                DIFFMM_ERROR_INVALID_ARGUMENT, "does not know");
}

static void try_entry(const struct entry *entry)
{
    struct call call;
    call_begin(&call, entry);
    make_call(&call, "the good call", DIFFMM_OK, "");
    call_end(&call, true);
    for (size_t i = 0; i < most_arguments && entry->arguments[i].name; i++) {
        enum kind kind = entry->arguments[i].kind;
        if (is_pointer(kind))
            try_null(entry, i);
        if (kind == SETTINGS || kind == FILLED)
            try_sizes(entry, i);
        try_others(entry, i);
    }
}

static struct table (*const tables[])(void) = {
    table_base,    table_arrays,  table_diffusion, table_dataset, table_model,
    table_trainer, table_serving, table_growth,    table_module,  table_rerank};
enum { table_count = sizeof tables / sizeof *tables };

/* Each function is a test of its own: _i counts them through all tables. */
START_TEST(every_argument)
{
    size_t number = (size_t)_i, t = 0;
    for (; number >= tables[t]().count; t++)
        number -= tables[t]().count;
    try_entry(&tables[t]().entries[number]);
}
END_TEST

static size_t entry_count(void)
{
    size_t count = 0;
    for (size_t t = 0; t < table_count; t++)
        count += tables[t]().count;
    return count;
}

static const struct entry *find_entry(const char *name)
{
    for (size_t t = 0; t < table_count; t++) {
        struct table table = tables[t]();
        for (size_t e = 0; e < table.count; e++)
            if (strcmp(table.entries[e].name, name) == 0)
                return &table.entries[e];
    }
    return NULL;
}

static const char *symbols; /* the path of tests/abi/symbols.txt */

START_TEST(every_function_is_in_a_table)
{
    FILE *list = fopen(symbols, "r");
    ck_assert_msg(list != NULL, "%s", symbols);
    char name[128], version[32];
    size_t count = 0;
    for (; fscanf(list, "%127s %31s", name, version) == 2; count++)
        ck_assert_msg(find_entry(name) != NULL, "%s is in no table: tests/errors/table_*.c", name);
    fclose(list);
    ck_assert_uint_gt(count, 100);
}
END_TEST

static const char *headers; /* the folder of the public ones */

/* A function that a header declares with another result than a status says nothing: its entry must
 * be `silent`, for the calls to be held to that; and no other may be. */
START_TEST(who_returns_no_status_is_silent)
{
    size_t count = 0, silent = 0;
    char pattern[PATH_MAX];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/*.h", headers);
    ck_assert_int_eq(glob(pattern, 0, NULL, &found), 0);
    for (size_t h = 0; h < found.gl_pathc; h++) {
        static char text[1 << 17];
        FILE *header = fopen(found.gl_pathv[h], "r");
        ck_assert_msg(header != NULL, "%s", found.gl_pathv[h]);
        size_t size = fread(text, 1, sizeof text - 1, header);
        ck_assert_uint_lt(size, sizeof text - 1);
        fclose(header);
        text[size] = 0;
        for (char *at = text; (at = strstr(at, "\nDIFFMM_API ")) != NULL; count++) {
            char *open = strchr(at + 1, '('), *name = open;
            ck_assert_ptr_nonnull(open);
            while (isalnum((unsigned char)name[-1]) || name[-1] == '_')
                name--;
            *open = 0;
            const struct entry *entry = find_entry(name);
            bool status = strncmp(at, "\nDIFFMM_API diffmm_status", 25) == 0; /* then a blank */
            ck_assert_msg(entry != NULL && entry->silent != status, "%s is%s silent", name,
                          status ? "" : " not");
            silent += !status;
            at = open + 1;
        }
    }
    globfree(&found);
    ck_assert_uint_gt(count, 100);
    ck_assert_uint_gt(silent, 40);
}
END_TEST

int main(int argc, char **argv)
{
    symbols = argc > 1 ? realpath(argv[1], NULL) : NULL;
    headers = argc > 2 ? argv[2] : NULL;
    if (!symbols || !headers)
        return 1;
    TCase *cases = tcase_create("errors");
    tcase_add_unchecked_fixture(cases, world_open, world_close);
    with_traps(cases);
    tcase_add_loop_test(cases, every_argument, 0, (int)entry_count());
    tcase_add_test(cases, every_function_is_in_a_table);
    tcase_add_test(cases, who_returns_no_status_is_silent);
    int failed = run_case("errors", cases);
    free((void *)(uintptr_t)symbols);
    return failed != 0;
}

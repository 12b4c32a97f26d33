/* SPDX-License-Identifier: BSD-2-Clause */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "support/failure.h"
#include "support/folder.h"

enum { pattern = 0xa5 };

const struct fault_case *const fault_lists[] = {
    fault_data_cases,    fault_unit_cases,   fault_model_cases,  fault_file_cases,
    fault_serving_cases, fault_growth_cases, fault_module_cases, NULL};

const struct fault_case *fault_find(const char *name)
{
    for (const struct fault_case *const *list = fault_lists; *list; list++)
        for (const struct fault_case *one = *list; one->name; one++)
            if (strcmp(one->name, name) == 0)
                return one;
    ck_abort_msg("there is no case '%s'", name);
    return NULL;
}

static uint64_t hash; /* of the results under way */

void fault_hash_begin(void)
{
    hash = UINT64_C(0xcbf29ce484222325);
}

uint64_t fault_hash_end(void)
{
    return hash;
}

void fault_hash(const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    while (size > 0) { /* a word at a time */
        uint64_t word = 0;
        size_t length = size < sizeof word ? size : sizeof word;
        memcpy(&word, byte, length);
        hash = (hash ^ word) * UINT64_C(0x100000001b3);
        hash ^= hash >> 32;
        byte += length;
        size -= length;
    }
}

static void begin(struct fault_world *world, const struct fault_case *one)
{
    memset(&world->out, pattern, sizeof world->out);
    if (one->begin)
        one->begin(world);
}

static void end(struct fault_world *world, const struct fault_case *one, bool succeeded)
{
    if (succeeded && one->end)
        one->end(world);
    fault_release_inputs(world);
    *world = (struct fault_world){
        .settings = world->settings, .context = world->context, .folder = world->folder};
}

static uint64_t result(struct fault_world *world, const struct fault_case *one)
{
    fault_hash_begin();
    one->bits(world);
    return fault_hash_end();
}

/* Names and contents of a folder, whatever their order. */
static uint64_t folder_bits(const char *folder)
{
    uint64_t sum = 0;
    DIR *files = opendir(folder);
    ck_assert_ptr_nonnull(files);
    for (struct dirent *file; (file = readdir(files));) {
        char path[400];
        if (file->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, file->d_name);
        fault_hash_begin();
        fault_hash_text(file->d_name);
        fault_hash_file(path);
        sum += fault_hash_end();
    }
    closedir(files);
    return sum;
}

static bool untouched(const union fault_output *out)
{
    const unsigned char *bytes = (const unsigned char *)out;
    return bytes[0] == pattern && memcmp(bytes, bytes + 1, sizeof *out - 1) == 0;
}

/* One attempt with the n-th thing failing; whether it came to an n-th. Adds to *count if it failed.
 */
static bool attempt(const struct fault_kind *kind, const struct fault_case *one,
                    struct fault_world *world, size_t n, bool onwards, uint64_t wanted,
                    size_t *count)
{
    const char *way = onwards ? "from there on" : "once";
    size_t live = kind->live();
    begin(world, one);
    uint64_t files = folder_bits(world->folder);
    expect_invalid(diffmm_context_create(NULL, NULL), "out"); /* so that no message is left over */
    kind->arm(n, onwards);
    diffmm_status status = one->call(world);
    kind->arm(0, false);
    size_t failed = kind->failed(), came = kind->came();
    *count += failed > 0;
    const char *wrong = failed ? kind->judge(status, diffmm_error_message()) : NULL;
    ck_assert_msg(!wrong, "%s, %s %zu %s: %s (%s: %s)", one->name, kind->name, n, way, wrong,
                  diffmm_status_name(status), status ? diffmm_error_message() : "");
    ck_assert_msg(failed || status == DIFFMM_OK, "%s undisturbed: %s", one->name,
                  diffmm_error_message());
    if (status) {
        ck_assert_msg(untouched(&world->out), "%s, %s %zu %s: an output was touched", one->name,
                      kind->name, n, way);
        ck_assert_msg(folder_bits(world->folder) == files, "%s, %s %zu %s: the files have changed",
                      one->name, kind->name, n, way);
        status = one->call(world);
        ck_assert_msg(status == DIFFMM_OK, "%s, %s %zu %s: called again: %s", one->name, kind->name,
                      n, way, diffmm_error_message());
    }
    ck_assert_msg(result(world, one) == wanted, "%s, %s %zu %s: other bits", one->name, kind->name,
                  n, way);
    end(world, one, true);
    size_t left = kind->live(), lost = kind->lost ? kind->lost() : 0;
    ck_assert_msg(left >= live && left <= live + lost, "%s, %s %zu %s: %zu left that were %zu",
                  one->name, kind->name, n, way, left, live);
    return came >= n;
}

/* Undisturbed, twice: what is set up only once must not be taken for a leak. */
static uint64_t undisturbed(const struct fault_case *one, struct fault_world *world)
{
    uint64_t bits[2];
    for (int i = 0; i < 2; i++) {
        begin(world, one);
        expect_success(one->call(world));
        bits[i] = result(world, one);
        end(world, one, true);
    }
    ck_assert_msg(bits[0] == bits[1], "%s gives other bits each time", one->name);
    return bits[0];
}

static void begin_world(const struct fault_kind *kind, const char *folder, struct fault_world *out)
{
    *out = (struct fault_world){
        .settings = {.threads = 2, .allocate = kind->allocate, .release = kind->release},
        .folder = folder};
    expect_success(diffmm_context_create(&out->settings, &out->context));
}

size_t fault_step(void)
{
    const char *given = getenv("DIFFMM_FAULT_STEP");
    size_t step = given ? strtoul(given, NULL, 10) : 1;
    ck_assert_uint_ge(step, 1);
    return step;
}

static size_t drive(const struct fault_kind *kind, const struct fault_case *one, const char *folder,
                    int ways)
{
    size_t count = 0;
    struct fault_world world;
    begin_world(kind, folder, &world);
    uint64_t wanted = undisturbed(one, &world);
    for (int onwards = 0; onwards < ways; onwards++)
        for (size_t n = 1; attempt(kind, one, &world, n, onwards, wanted, &count);)
            n += fault_step();
    diffmm_context_destroy(world.context);
    return count;
}

size_t fault_drive_case(const struct fault_kind *kind, const struct fault_case *one,
                        const char *folder)
{
    return drive(kind, one, folder, 2);
}

size_t fault_drive_once(const struct fault_kind *kind, const struct fault_case *one,
                        const char *folder)
{
    return drive(kind, one, folder, 1);
}

uint64_t fault_bits(const struct fault_kind *kind, const struct fault_case *one, const char *folder)
{
    struct fault_world world;
    begin_world(kind, folder, &world);
    uint64_t bits = undisturbed(one, &world);
    diffmm_context_destroy(world.context);
    return bits;
}

void fault_drive(const struct fault_kind *kind, const struct fault_case *cases)
{
    struct folder folder = folder_begin();
    fault_files_begin(folder.path);
    for (const struct fault_case *one = cases; one->name; one++)
        printf("%6zu %s: %s\n", fault_drive_case(kind, one, folder.path), kind->name, one->name);
    folder_end(&folder);
}

void fault_drive_all(const struct fault_kind *kind)
{
    for (const struct fault_case *const *list = fault_lists; *list; list++)
        fault_drive(kind, *list);
}

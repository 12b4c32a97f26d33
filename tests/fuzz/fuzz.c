/* SPDX-License-Identifier: BSD-2-Clause */
/* Context, files and findings of the harnesses. */
#include "fuzz.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { most_files = 8, path_size = 128 };

static struct {
    size_t largest, live;
    enum fuzz_excess excess;
} memory;

static struct {
    char folder[path_size / 2];
    struct {
        char name[32];
        int descriptor;
    } files[most_files];
    size_t count;
} files;

void fuzz_check(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "finding: %s (last message: %s)\n", what, diffmm_error_message());
    abort();
}

static void *allocate(size_t size, void *user_data)
{
    (void)user_data;
    if (size > memory.largest) {
        if (memory.excess == FUZZ_REFUSE)
            return NULL;
        fprintf(stderr, "finding: %zu bytes are asked for, more than %zu\n", size, memory.largest);
        abort();
    }
    void *block = malloc(size);
    memory.live += block != NULL;
    return block;
}

static void release(void *pointer, void *user_data)
{
    (void)user_data;
    memory.live -= pointer != NULL;
    free(pointer);
}

/* Blocks that live between inputs: the context's own. */
static size_t permanent;

diffmm_context *fuzz_begin(size_t largest_allocation, enum fuzz_excess excess)
{
    static diffmm_context *context;
    if (!context) {
        memory.largest = SIZE_MAX;
        const diffmm_context_settings settings = {
            .struct_size = sizeof settings, .threads = 1, .allocate = allocate, .release = release};
        fuzz_check(diffmm_context_create(&settings, &context) == DIFFMM_OK, "there is no context");
        permanent = memory.live;
    }
    memory.largest = largest_allocation;
    memory.excess = excess;
    return context;
}

void fuzz_end(void)
{
    fuzz_check(memory.live == permanent, "memory is left");
}

diffmm_status fuzz_status(diffmm_status status)
{
    fuzz_check((int)status >= DIFFMM_OK && (int)status <= DIFFMM_ERROR_PEER, "no known status");
    fuzz_check(strcmp(diffmm_status_name(status), "unknown status") != 0, "a status has no name");
    fuzz_check(status == DIFFMM_OK || *diffmm_error_message(), "a failure has no message");
    return status;
}

static void remove_folder(void)
{
    for (size_t i = 0; i < files.count; i++)
        unlink(fuzz_path(files.files[i].name));
    rmdir(files.folder);
}

const char *fuzz_path(const char *name)
{
    static char path[path_size];
    if (!*files.folder) {
        snprintf(files.folder, sizeof files.folder, "/tmp/diffmm-fuzz-XXXXXX");
        fuzz_check(mkdtemp(files.folder) != NULL, "there is no temporary folder");
        atexit(remove_folder);
    }
    snprintf(path, sizeof path, "%s/%s", files.folder, name);
    return path;
}

/* A file in memory, with a link to it under the name. */
static int create_file(const char *name)
{
    char target[path_size];
    fuzz_check(files.count < most_files, "too many files");
    int descriptor = memfd_create("diffmm-fuzz", 0);
    fuzz_check(descriptor >= 0, "there is no file in memory");
    snprintf(target, sizeof target, "/proc/self/fd/%d", descriptor);
    fuzz_check(symlink(target, fuzz_path(name)) == 0, "there is no link");
    snprintf(files.files[files.count].name, sizeof files.files->name, "%s", name);
    files.files[files.count++].descriptor = descriptor;
    return descriptor;
}

const char *fuzz_file(const char *name, const uint8_t *data, size_t size)
{
    int descriptor = -1;
    for (size_t i = 0; i < files.count; i++)
        if (strcmp(files.files[i].name, name) == 0)
            descriptor = files.files[i].descriptor;
    if (descriptor < 0)
        descriptor = create_file(name);
    fuzz_check(ftruncate(descriptor, 0) == 0, "a file cannot be cut");
    for (size_t done = 0; done < size;) {
        ssize_t written = pwrite(descriptor, data + done, size - done, (off_t)done);
        fuzz_check(written > 0, "a file cannot be written");
        done += (size_t)written;
    }
    return fuzz_path(name);
}

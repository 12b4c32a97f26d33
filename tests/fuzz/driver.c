/* SPDX-License-Identifier: BSD-2-Clause */
/* A main without libFuzzer: runs the harness once for each file named, or in a folder named. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static size_t runs;

/* In a block of exactly its size, so that sanitisers see reads beyond it. */
static int run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return 0;
    long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    uint8_t *data = size >= 0 ? malloc((size_t)size + !size) : NULL;
    rewind(file);
    int good = data && fread(data, 1, (size_t)size, file) == (size_t)size;
    fclose(file);
    if (good) {
        LLVMFuzzerTestOneInput(data, (size_t)size);
        runs++;
    }
    free(data);
    return good;
}

static int run(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder)
        return run_file(path);
    int good = 1;
    for (const struct dirent *entry; (entry = readdir(folder));) {
        char name[1024];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (!run_file(name)) {
            fprintf(stderr, "%s cannot be read\n", name);
            good = 0;
        }
    }
    closedir(folder);
    return good;
}

int main(int count, char **paths)
{
    for (int i = 1; i < count; i++)
        if (!run(paths[i])) {
            fprintf(stderr, "%s cannot be read\n", paths[i]);
            return 1;
        }
    printf("%zu inputs\n", runs);
    return runs == 0;
}

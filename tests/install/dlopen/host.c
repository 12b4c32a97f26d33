/* SPDX-License-Identifier: BSD-2-Clause */
/* A host that loads the library at run time, uses it, and unloads it, again and again. Nothing of
 * it may be left in the process (but BLIS, which it keeps loaded, once), and memory must not grow.
 * usage: host LIBRARY PLUGIN ROUNDS
 *  PLUGIN  has train_small() of training.c; it may be LIBRARY itself */
#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "training.h"

/* Rounds until what is allocated once is allocated. */
enum { warm_up = 6 };

static void *need(void *found)
{
    if (!found) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    return found;
}

/* The number in a line "NAME: 123" of /proc/self/status. */
static long status_number(const char *name)
{
    char line[256];
    long number = -1;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
            number = strtol(line + strlen(name) + 1, NULL, 10);
    if (file)
        fclose(file);
    return number;
}

/* How many mappings of this process are of a file with such a name. */
static int mappings(const char *name)
{
    char line[4096];
    int count = 0;
    FILE *file = fopen("/proc/self/maps", "r");
    while (file && fgets(line, sizeof line, file))
        count += strstr(line, name) != NULL;
    if (file)
        fclose(file);
    return count;
}

static void at_most(const char *what, long found, long allowed)
{
    if (found > allowed) {
        fprintf(stderr, "%s: %ld, not at most %ld\n", what, found, allowed);
        exit(1);
    }
}

/* Load, fail once (which writes this thread's error text), train, recommend, unload. */
static uint64_t use_once(const char *library_path, const char *plugin_path)
{
    uint64_t checksum;
    diffmm_hit hits[5];
    void *library = need(dlopen(library_path, RTLD_NOW | RTLD_GLOBAL));
    void *plugin = need(dlopen(plugin_path, RTLD_NOW | RTLD_LOCAL));
    __typeof__(diffmm_error_message) *message;
    __typeof__(diffmm_context_create) *create;
    __typeof__(train_small) *train;
    *(void **)&message = need(dlsym(library, "diffmm_error_message"));
    *(void **)&create = need(dlsym(library, "diffmm_context_create"));
    *(void **)&train = need(dlsym(plugin, "train_small"));
    if (message()[0] != '\0' || create(NULL, NULL) == DIFFMM_OK || message()[0] == '\0') {
        fprintf(stderr, "the error text is not empty before the first failure, or after it\n");
        exit(1);
    }
    if (train(3, &checksum, hits)) {
        fprintf(stderr, "%s\n", message());
        exit(1);
    }
    dlclose(plugin);
    dlclose(library);
    return checksum;
}

int main(int argument_count, char **arguments)
{
    if (argument_count != 4)
        return 2;
    int rounds = atoi(arguments[3]);
    uint64_t first = 0;
    long resident = 0, reserved = 0;
    for (int round = 0; round < rounds; round++) {
        uint64_t checksum = use_once(arguments[1], arguments[2]);
        at_most("mappings of libdiffmm", mappings("libdiffmm"), 0);
        at_most("mappings of the plugin", mappings("plugin"), 0);
        at_most("threads", status_number("Threads"), 1);
        if (round == 0)
            first = checksum;
        at_most("rounds with other bits", checksum != first, 0);
        if (round == warm_up) {
            resident = status_number("VmRSS");
            reserved = status_number("VmSize");
        }
    }
    if (rounds > warm_up) {
        long grown = status_number("VmRSS") - resident;
        printf("%d rounds: %ld kB resident, %ld more than after %d; %d mappings of libblis\n",
               rounds, status_number("VmRSS"), grown, warm_up, mappings("libblis"));
        /* Without BLIS kept loaded it was 0.5 MB resident and 25 MB of addresses in each round. */
        at_most("kB of memory more than after the first rounds", grown, 4096);
        at_most("kB of addresses more than after the first rounds",
                status_number("VmSize") - reserved, 256 * 1024);
    }
    printf("model %016" PRIx64 "\n", first);
    return 0;
}

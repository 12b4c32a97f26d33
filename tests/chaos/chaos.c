/* SPDX-License-Identifier: BSD-2-Clause */
#include "chaos.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "faults/system.h"
#include "support/draws.h"

enum { most_mappings = 8, in_a_row = 3, places = 6 };

static struct {
    pthread_mutex_t lock; /* of all but the counters */
    struct mapping {
        unsigned char *bytes;
        size_t size;
    } mapping[most_mappings];
    struct draws draws;
    size_t chosen;
    atomic_size_t allocations, changes;
} chaos = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool read_all(int file, unsigned char *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t got = pread(file, bytes + done, size - done, (off_t)done);
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

static void *map(int file, size_t size)
{
    void *address = NULL;
    if (posix_memalign(&address, 64, size) != 0)
        return MAP_FAILED;
    size_t at = 0;
    pthread_mutex_lock(&chaos.lock);
    while (at < most_mappings && chaos.mapping[at].bytes)
        at++;
    bool good = at < most_mappings && read_all(file, address, size);
    if (good)
        chaos.mapping[at] = (struct mapping){address, size};
    pthread_mutex_unlock(&chaos.lock);
    if (good)
        return address;
    free(address);
    return MAP_FAILED;
}

static int unmap(void *address, size_t size)
{
    (void)size;
    pthread_mutex_lock(&chaos.lock);
    for (size_t i = 0; i < most_mappings; i++)
        if (chaos.mapping[i].bytes == address)
            chaos.mapping[i] = (struct mapping){0};
    free(address);
    pthread_mutex_unlock(&chaos.lock);
    return 0;
}

void chaos_install(void)
{
    fault_system.map = map;
    fault_system.unmap = unmap;
}

/* What numbers in files should not be. */
static int64_t wrong_number(struct draws *draws)
{
    static const int64_t numbers[] = {-1,        0,         1,         INT32_MAX,
                                      INT32_MIN, INT64_MAX, INT64_MIN, 1 << 20};
    size_t which = draw_below(draws, 1 + sizeof numbers / sizeof *numbers);
    return which < sizeof numbers / sizeof *numbers ? numbers[which] : (int64_t)draw_bits(draws);
}

/* A number of 4 or 8 bytes where one may be, a single byte, or one byte over a whole stretch. */
static void change_one(struct draws *draws, const struct mapping *mapping)
{
    static const unsigned char fillings[] = {0, 0x7f, 0xff, '"', ','};
    int64_t number = wrong_number(draws);
    size_t width = draw_below(draws, 2) ? 8 : 4, at = draw_below(draws, mapping->size);
    size_t stretch = 1 + draw_below(draws, 1 + mapping->size / 4);
    switch (draw_below(draws, 4)) {
    case 0: mapping->bytes[at] = (unsigned char)draw_bits(draws); break;
    case 1:
        stretch = stretch < mapping->size - at ? stretch : mapping->size - at;
        memset(mapping->bytes + at, fillings[draw_below(draws, sizeof fillings)], stretch);
        break;
    default:
        at -= at % width;
        if (mapping->size - at >= width)
            memcpy(mapping->bytes + at, &number, width);
    }
}

void chaos_change(void)
{
    pthread_mutex_lock(&chaos.lock);
    for (size_t i = 0; i < most_mappings; i++)
        for (size_t place = 0; chaos.mapping[i].bytes && place < places; place++) {
            change_one(&chaos.draws, &chaos.mapping[i]);
            chaos.changes++;
        }
    pthread_mutex_unlock(&chaos.lock);
}

void chaos_begin(size_t allocation, uint64_t seed)
{
    chaos.draws = (struct draws){seed};
    chaos.chosen = allocation;
    chaos.allocations = 0;
}

size_t chaos_allocations(void)
{
    return chaos.allocations;
}

size_t chaos_changes(void)
{
    return chaos.changes;
}

void *chaos_allocate(size_t size, void *user_data)
{
    (void)user_data;
    size_t number = atomic_fetch_add(&chaos.allocations, 1) + 1;
    if (chaos.chosen && number >= chaos.chosen && number < chaos.chosen + in_a_row)
        chaos_change();
    /* A changed file may claim much; so much is there on no machine that this was written for. */
    return size < (size_t)1 << 30 ? malloc(size) : NULL;
}

void chaos_release(void *pointer, void *user_data)
{
    (void)user_data;
    free(pointer);
}

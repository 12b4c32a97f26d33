/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/hash.h"

#include <sys/random.h>
#include <time.h>

/* Where the system gives no random bytes, take what others cannot easily know: addresses in memory,
 * and the clock. */
struct diffmm__hash_key diffmm__hash_key_draw(void)
{
    struct diffmm__hash_key key;
    if (getrandom(&key, sizeof key, GRND_NONBLOCK) != (ssize_t)sizeof key) {
        struct timespec now = {0};
        clock_gettime(CLOCK_MONOTONIC, &now);
        key.low = (uint64_t)(uintptr_t)&key ^ (uint64_t)now.tv_nsec << 32;
        key.high = (uint64_t)(uintptr_t)&diffmm__hash_key_draw ^ (uint64_t)now.tv_sec << 40;
    }
    return key;
}

struct state {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static void mix(struct state *s, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        s->v0 += s->v1;
        s->v2 += s->v3;
        s->v1 = rotate(s->v1, 13) ^ s->v0;
        s->v3 = rotate(s->v3, 16) ^ s->v2;
        s->v0 = rotate(s->v0, 32) + s->v3;
        s->v2 += s->v1;
        s->v3 = rotate(s->v3, 21) ^ s->v0;
        s->v1 = rotate(s->v1, 17) ^ s->v2;
        s->v2 = rotate(s->v2, 32);
    }
}

/* Up to eight bytes as a little-endian number. */
static uint64_t word(const unsigned char *bytes, size_t count)
{
    uint64_t word = 0;
    for (size_t i = 0; i < count; i++)
        word |= (uint64_t)bytes[i] << (8 * i);
    return word;
}

static void absorb(struct state *s, uint64_t word)
{
    s->v3 ^= word;
    mix(s, 2);
    s->v0 ^= word;
}

uint64_t diffmm__hash(struct diffmm__hash_key key, const void *bytes, size_t length)
{
    struct state s = {.v0 = key.low ^ UINT64_C(0x736f6d6570736575),
                      .v1 = key.high ^ UINT64_C(0x646f72616e646f6d),
                      .v2 = key.low ^ UINT64_C(0x6c7967656e657261),
                      .v3 = key.high ^ UINT64_C(0x7465646279746573)};
    const unsigned char *next = bytes;
    size_t left = length;
    for (; left >= 8; left -= 8, next += 8)
        absorb(&s, word(next, 8));
    absorb(&s, word(next, left) | (uint64_t)length << 56);
    s.v2 ^= 0xff;
    mix(&s, 4);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

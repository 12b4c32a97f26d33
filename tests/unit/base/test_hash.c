/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/hash.h"
#include "support/failure.h"

/* The published vectors: key 00 01 .. 0f, the bytes 00 01 .. of each length. */
START_TEST(published_vectors)
{
    static const struct {
        size_t length;
        uint64_t hash;
    } vectors[] = {{0, UINT64_C(0x726fdb47dd0e0e31)},
                   {1, UINT64_C(0x74f839c593dc67fd)},
                   {8, UINT64_C(0x93f5f5799a932462)},
                   {15, UINT64_C(0xa129ca6149be45e5)}};
    const struct diffmm__hash_key key = {UINT64_C(0x0706050403020100),
                                         UINT64_C(0x0f0e0d0c0b0a0908)};
    unsigned char bytes[16];
    for (unsigned char i = 0; i < sizeof bytes; i++)
        bytes[i] = i;
    for (size_t v = 0; v < sizeof vectors / sizeof *vectors; v++)
        ck_assert_msg(diffmm__hash(key, bytes, vectors[v].length) == vectors[v].hash,
                      "%zu bytes: %016llx", vectors[v].length,
                      (unsigned long long)diffmm__hash(key, bytes, vectors[v].length));
}
END_TEST

START_TEST(each_key_is_another)
{
    struct diffmm__hash_key keys[16];
    for (size_t i = 0; i < 16; i++) {
        keys[i] = diffmm__hash_key_draw();
        for (size_t j = 0; j < i; j++) {
            ck_assert(keys[i].low != keys[j].low || keys[i].high != keys[j].high);
            ck_assert_uint_ne(diffmm__hash(keys[i], "alice", 5), diffmm__hash(keys[j], "alice", 5));
        }
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {published_vectors, each_key_is_another};
    return run_tests("base/hash", tests, sizeof tests / sizeof *tests) != 0;
}

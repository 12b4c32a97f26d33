/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/fingerprint.h"

#include <string.h>

/* Takes one more word into a hash. The product with an odd number carries every bit upwards; the
 * shift brings the high bits down again. Each step is a bijection of the hash, so that two
 * different words never lead to the same hash. */
static uint64_t add(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 32;
}

void diffmm__fingerprint_interactions(const diffmm_dataset *dataset,
                                      struct diffmm__fingerprint *out)
{
    size_t users = dataset->catalog->users;
    for (int split = 0; split < 3; split++) {
        const struct diffmm__csr *rows = diffmm__dataset_rows(dataset, (diffmm_split)split);
        uint64_t hash = add(0, users);
        for (size_t u = 0; u < users; u++) {
            hash = add(hash, diffmm__csr_row_entries(rows, u));
            for (int64_t e = rows->pointers[u]; e < rows->pointers[u + 1]; e++)
                hash = add(hash, (uint64_t)rows->indices[e]);
        }
        out->pairs[split] = diffmm__csr_entries(rows);
        out->hashes[split] = hash;
    }
}

static uint64_t add_floats(uint64_t hash, size_t count, const float *values)
{
    for (size_t k = 0; k < count; k++) {
        uint32_t bits;
        memcpy(&bits, &values[k], sizeof bits);
        hash = add(hash, bits);
    }
    return hash;
}

uint64_t diffmm__fingerprint_features(size_t items, size_t dimensions, const float *features,
                                      size_t stride)
{
    uint64_t hash = add(0, dimensions);
    for (size_t i = 0; i < items; i++)
        hash = add_floats(hash, dimensions, features + i * stride);
    return hash;
}

uint64_t diffmm__fingerprint_stored(size_t items, const struct diffmm__stored_rows *rows)
{
    enum { most = 256 };
    float part[most];
    uint64_t hash = add(0, rows->dimensions);
    for (size_t i = 0; i < items; i++)
        for (size_t first = 0; first < rows->dimensions; first += most) {
            size_t left = rows->dimensions - first, count = left < most ? left : most;
            diffmm__stored_rows_part(rows, i, first, count, part);
            hash = add_floats(hash, count, part);
        }
    return hash;
}

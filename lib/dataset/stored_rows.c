/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/stored_rows.h"

#include <string.h>

#include "base/numbers.h"

static size_t size_of(enum diffmm__stored_type type)
{
    return type == DIFFMM__STORED_F32 ? sizeof(float) : sizeof(uint16_t);
}

static uint32_t bits16(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8;
}

void diffmm__stored_rows_part(const struct diffmm__stored_rows *rows, size_t item, size_t first,
                              size_t count, float *out)
{
    if (rows->order && rows->order[item] < 0) {
        memset(out, 0, count * sizeof *out);
        return;
    }
    size_t row = rows->order ? (size_t)rows->order[item] : item;
    const unsigned char *from = rows->data + (row * rows->dimensions + first) * size_of(rows->type);
    switch (rows->type) {
    case DIFFMM__STORED_F32: memcpy(out, from, count * sizeof *out); break;
    case DIFFMM__STORED_F16:
        for (size_t k = 0; k < count; k++)
            out[k] = diffmm__half(bits16(from + 2 * k));
        break;
    case DIFFMM__STORED_BF16:
        for (size_t k = 0; k < count; k++)
            out[k] = diffmm__bfloat16(bits16(from + 2 * k));
        break;
    }
}

void diffmm__stored_rows_load(const struct diffmm__stored_rows *rows, size_t first, size_t count,
                              float *out)
{
    for (size_t i = 0; i < count; i++)
        diffmm__stored_rows_part(rows, first + i, 0, rows->dimensions, out + i * rows->dimensions);
}

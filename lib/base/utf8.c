/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/utf8.h"

size_t diffmm__utf8_size(const char *text, size_t left)
{
    const unsigned char *s = (const unsigned char *)text;
    if (s[0] < 0x80)
        return s[0] ? 1 : 0;
    size_t size = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || size > left)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool surrogate = s[0] == 0xed && s[1] >= 0xa0;
    bool beyond = s[0] == 0xf4 && s[1] >= 0x90;
    return overlong || surrogate || beyond ? 0 : size;
}

bool diffmm__is_utf8(const char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        unsigned char byte = (unsigned char)text[i];
        if (byte > 0 && byte < 0x80) { /* most text is ASCII */
            i++;
            continue;
        }
        size_t size = diffmm__utf8_size(text + i, length - i);
        if (size == 0)
            return false;
        i += size;
    }
    return true;
}

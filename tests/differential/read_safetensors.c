/* SPDX-License-Identifier: BSD-2-Clause */
/* What the library's reader finds in safetensors files, for safetensors.py. A line on standard
 * input names a file and, after tabs, keys of metadata as hexadecimal bytes. The answer to each is
 *     refused MESSAGE
 * or, each on a line, what there is,
 *     tensor NAME DTYPE ROWS COLUMNS HASH    (name as hexadecimal bytes)
 *     passed NAME                            (of a type or shape that is passed over)
 *     metadata KEY VALUE                     (likewise; keys that are not there are left out)
 * and in any case a line "end". */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "files/safetensors.h"

static void print_hex(const char *text)
{
    printf(" =");
    for (; *text; text++)
        printf("%02x", (unsigned char)*text);
}

/* FNV-1a: nobody means to make two tensors collide. */
static uint64_t hash(const unsigned char *bytes, size_t size)
{
    uint64_t value = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < size; i++)
        value = (value ^ bytes[i]) * UINT64_C(1099511628211);
    return value;
}

static void print_tensor(const struct diffmm__safetensors *file, size_t index)
{
    struct diffmm__tensor tensor, found;
    diffmm__safetensors_at(file, index, &tensor);
    if (tensor.dtype == 0) {
        printf("passed");
        print_hex(tensor.name);
        printf("\n");
        return;
    }
    if (diffmm__safetensors_find(file, tensor.name, tensor.dtype, &found) ||
        found.data != tensor.data || (uintptr_t)found.data % diffmm__dtype_size(found.dtype)) {
        printf("lost\n");
        return;
    }
    size_t count = found.rows * (found.columns ? found.columns : 1);
    printf("tensor");
    print_hex(found.name);
    printf(" %s %zu %zu %016" PRIx64 "\n", diffmm__dtype_name(found.dtype), found.rows,
           found.columns, hash(found.data, count * diffmm__dtype_size(found.dtype)));
}

/* The text that hexadecimal bytes stand for, in their place. */
static void unhex(char *text)
{
    char *out = text;
    for (unsigned byte; sscanf(text, "%2x", &byte) == 1; text += 2)
        *out++ = (char)byte;
    *out = '\0';
}

static void print_metadata(const struct diffmm__safetensors *file, char *keys)
{
    for (char *key = keys ? strtok(keys, "\t") : NULL; key; key = strtok(NULL, "\t")) {
        unhex(key);
        const char *value = diffmm__safetensors_metadata(file, key);
        if (!value)
            continue;
        printf("metadata");
        print_hex(key);
        print_hex(value);
        printf("\n");
    }
}

static void answer(diffmm_context *context, char *line)
{
    struct diffmm__safetensors *file;
    line[strcspn(line, "\n")] = '\0';
    char *keys = strchr(line, '\t');
    if (keys)
        *keys++ = '\0';
    if (diffmm__safetensors_open(context, line, &file)) {
        printf("refused %s\n", diffmm_error_message());
    } else {
        for (size_t i = 0; i < diffmm__safetensors_count(file); i++)
            print_tensor(file, i);
        print_metadata(file, keys);
        diffmm__safetensors_close(file);
    }
    printf("end\n");
    fflush(stdout);
}

int main(void)
{
    static char line[1 << 16];
    diffmm_context *context;
    if (diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context))
        return 1;
    while (fgets(line, sizeof line, stdin))
        answer(context, line);
    diffmm_context_destroy(context);
    return 0;
}

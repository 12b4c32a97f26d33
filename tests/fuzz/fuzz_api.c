/* SPDX-License-Identifier: BSD-2-Clause */
/* Public calls in the order that the input gives. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"

/* Steps of one input, and the memory that a host would give for one block. */
enum { most_calls = 60, largest = 2 << 20 };

unsigned api_byte(struct api *api)
{
    return api->record[api->position++ % api->record_size];
}

size_t api_below(struct api *api, size_t limit)
{
    return limit > 0 ? api_byte(api) % limit : 0;
}

size_t api_size(struct api *api, bool odd)
{
    static const size_t huge[] = {SIZE_MAX, SIZE_MAX / 2 + 1, (size_t)1 << 31, (size_t)1 << 62};
    unsigned byte = api_byte(api);
    return odd && byte >= 248 ? huge[byte % 4] : byte % 9;
}

int32_t api_number(struct api *api, size_t limit)
{
    unsigned byte = api_byte(api);
    if (byte >= 250)
        return byte % 2 ? -1 : INT32_MAX - (int32_t)(byte % 3);
    return (int32_t)(byte % (limit > 0 ? limit : 1));
}

double api_real(struct api *api)
{
    static const double odd[] = {NAN,   INFINITY, -INFINITY, 1e30, -1e30, 3e38,
                                 1e-38, 1e-45,    1e300,     -0.0, 1e19,  1e-12};
    unsigned byte = api_byte(api);
    if (byte >= 230)
        return odd[byte % 12];
    return byte < 40 ? 0.0 : ((double)byte - 135.0) / 16.0;
}

/* NULL now and then, unless `count` is 0. */
static void *take(struct api *api, size_t count, size_t size)
{
    fuzz_check(api->array_count < api_most_arrays && count * size < 1 << 20, "a harness is wrong");
    if (api_byte(api) >= 252)
        return NULL;
    void *array = calloc(count * size + (count * size == 0), 1);
    fuzz_check(array != NULL, "no memory");
    api->arrays[api->array_count++] = array;
    return array;
}

/* Values repeat those of a few bytes, so that short inputs fill long arrays. */
float *api_floats(struct api *api, size_t count)
{
    enum { kinds = 4 };
    float *array = take(api, count, sizeof *array), values[kinds];
    for (size_t k = 0; k < kinds; k++)
        values[k] = (float)api_real(api);
    for (size_t i = 0; array && i < count; i++)
        array[i] = values[i * i % 7 % kinds] * (float)(1 + i % 3);
    return array;
}

double *api_doubles(struct api *api, size_t count)
{
    return take(api, count, sizeof(double));
}

int32_t *api_numbers(struct api *api, size_t count, size_t limit)
{
    int32_t *array = take(api, count, sizeof *array);
    for (size_t i = 0; array && i < count; i++)
        array[i] = api_number(api, limit);
    return array;
}

uint8_t *api_bytes(struct api *api, size_t count)
{
    uint8_t *array = take(api, count, 1);
    for (size_t i = 0; array && i < count; i++)
        array[i] = (uint8_t)api_byte(api);
    return array;
}

const char *api_text(struct api *api)
{
    static const char *const likely[] = {"image",  "text",
                                         "a",      "b",
                                         "c",      "0",
                                         "1",      "2",
                                         "7",      "",
                                         "tiktok", "user_embedding",
                                         "\xff",   "modality.image.projection.weight"};
    unsigned byte = api_byte(api);
    if (byte < 200)
        return likely[byte % (sizeof likely / sizeof *likely)];
    enum { length = 12 };
    char *text = take(api, length + 1, 1);
    for (size_t i = 0; text && i < length; i++)
        text[i] = (char)api_byte(api);
    return text;
}

const char *const *api_names(struct api *api, size_t count)
{
    const char **array = take(api, count, sizeof *array);
    for (size_t i = 0; array && i < count; i++)
        array[i] = api_text(api);
    return (const char *const *)array;
}

static void end_call(struct api *api)
{
    while (api->array_count > 0)
        free(api->arrays[--api->array_count]);
}

static void call(struct api *api)
{
    unsigned kind = api_byte(api), which = api_byte(api);
    switch (kind % 8) {
    case 0: api_call_arrays(api, which); break;
    case 1: api_call_graphs(api, which); break;
    case 2:
    case 3:
    case 4: api_call_datasets(api, which); break;
    default: api_call_models(api, which); break;
    }
    end_call(api);
}

/* In no particular order: handles keep alive what they need. */
static void destroy(struct api *api, size_t place)
{
    diffmm_dataset_destroy(api->datasets[place]);
    diffmm_options_destroy(api->options[place]);
    diffmm_trainer_destroy(api->trainers[place]);
    diffmm_model_destroy(api->models[place]);
    diffmm_graph_destroy(api->graphs[place]);
    diffmm_scorer_destroy(api->scorers[place]);
    diffmm_schedule_destroy(api->schedules[place]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct api api = {.context = fuzz_begin(largest, FUZZ_REFUSE)};
    for (size_t i = 0; i < most_calls && i * api_record < size; i++) {
        api.record = data + i * api_record;
        api.record_size = size - i * api_record < api_record ? size - i * api_record : api_record;
        api.position = 0;
        call(&api);
    }
    for (size_t place = 0; place < api_places; place++)
        destroy(&api, place);
    fuzz_end();
    return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows turned, cut into head and tail, and kept as integers; on the context's threads. */
#include "serve/first_pass_create.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/pool.h"
#include "base/sizes.h"
#include "linalg/kernels.h"
#include "serve/first_pass_code.h"
#include "serve/first_pass_head.h"

enum {
    block = 1024, /* rows that are turned at a time */
    panel = 16
};

static size_t rounded(size_t count, size_t multiple)
{
    return (count + multiple - 1) / multiple * multiple;
}

/* Numbers of a block of rows. */
struct block_bounds {
    double head_norm, head_rest, tail_norm, tail_rest, turned_norm, length;
};

struct filling {
    const struct diffmm__first_pass_input *input;
    struct diffmm__first_pass *pass;
    float *turned; /* block x d for each worker */
    struct block_bounds *bounds;
};

static double larger(double x, double y)
{
    return x > y ? x : y;
}

/* The codes of a row's head among those of its panel, four by four. */
static void put_head(uint8_t *panel_codes, size_t lane, size_t bytes, const int8_t *codes)
{
    for (size_t j = 0; j < bytes; j++)
        panel_codes[j / 4 * 4 * panel + lane * 4 + j % 4] = (uint8_t)(codes[j] + 128);
}

static void put_float(uint8_t *place, size_t index, double value)
{
    float x = (float)value;
    memcpy(place + index * sizeof x, &x, sizeof x);
}

static void put_row(const struct diffmm__first_pass *pass, size_t row, const float *plain,
                    const float *turned, struct block_bounds *bounds)
{
    const double up = 1.0 + 0x1p-18;
    const struct diffmm__first_pass_part *head = &pass->head, *tail = &pass->tail;
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    int8_t codes[DIFFMM__FIRST_PASS_WIDTH + 16] = {0};
    uint8_t *place = pass->panels + row / panel * diffmm__byte_panel_size(head->bytes);
    struct diffmm__first_pass_code code =
        diffmm__first_pass_encode(pass->kernels, head->count, turned, codes);
    const float *x = turned + tail->first;
    put_head(place, row % panel, head->bytes, codes);
    put_float(place + panel * head->bytes, row % panel, code.scale);
    put_float(place + panel * (head->bytes + sizeof(float)), row % panel,
              up * sqrt(kernels->dot(tail->count, x, x)));
    pass->lengths[row] = (float)sqrt(kernels->dot(pass->d, plain, plain));
    bounds->length = larger(bounds->length, pass->lengths[row]);
    bounds->turned_norm = larger(bounds->turned_norm, sqrt(kernels->dot(pass->d, turned, turned)));
    bounds->head_norm = larger(bounds->head_norm, code.norm);
    bounds->head_rest = larger(bounds->head_rest, code.rest);
    if (tail->count == 0)
        return;
    place = pass->tails + row * tail->bytes;
    code = diffmm__first_pass_encode(pass->kernels, tail->count, x, codes);
    for (size_t j = 0; j < tail->count; j++)
        place[j] = (uint8_t)(codes[j] + 128);
    memset(place + tail->count, 0, tail->bytes - tail->count);
    put_float(place, tail->bytes / sizeof(float) - 1, code.scale);
    bounds->tail_norm = larger(bounds->tail_norm, code.norm);
    bounds->tail_rest = larger(bounds->tail_rest, code.rest);
}

static void fill_block(void *argument, size_t index, size_t worker)
{
    const struct filling *f = argument;
    const struct diffmm__first_pass *pass = f->pass;
    size_t d = pass->d, first = index * block, left = pass->rows - first;
    size_t rows = left < block ? left : block;
    float *turned = f->turned + worker * block * d;
    struct block_bounds bounds = {0.0, 0.0, 0.0, 0.0, 0.0, 0.0};
    const float *plain = f->input->x + first * f->input->stride;
    diffmm__first_pass_turn_rows(&pass->turn, rows, d, plain, f->input->stride, turned);
    for (size_t i = 0; i < rows; i++)
        put_row(pass, first + i, plain + i * f->input->stride, turned + i * d, &bounds);
    f->bounds[index] = bounds;
}

static size_t block_count(size_t rows)
{
    return (rows + block - 1) / block;
}

static diffmm_status fill(struct diffmm__first_pass *pass,
                          const struct diffmm__first_pass_input *input)
{
    size_t blocks = block_count(pass->rows), workers = diffmm__workers(pass->context);
    struct diffmm__arena arena = diffmm__arena_on(pass->context);
    struct filling f = {.input = input,
                        .pass = pass,
                        .turned =
                            diffmm__arena_take(&arena, workers * block, pass->d * sizeof(float)),
                        .bounds = diffmm__arena_take(&arena, blocks, sizeof *f.bounds)};
    bool good = !arena.failed;
    if (good)
        diffmm__parallel(pass->context, blocks, fill_block, &f);
    pass->largest = pass->longest = 0.0;
    for (size_t b = 0; good && b < blocks; b++) {
        pass->largest =
            larger(pass->largest, (1.0 + 2.0 * pass->turn.slack) * f.bounds[b].turned_norm);
        pass->longest = larger(pass->longest, (1.0 + 0x1p-20) * f.bounds[b].length);
        pass->head.code_norm = larger(pass->head.code_norm, f.bounds[b].head_norm);
        pass->head.rest = larger(pass->head.rest, f.bounds[b].head_rest);
        pass->tail.code_norm = larger(pass->tail.code_norm, f.bounds[b].tail_norm);
        pass->tail.rest = larger(pass->tail.rest, f.bounds[b].tail_rest);
    }
    diffmm__arena_end(&arena);
    return good ? DIFFMM_OK : DIFFMM_ERROR_NO_MEMORY;
}

static void cut(struct diffmm__first_pass *pass, size_t head)
{
    size_t tail = pass->d - head;
    pass->head = (struct diffmm__first_pass_part){.count = head, .bytes = rounded(head, 4)};
    pass->tail = (struct diffmm__first_pass_part){
        .first = head, .count = tail, .bytes = tail ? rounded(tail + sizeof(float), 16) : 0};
}

static size_t panels_bytes(const struct diffmm__first_pass *pass)
{
    return diffmm__size_product(rounded(pass->rows, panel) / panel,
                                diffmm__byte_panel_size(pass->head.bytes));
}

static diffmm_status allocate(struct diffmm__first_pass *pass)
{
    const diffmm_context *context = pass->context;
    pass->panels = diffmm__allocate_zero(context, panels_bytes(pass), 1);
    pass->tails = diffmm__allocate(context, diffmm__size_product(pass->rows, pass->tail.bytes), 1);
    pass->lengths = diffmm__allocate(context, pass->rows, sizeof *pass->lengths);
    return pass->panels && pass->tails && pass->lengths ? DIFFMM_OK : DIFFMM_ERROR_NO_MEMORY;
}

size_t diffmm__first_pass_held(const struct diffmm__first_pass *pass)
{
    if (!pass)
        return 0;
    size_t tails = diffmm__size_product(pass->rows, pass->tail.bytes);
    size_t bytes = diffmm__size_sum(diffmm__allocation_bytes(panels_bytes(pass), 1),
                                    diffmm__allocation_bytes(tails, 1));
    bytes = diffmm__size_sum(bytes, diffmm__allocation_bytes(pass->rows, sizeof(float)));
    for (int turn = 0; turn < 2; turn++)
        bytes = diffmm__size_sum(bytes, diffmm__allocation_bytes(pass->d * pass->d, sizeof(float)));
    return diffmm__size_sum(bytes, diffmm__allocation_bytes(1, sizeof *pass));
}

size_t diffmm__first_pass_bytes(size_t rows, size_t d)
{
    size_t most = 0;
    if (d > DIFFMM__FIRST_PASS_WIDTH)
        return 0;
    for (size_t head = 4; head < d + 4; head += 4) {
        struct diffmm__first_pass pass = {.rows = rows, .d = d};
        cut(&pass, head < d ? head : d);
        size_t bytes = diffmm__first_pass_held(&pass);
        most = bytes > most ? bytes : most;
    }
    return most;
}

static diffmm_status create(struct diffmm__first_pass *pass,
                            const struct diffmm__first_pass_input *input)
{
    size_t head;
    struct diffmm__first_pass_turn *turn = &pass->turn;
    turn->of_rows = diffmm__allocate(pass->context, pass->d * pass->d, sizeof(float));
    turn->of_vectors = diffmm__allocate(pass->context, pass->d * pass->d, sizeof(float));
    if (!turn->of_rows || !turn->of_vectors)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = diffmm__first_pass_turn_find(pass->context, input, turn);
    if (!status)
        status = diffmm__first_pass_head(pass->context, input, turn, &head, &pass->cost);
    if (status)
        return status;
    cut(pass, head);
    status = allocate(pass);
    return status ? status : fill(pass, input);
}

diffmm_status diffmm__first_pass_create(const diffmm_context *context,
                                        const struct diffmm__first_pass_input *input,
                                        struct diffmm__first_pass **out)
{
    *out = NULL;
    if (input->d > DIFFMM__FIRST_PASS_WIDTH || !diffmm__first_pass_norm_fits(input->largest))
        return DIFFMM_OK;
    struct diffmm__first_pass_input own = *input;
    if (!diffmm__first_pass_norm_fits(own.largest_vector))
        own.vectors = 0; /* they tell nothing */
    struct diffmm__first_pass *pass = diffmm__allocate(context, 1, sizeof *pass);
    if (!pass)
        return DIFFMM_ERROR_NO_MEMORY;
    *pass = (struct diffmm__first_pass){.context = context,
                                        .kernels = diffmm__kernels_for_bytes(),
                                        .rows = input->rows,
                                        .d = input->d};
    diffmm_status status = create(pass, &own);
    if (status || !diffmm__first_pass_norm_fits(pass->largest))
        diffmm__first_pass_destroy(pass);
    else
        *out = pass;
    return status;
}

void diffmm__first_pass_destroy(struct diffmm__first_pass *pass)
{
    if (!pass)
        return;
    diffmm__release(pass->context, pass->lengths);
    diffmm__release(pass->context, pass->tails);
    diffmm__release(pass->context, pass->panels);
    diffmm__release(pass->context, pass->turn.of_vectors);
    diffmm__release(pass->context, pass->turn.of_rows);
    diffmm__release(pass->context, pass);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows turned, cut into head and tail, and kept as integers; on the context's threads. */
#include "serve/first_pass_create.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/pool.h"
#include "base/sizes.h"
#include "linalg/gemm.h"
#include "linalg/kernels.h"
#include "linalg/symmetric_eigen.h"
#include "serve/first_pass_code.h"

enum {
    block = 1024,         /* rows that are turned at a time */
    sampled_rows = 16384, /* for the second moments */
    panel = 16
};

static size_t rounded(size_t count, size_t multiple)
{
    return (count + multiple - 1) / multiple * multiple;
}

/* Rows all over the matrix, without gaps. */
static void sample(const struct diffmm__first_pass_input *input, size_t count, float *out)
{
    for (size_t i = 0; i < count; i++)
        memcpy(out + i * input->d, input->x + i * input->rows / count * input->stride,
               input->d * sizeof *out);
}

/* V from the rows' second moments. Where their eigenvectors cannot be had, V is the unit matrix:
 * it decides how fast the first pass is, and nothing else. */
static diffmm_status find_rotation(struct diffmm__first_pass *pass,
                                   const struct diffmm__first_pass_input *input)
{
    size_t d = pass->d, count = input->rows < sampled_rows ? input->rows : sampled_rows;
    struct diffmm__arena arena = diffmm__arena_on(pass->context);
    float *rows = diffmm__arena_take(&arena, count * d, sizeof *rows);
    float *moments = diffmm__arena_take(&arena, d * d, sizeof *moments);
    float *chunks = diffmm__arena_take(&arena, diffmm__gemm_chunks(count) * d * d, sizeof *chunks);
    double *wide = diffmm__arena_take(&arena, d * d, sizeof *wide);
    double *values = diffmm__arena_take(&arena, d, sizeof *values);
    double *scratch =
        diffmm__arena_take(&arena, diffmm__symmetric_eigen_scratch(d), sizeof *scratch);
    bool good = !arena.failed;
    if (good) {
        sample(input, count, rows);
        diffmm__gemm_symmetric(pass->context, d, count, rows, rows, moments, chunks);
        for (size_t e = 0; e < d * d; e++)
            wide[e] = moments[e];
        if (!diffmm__symmetric_eigen(pass->context, d, wide, values, scratch))
            for (size_t e = 0; e < d * d; e++)
                wide[e] = e % (d + 1) == 0 ? 1.0 : 0.0;
        for (size_t e = 0; e < d * d; e++)
            pass->rotation[e] = (float)wide[e];
    }
    diffmm__arena_end(&arena);
    return good ? DIFFMM_OK : DIFFMM_ERROR_NO_MEMORY;
}

/* |V V^T - 1|, by the norm of Frobenius, which is no smaller than the norm of the matrix. */
static double departure(size_t d, const float *rotation)
{
    double sum = 0.0;
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++) {
            double product = i == j ? -1.0 : 0.0;
            for (size_t k = 0; k < d; k++)
                product += (double)rotation[i * d + k] * (double)rotation[j * d + k];
            sum += (i == j ? 1.0 : 2.0) * product * product;
        }
    return sqrt(sum);
}

/* Of what is computed in floats, with u = 2^-24 and sums of d terms in any order, relative to
 * |q| |x|: turning a row d u for each of d coordinates, so d sqrt(d) u (Cauchy and Schwarz; |V| by
 * Frobenius is sqrt(d)); turning a vector, with sums in doubles, 2 sqrt(d) u; a score d u; a bound
 * some 20 u. */
static double rounding(size_t d)
{
    double n = (double)d;
    return 1.1 * 0x1p-24 * (n * sqrt(n) + 2.0 * sqrt(n) + n + 64.0);
}

/* Numbers of a block of rows. */
struct block_bounds {
    double head_norm, head_rest, tail_norm, tail_rest, length;
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

static void put_row(const struct diffmm__first_pass *pass, size_t row, const float *turned,
                    struct block_bounds *bounds)
{
    const double up = 1.0 + 0x1p-18;
    const struct diffmm__first_pass_part *head = &pass->head, *tail = &pass->tail;
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    int8_t codes[DIFFMM__FIRST_PASS_WIDTH + 16] = {0};
    uint8_t *place = pass->panels + row / panel * diffmm__byte_panel_size(head->bytes);
    struct diffmm__first_pass_code code = diffmm__first_pass_encode(head->count, turned, codes);
    const float *x = turned + tail->first;
    put_head(place, row % panel, head->bytes, codes);
    put_float(place + panel * head->bytes, row % panel, code.scale);
    put_float(place + panel * (head->bytes + sizeof(float)), row % panel,
              up * sqrt(kernels->dot(tail->count, x, x)));
    pass->lengths[row] = (float)sqrt(kernels->dot(pass->d, turned, turned));
    bounds->length = larger(bounds->length, pass->lengths[row]);
    bounds->head_norm = larger(bounds->head_norm, code.norm);
    bounds->head_rest = larger(bounds->head_rest, code.rest);
    if (tail->count == 0)
        return;
    place = pass->tails + row * tail->bytes;
    code = diffmm__first_pass_encode(tail->count, x, codes);
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
    struct block_bounds bounds = {0.0, 0.0, 0.0, 0.0, 0.0};
    diffmm__gemm_serial(rows, d, d, 1.0f,
                        diffmm__plain(f->input->x + first * f->input->stride, f->input->stride),
                        diffmm__transposed(pass->rotation, d), 0.0f, turned, d);
    for (size_t i = 0; i < rows; i++)
        put_row(pass, first + i, turned + i * d, &bounds);
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
    pass->largest = 0.0;
    for (size_t b = 0; good && b < blocks; b++) {
        pass->largest = larger(pass->largest, (1.0 + pass->slack) * f.bounds[b].length);
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
    pass->rotation = diffmm__allocate(pass->context, pass->d * pass->d, sizeof *pass->rotation);
    if (!pass->rotation)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = find_rotation(pass, input);
    if (!status)
        status = diffmm__first_pass_head(pass->context, input, pass->rotation, &head);
    if (status)
        return status;
    pass->slack = departure(pass->d, pass->rotation) + rounding(pass->d);
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
    struct diffmm__first_pass *pass = diffmm__allocate(context, 1, sizeof *pass);
    if (!pass)
        return DIFFMM_ERROR_NO_MEMORY;
    *pass = (struct diffmm__first_pass){.context = context, .rows = input->rows, .d = input->d};
    diffmm_status status = create(pass, input);
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
    diffmm__release(pass->context, pass->rotation);
    diffmm__release(pass->context, pass);
}

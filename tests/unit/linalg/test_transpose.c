/* SPDX-License-Identifier: BSD-2-Clause */
#include "linalg/normal.h"
#include "linalg/transpose.h"
#include "support/contexts.h"

enum { most = 75, gap = 2, room = (most + 1) * (most + gap) };

START_TEST(transposes)
{
    static float x[room], y[room];
    static const size_t sizes[] = {0, 1, 2, 31, 32, 33, 64, most};
    enum { count = sizeof sizes / sizeof *sizes };
    diffmm_context *contexts[context_count];
    contexts_begin(contexts);
    diffmm__normal_draws(1, 3, 0, room, x);
    for (size_t s = 0; s < count * count; s++)
        for (size_t c = 0; c < context_count; c++) {
            size_t rows = sizes[s % count], columns = sizes[s / count], wrong = 0;
            size_t x_stride = columns + s % 3, y_stride = rows + s % 2;
            for (size_t i = 0; i < room; i++)
                y[i] = 77.0f;
            diffmm__transpose(contexts[c], rows, columns, x, x_stride, y, y_stride);
            for (size_t j = 0; j < columns; j++) {
                for (size_t r = 0; r < rows; r++)
                    wrong += y[j * y_stride + r] != x[r * x_stride + j];
                for (size_t r = rows; r < y_stride; r++)
                    wrong += y[j * y_stride + r] != 77.0f;
            }
            ck_assert(wrong == 0 && y[columns * y_stride] == 77.0f);
        }
    contexts_end(contexts);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {transposes};
    return run_tests("transpose", tests, sizeof tests / sizeof *tests) != 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tiles cover all panels, are alike in width, and peers have all candidates among them. */
#include "contrastive/infonce_tiles.h"

#include "linalg/panels.h"
#include "support/failure.h"
#include "support/network.h"
#include "support/together.h"

static const size_t many[] = {1, 16, 17, 1024, 1025, 6710, 9308, 100000};
enum { cases = sizeof many / sizeof *many };

START_TEST(cover_all_panels)
{
    for (size_t c = 0; c < cases; c++)
        for (int drawn = 0; drawn < 2; drawn++) {
            size_t tiles = diffmm__infonce_tiles(many[c], drawn), at = 0,
                   even = diffmm__panel_count(many[c]) / tiles;
            ck_assert(tiles == 1 || tiles % 2 == 0);
            for (size_t t = 0; t < tiles; t++) {
                struct diffmm__part panels = diffmm__infonce_tile(many[c], tiles, t);
                ck_assert_uint_eq(panels.first, at);
                ck_assert(panels.end - at == even || panels.end - at == even + 1);
                at = panels.end;
            }
            ck_assert_uint_eq(at, diffmm__panel_count(many[c]));
        }
}
END_TEST

/* Peers, the rows that they share, and the number of faults that each of them finds. */
struct world {
    struct network network;
    struct diffmm__infonce_rows rows;
};

static size_t take_part(void *argument, size_t rank)
{
    enum { d = 3 };
    struct world *w = argument;
    diffmm_peers host = network_peers(&w->network, (uint32_t)rank);
    struct diffmm__peers peers;
    if (diffmm__peers_begin(NULL, &host, &peers))
        return 1;
    size_t candidates = w->rows.candidates, faults = 0;
    struct diffmm__part part = diffmm__infonce_part(&peers, &w->rows);
    float *matrix = calloc(candidates * d, sizeof *matrix);
    for (size_t i = part.first * d; i < part.end * d; i++)
        matrix[i] = (float)(i + 1);
    faults += diffmm__infonce_gather(&peers, &w->rows, d, matrix) != DIFFMM_OK;
    for (size_t i = 0; i < candidates * d; i++)
        faults += matrix[i] != (float)(i + 1);
    diffmm__peers_end(NULL, &peers);
    free(matrix);
    return faults;
}

/* With fewer tiles than peers, too. */
START_TEST(are_shared)
{
    for (size_t c = 0; c < cases; c++)
        for (uint32_t size = 1; size <= network_most; size += 1 + size / 2) {
            float factors = 1.0F;
            struct world w = {.rows = {.candidates = many[c], .factors = c % 2 ? &factors : NULL}};
            network_begin(&w.network, size);
            ck_assert_uint_eq(together(size, take_part, &w), 0);
            network_end(&w.network);
        }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {cover_all_panels, are_shared};
    return run_tests("contrastive/infonce_tiles", tests, sizeof tests / sizeof *tests) != 0;
}

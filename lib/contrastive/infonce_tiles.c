/* SPDX-License-Identifier: BSD-2-Clause */
#include "contrastive/infonce_tiles.h"

#include "base/sizes.h"
#include "linalg/panels.h"

/* About so many panels make a tile. Drawn nodes are few: narrower tiles, for as many threads. */
enum { tile_panels = 64, tile_panels_drawn = 16 };

size_t diffmm__infonce_tiles(size_t candidates, bool drawn)
{
    size_t panels = diffmm__panel_count(candidates);
    size_t width = drawn ? tile_panels_drawn : tile_panels;
    return panels <= width ? 1 : (panels + 2 * width - 1) / (2 * width) * 2;
}

struct diffmm__part diffmm__infonce_tile(size_t candidates, size_t tiles, size_t tile)
{
    size_t panels = diffmm__panel_count(candidates);
    return (struct diffmm__part){panels * tile / tiles, panels * (tile + 1) / tiles};
}

/* The first candidate in a peer's tiles; all of them for the peer after the last. */
static size_t first_candidate(const struct diffmm__peers *peers,
                              const struct diffmm__infonce_rows *rows, size_t rank)
{
    size_t tiles = diffmm__infonce_tiles(rows->candidates, rows->factors);
    struct diffmm__part panels =
        diffmm__infonce_tile(rows->candidates, tiles, diffmm__peers_first(peers, tiles, rank));
    return diffmm__size_lesser(panels.first * DIFFMM__PANEL, rows->candidates);
}

struct diffmm__part diffmm__infonce_part(const struct diffmm__peers *peers,
                                         const struct diffmm__infonce_rows *rows)
{
    return (struct diffmm__part){first_candidate(peers, rows, peers->rank),
                                 first_candidate(peers, rows, peers->rank + 1)};
}

/* The first candidate of each peer, in firsts[1]. */
static const size_t *first_candidates(const struct diffmm__peers *peers,
                                      const struct diffmm__infonce_rows *rows)
{
    size_t *firsts = peers->firsts[1];
    for (size_t rank = 0; rank <= peers->size; rank++)
        firsts[rank] = first_candidate(peers, rows, rank);
    return firsts;
}

diffmm_status diffmm__infonce_gather(const struct diffmm__peers *peers,
                                     const struct diffmm__infonce_rows *rows, size_t d,
                                     float *matrix)
{
    if (peers->size == 1)
        return DIFFMM_OK;
    return diffmm__peers_gather_parts(peers, first_candidates(peers, rows), 0, rows->candidates,
                                      matrix, d * sizeof *matrix);
}

diffmm_status diffmm__infonce_move(const struct diffmm__peers *peers,
                                   const struct diffmm__infonce_rows *rows, const size_t *to,
                                   size_t d, float *matrix)
{
    if (peers->size == 1)
        return DIFFMM_OK;
    return diffmm__peers_move(peers, first_candidates(peers, rows), to, matrix, d * sizeof *matrix);
}

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A recommender that is a diffusion and nothing else, as DiffRec is (Wang et al., SIGIR 2023): a
module learns to restore users' rows from noise, in a loop of our own, and what it generates for a
user is ranked. The twin of examples/units/diffusion.c, on data made up here: users and items of six
tastes."""

import numpy as np

import diffmm

USERS, ITEMS, TASTES, EPOCHS, BATCH, CUTOFF = 600, 240, 6, 40, 200, 20


def make_rows(random):
    """What users have, and what was held out of it: mostly items of their taste, and a few that
    everybody has."""
    seen, held = [], []
    for user in range(USERS):
        liked = user % TASTES + TASTES * random.integers(0, ITEMS // TASTES, 12)
        popular = random.integers(0, 8, 2)
        items = random.permutation(np.unique(np.concatenate([liked, popular])))
        seen.append(np.sort(items[3:]))
        held.append(np.sort(items[:3]))
    return seen, held


def train(module, rows, random):
    for epoch in range(1, EPOCHS + 1):
        order = random.permutation(USERS)
        losses = [module.step(rows, order[first:first + BATCH], epoch=epoch)
                  for first in range(0, USERS, BATCH)]
        if epoch % 10 == 0:
            print(f"epoch {epoch}: ELBO {np.mean([loss.elbo for loss in losses]):.5f}")


def recall(scores, seen, held):
    """Recall of ranking each user's unseen items by a row of scores."""
    found = [diffmm.ranking_metrics(diffmm.top_k(row, CUTOFF, exclude=has)[0], wanted,
                                    CUTOFF).recall
             for row, has, wanted in zip(scores, seen, held)]
    return float(np.mean(found))


def main():
    random = np.random.default_rng(3)
    seen, held = make_rows(random)
    rows = diffmm.Rows.of(seen)
    module = diffmm.Diffusion(ITEMS, seed=7, hidden_sizes=[100], batch=BATCH,
                              denoiser_learning_rate=0.003)
    train(module, rows, random)

    popularity = np.bincount(rows.items, minlength=ITEMS).astype(np.float32)
    ours = recall(module.reverse(rows), seen, held)
    theirs = recall(np.tile(popularity, (USERS, 1)), seen, held)
    print(f"Recall@{CUTOFF}: diffusion {ours:.3f}, popularity {theirs:.3f}")

    items, scores = module.generate(diffmm.Rows.of([[3, 9, 15]]), count=5)
    print("to a new user who has items 3, 9 and 15:",
          " ".join(f"{item} ({score:.2f})" for item, score in zip(items[0], scores[0])))
    return 0 if ours > theirs else 1


if __name__ == "__main__":
    raise SystemExit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What texts and tags are worth: recommendations with them, with the same rows dealt out anew, and
with none.

    measure.py --data data1 data2 data3 --epochs 8

Each folder is one that `catalogue.py prepare` has made, best with a seed of its own. For each a model
is trained three times: with the features as they are, with their rows permuted among all items, known
and new, so that only their meaning is gone, and without modalities, which is the collaborative part
alone. Printed are means over users of Recall@20: of the known items held out, ranked among all known
ones, and of new items, ranked among themselves; and the share of the known ones that are found, by how
many training pairs the item has. Differences are taken for each user, over all folders, and given with
their 95 % interval."""

import argparse
import math
import os
import sys
from typing import NamedTuple

import numpy

import diffmm

import split

DEGREES = 1, 5, 10, 30, 100  # groups of known items, by their training pairs, begin here
SPLITS = "train", "valid", "test"


class World(NamedTuple):
    """A folder's data, by number."""
    users: list
    items: list  # known ones, then new ones
    known: int
    rows: dict  # split: the known items of each user; "new": the new ones
    features: dict  # modality: a row for each item


class Trained(NamedTuple):
    users: numpy.ndarray  # final embeddings
    items: numpy.ndarray  # of known items
    placed: numpy.ndarray  # of all items, by their features alone; None without features
    epoch: int


def read_pairs(folder, part):
    with open(os.path.join(folder, part, "builds.tsv"), encoding="utf-8") as file:
        return [line.rstrip("\n").split("\t") for line in file][1:]


def read_world(folder, seed, share, modalities):
    """`share` is that of the training pairs which are kept."""
    known, new = (split.ids(folder, part) for part in split.PARTS)
    table = diffmm.Dataset()
    table.declare_items(known)
    table.add_interactions(*zip(*read_pairs(folder, "known")))
    table.hold_out(0.1, 0.1, seed)
    table.seal()
    users = [table.user_id(user) for user in range(table.users)]
    rows = {name: [table.row(user, name).copy() for user in range(table.users)]
            for name in SPLITS}
    draw = numpy.random.default_rng(seed)
    rows["train"] = [row[numpy.sort(draw.permutation(len(row))[:max(1, round(share * len(row)))])]
                     for row in rows["train"]]
    number = {user: [] for user in users}
    for user, item in read_pairs(folder, "new"):
        if user in number:  # else all it builds with is new
            number[user].append(new.index(item))
    rows["new"] = [numpy.array(number[user], int) for user in users]
    features = {name: numpy.concatenate([
        numpy.load(os.path.join(folder, part, name + "_feat.npy")) for part in split.PARTS])
        for name in modalities}
    return World(users, known + new, len(known), rows, features)


def permuted(world, seed):
    order = numpy.random.default_rng(seed).permutation(len(world.items))
    return world._replace(features={name: rows[order] for name, rows in world.features.items()})


def train(world, seed, settings, threads=1):
    context = diffmm.Context(threads=threads)
    data = diffmm.Dataset(context)
    data.reserve(len(world.users), world.known)
    for name in SPLITS:
        user = numpy.repeat(numpy.arange(len(world.users)), [len(row) for row in world.rows[name]])
        data.add_interactions(user, numpy.concatenate(world.rows[name]), name)
    for name, rows in world.features.items():
        data.add_modality(name, rows[:world.known])
    data.seal()
    options = diffmm.Options(preset="baby", hidden_sizes=200, patience=0, seed=seed, context=context)
    options.update(settings)
    trainer = diffmm.Trainer(data, options)
    model = trainer.fit()
    placed = None
    if world.features:
        placed = diffmm.Placer(model, data).place({
            name: [row if row.any() else None for row in rows]
            for name, rows in world.features.items()})
    return Trained(model.user_embeddings.copy(), model.item_embeddings.copy(), placed,
                   trainer.best().epoch)


def hits(users, items, count, wanted, seen=None):
    """For each user, which of its wanted items are among the best `count` that it has not seen."""
    found = []
    for begin in range(0, len(users), 1000):
        for user, scores in enumerate(users[begin:begin + 1000] @ items.T, begin):
            if seen is not None:
                scores[seen[user]] = -numpy.inf
            best = numpy.argpartition(-scores, min(count, len(scores)) - 1)[:count]
            found.append(numpy.isin(wanted[user], best))
    return found


def known_hits(world, users, items, count):
    seen = [numpy.concatenate(rows) for rows in zip(world.rows["train"], world.rows["valid"])]
    return hits(users, items, count, world.rows["test"], seen)


def new_hits(world, trained, count):
    return hits(trained.users, trained.placed[world.known:], count, world.rows["new"])


def popularity_hits(world, count):
    popularity = degrees(world)[:, None].astype(float)
    return known_hits(world, numpy.ones((len(world.users), 1)), popularity, count)


def recall(found):
    """By user; NaN where nothing is wanted."""
    return numpy.array([row.mean() if len(row) else numpy.nan for row in found])


def degrees(world):
    """The training pairs of each known item."""
    return numpy.bincount(numpy.concatenate(world.rows["train"]), minlength=world.known)


def by_degree(world, found):
    """The share of wanted items that are hits, by the item's group in DEGREES."""
    item = numpy.concatenate(world.rows["test"])
    group = numpy.searchsorted(DEGREES, degrees(world)[item], side="right")
    wanted = numpy.bincount(group, minlength=len(DEGREES) + 1)
    return numpy.bincount(group, numpy.concatenate(found), len(DEGREES) + 1) / numpy.maximum(wanted, 1)


class Paired:
    """Differences by user, of which each may come up in several folders."""

    def __init__(self):
        self.differences = {}

    def add(self, users, differences):
        for user, difference in zip(users, differences):
            if not numpy.isnan(difference):
                self.differences.setdefault(user, []).append(difference)

    def text(self):
        means = numpy.array([numpy.mean(found) for found in self.differences.values()])
        error = means.std(ddof=1) / math.sqrt(len(means)) if len(means) > 1 else math.nan
        return f"{means.mean():+.4f} +- {1.96 * error:.4f} ({len(means)} users)"


def read_arguments():
    parser = argparse.ArgumentParser(description="Measure what texts and tags are worth.")
    parser.add_argument("--data", nargs="+", required=True, metavar="FOLDER",
                        help="what `catalogue.py prepare` has made")
    parser.add_argument("--modality", action="append", choices=split.MODALITIES,
                        help="by default both")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1, help="of the first folder; then one more each")
    parser.add_argument("--count", type=int, default=20, help="length of the rankings (20)")
    parser.add_argument("--share", type=float, default=1.0,
                        help="the share of each user's training pairs that is kept (1)")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="settings",
                        help="a setting; may be repeated")
    return parser.parse_args()


def settings_of(arguments):
    settings = {"epochs": arguments.epochs}
    for setting in arguments.settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise ValueError(f"--set {setting}: not of the form NAME=VALUE")
        settings[name] = value
    return settings


def measure(arguments):
    settings, count = settings_of(arguments), arguments.count
    paired = {(other, part): Paired() for part in ("known", "new") for other in ("permuted", "none")}
    print(f"seed features    known@{count}   new@{count}  by training pairs of the known item: "
          f"fewer than {', '.join(map(str, DEGREES))}, more")

    def show(name, known, new):
        print(f"{seed:4} {name:12} {numpy.nanmean(recall(known)):9.4f} {new:9.4f}  ",
              *(f"{share:.3f}" for share in by_degree(world, known)), flush=True)

    for seed, folder in enumerate(arguments.data, arguments.seed):
        world = read_world(folder, seed, arguments.share, arguments.modality or split.MODALITIES)
        chance = min(1, count / (len(world.items) - world.known))
        found = {}
        for name, features in (("as they are", world), ("permuted", permuted(world, seed)),
                               ("none", world._replace(features={}))):
            trained = train(features, seed, settings, arguments.threads)
            known = known_hits(world, trained.users, trained.items, count)
            found[name, "known"] = recall(known)
            if trained.placed is not None:
                found[name, "new"] = recall(new_hits(world, trained, count))
            show(name, known, numpy.nanmean(found.get((name, "new"), chance)))
        show("popularity", popularity_hits(world, count), chance)
        for (other, part), pair in paired.items():
            if (other, part) in found:
                pair.add(world.users, found["as they are", part] - found[other, part])
    for (other, part), pair in paired.items():
        if pair.differences:
            print(f"as they are - {other}, {part}: {pair.text()}")


def main():
    try:
        measure(read_arguments())
        return 0
    except (diffmm.Error, OSError, OverflowError, ValueError) as error:
        print(f"measure.py: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

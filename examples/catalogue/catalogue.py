#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""From a raw catalogue to recommendations: what else a Debian source package might build with.

    catalogue.py prepare --fetch indices --out data    tables and vectors from apt's indices
    catalogue.py train --data data                     a model, and what places new items
    catalogue.py recommend --data data gimp vlc        items for some source packages
    catalogue.py place --data data --text "A library for reading and writing MIDI files"

A tenth of the items is kept from training and placed by their descriptions alone; `recommend` marks
them with an asterisk. README.md tells more."""

import argparse
import os
import sys

import numpy

import diffmm

import extract
import indices
import split
import vectors

SIZES = {"text": 128, "tags": 64}
MODEL, PLACER = "model.safetensors", "placer.safetensors"


def read_arguments():
    parser = argparse.ArgumentParser(
        description="Train a recommender on what Debian's source packages build with.")
    commands = parser.add_subparsers(dest="command", required=True)

    prepare = commands.add_parser("prepare", help="make tables and vectors from apt's indices")
    prepare.add_argument("--fetch", metavar="FOLDER",
                         help="have apt fetch the indices into this folder (25 MB): InRelease, Sources, "
                         "Packages and Translation-en of the suite's section main")
    prepare.add_argument("--mirror", default=indices.MIRROR, help="where to fetch from")
    prepare.add_argument("--suite", default="bookworm", help="what to fetch")
    prepare.add_argument("--architecture", help="whose Packages to fetch; by default this machine's")
    prepare.add_argument("--this-machine", action="store_true",
                         help="take what this machine's apt holds; it needs deb-src in its sources")
    for name in indices.KINDS.values():
        prepare.add_argument("--" + name, metavar="FILE", action="append", default=[],
                             help="an index given as a file; may be repeated")
    prepare.add_argument("--out", required=True, metavar="FOLDER", help="where the data go")
    prepare.add_argument("--core", type=int, default=5, metavar="N",
                         help="leave out users and items of fewer pairs (5)")
    prepare.add_argument("--new", type=float, default=0.1, metavar="SHARE",
                         help="the share of the items that training never sees (0.1)")
    prepare.add_argument("--vectors", choices=["hashed", "fasttext"], default="hashed",
                         help="how texts become vectors")
    prepare.add_argument("--seed", type=int, default=1)

    train = commands.add_parser("train", help="train a model, and what places new items")
    train.add_argument("--epochs", type=int, default=10)
    train.add_argument("--threads", type=int, default=0)
    train.add_argument("--seed", type=int, default=1)
    train.add_argument("--final-fit", action="store_true",
                       help="then train anew on all pairs of the known items, for as many epochs as were "
                       "best, and keep that model")
    train.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="settings",
                       help="a setting; may be repeated")

    recommend = commands.add_parser("recommend", help="recommend items to source packages")
    recommend.add_argument("users", nargs="+", metavar="SOURCE-PACKAGE")

    place = commands.add_parser("place", help="place an item that is but a text")
    place.add_argument("--text", required=True, help="what is said of it")
    place.add_argument("--tag", action="append", default=[],
                       help="a tag of it, as section::libdevel; may be repeated")

    for command in train, recommend, place:
        command.add_argument("--data", required=True, metavar="FOLDER",
                             help="what prepare has made; models go there, too")
    for command in recommend, place:
        command.add_argument("--count", type=int, default=10)
        command.add_argument("--boost", type=float, default=1.25,
                             help="how eagerly new items are shown (1.25)")
    return parser.parse_args()


def find_indices(arguments):
    if arguments.fetch:
        return indices.fetch(arguments.fetch, mirror=arguments.mirror, suite=arguments.suite,
                             architecture=arguments.architecture)
    if arguments.this_machine:
        return indices.of_this_machine()
    found = {name: getattr(arguments, name) for name in indices.KINDS.values()}
    for name in "sources", "packages":
        if not found[name]:
            raise ValueError(f"prepare needs --fetch, --this-machine, or --{name} and others")
    return found


def make_mappings(arguments, catalogue, known):
    """What makes vectors of documents, learnt from the known items' alone."""
    mappings = {}
    for modality, dimensions in SIZES.items():
        documents = split.documents(catalogue, known, modality)
        path = os.path.join(arguments.out, modality + "_vectors")
        if modality == "text" and arguments.vectors == "fasttext":
            mapping = vectors.FastText.fit(documents, dimensions, path + ".bin", seed=arguments.seed)
        else:
            mapping = vectors.HashedText.fit(documents, dimensions, seed=arguments.seed)
            mapping.save(path + ".npz")
        mappings[modality] = mapping
    return mappings


def prepare(arguments):
    catalogue = extract.read(**find_indices(arguments))
    print("as found:", *split.sizes(catalogue.pairs))
    pairs = extract.core(catalogue.pairs, arguments.core)
    print(f"with {arguments.core} pairs and more:", *split.sizes(pairs))
    if not pairs:
        raise ValueError(f"no user and item have {arguments.core} pairs: give a smaller --core")
    new = split.new_items(pairs, arguments.new, arguments.seed)
    known = sorted({item for _, item in pairs} - new)
    os.makedirs(arguments.out, exist_ok=True)
    split.remove_mappings(arguments.out)
    split.write(arguments.out, catalogue, pairs, new, make_mappings(arguments, catalogue, known))
    print(f"{len(new)} items are kept from training; written to {arguments.out}")


def open_known(arguments, context):
    data = diffmm.Dataset.open(os.path.join(arguments.data, "known", "builds.tsv"), context=context)
    data.hold_out(0.1, 0.1, arguments.seed)
    data.seal()
    return data


def train(arguments):
    context = diffmm.Context(threads=arguments.threads)
    data = open_known(arguments, context)
    options = diffmm.Options(preset="baby", hidden_sizes=200, epochs=arguments.epochs,
                             seed=arguments.seed, context=context)
    for setting in arguments.settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise ValueError(f"--set {setting}: not of the form NAME=VALUE")
        options[name] = value
    trainer = diffmm.Trainer(data, options)
    model = trainer.fit(on_epoch=lambda report: print(
        f"epoch {report.epoch}: loss {report.loss.total:.4f}, "
        f"valid Recall@{report.valid.cutoff} {report.valid.recall:.4f}", flush=True))
    best = trainer.best()
    print(f"best epoch {best.epoch}: test Recall@{best.test.cutoff} {best.test.recall:.4f}")
    if arguments.final_fit:
        model = trainer.fit_final()
    placer = diffmm.Placer(model, data)
    model.save(os.path.join(arguments.data, MODEL))  # the two belong together
    placer.save(os.path.join(arguments.data, PLACER))


def open_trained(arguments):
    """The scorer of the known items, and the mapping that places others."""
    return (diffmm.Scorer(os.path.join(arguments.data, MODEL)),
            diffmm.Placer.open(os.path.join(arguments.data, PLACER)))


def recommend(arguments):
    scorer, placer = open_trained(arguments)
    known = scorer.items
    rows = placer.place(split.features(arguments.data, "new"), arguments.boost)
    everything = scorer.extend(rows, split.ids(arguments.data, "new"))
    for user in arguments.users:
        seen = [scorer.item_id(item) for item in scorer.seen(scorer.find_user(user))]
        print(f"{user} builds with {len(seen)} of these items: {', '.join(seen)}")
        for item, score in everything.recommend(user, arguments.count):
            print(f"{score:10.4f}  {item}{' *' if everything.find_item(item) >= known else ''}")


def place(arguments):
    scorer, placer = open_trained(arguments)
    documents = {"text": vectors.words(arguments.text), "tags": arguments.tag}
    features = {}
    for modality in SIZES:
        row = split.open_mapping(arguments.data, modality).of([documents[modality]])[0]
        features[modality] = [row if row.any() else None]
    row = placer.place(features, arguments.boost)
    wider = scorer.extend(row, ["it"])
    print("most like it:")
    for item, score in wider.similar_items("it", arguments.count):
        print(f"{score:10.4f}  {item}")
    print("most likely to build with it:")
    scores = diffmm.Model.load(os.path.join(arguments.data, MODEL)).user_embeddings @ row[0]
    for user in numpy.argsort(-scores, kind="stable")[:arguments.count]:
        print(f"{scores[user]:10.4f}  {scorer.user_id(int(user))}")


def main():
    arguments = read_arguments()
    sys.stdout.reconfigure(errors="backslashreplace")  # paths and ids need not be UTF-8
    try:
        {"prepare": prepare, "train": train, "recommend": recommend,
         "place": place}[arguments.command](arguments)
        return 0
    except (diffmm.Error, indices.IndexFailure, vectors.VectorFailure, OSError, OverflowError,
            ValueError) as error:
        print(f"catalogue.py: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

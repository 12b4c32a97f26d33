# SPDX-License-Identifier: BSD-2-Clause
"""Which items training never sees, and the folder of files in which that is kept.

    known/builds.tsv       what training may see, as any reader of the library opens it: a table, and
    known/item_ids.txt     beside it the items in the order of their rows of features
    known/text_feat.npy
    known/tags_feat.npy
    new/..                 the same of the items that training never sees
    text_vectors.npz       how a text becomes a vector, learnt from the known items' texts alone
    tags_vectors.npz       (text_vectors.bin, if by fastText)"""

import os

import numpy

import vectors

MODALITIES = "text", "tags"
PARTS = "known", "new"


def new_items(pairs, share, seed):
    """A random share of the items."""
    items = sorted({item for _, item in pairs})
    order = numpy.random.default_rng(seed).permutation(len(items))
    return {items[number] for number in order[:round(share * len(items))]}


def documents(catalogue, items, modality):
    """What is said of each item, as lists of tokens."""
    if modality == "tags":
        return [catalogue.tags.get(item, []) for item in items]
    return [vectors.words(catalogue.texts.get(item, "")) for item in items]


def write(folder, catalogue, pairs, new, mappings):
    """The files; `mappings` holds for each modality what makes vectors of documents."""
    for part in PARTS:
        own = sorted(pair for pair in pairs if (pair[1] in new) == (part == "new"))
        items = sorted({item for _, item in own})
        os.makedirs(os.path.join(folder, part), exist_ok=True)
        with open(os.path.join(folder, part, "builds.tsv"), "w", encoding="utf-8") as file:
            file.write("user\titem\n")
            file.writelines(f"{user}\t{item}\n" for user, item in own)
        with open(os.path.join(folder, part, "item_ids.txt"), "w", encoding="utf-8") as file:
            file.writelines(item + "\n" for item in items)
        for modality, mapping in mappings.items():
            numpy.save(os.path.join(folder, part, modality + "_feat.npy"),
                       mapping.of(documents(catalogue, items, modality)))


def ids(folder, part):
    with open(os.path.join(folder, part, "item_ids.txt"), encoding="utf-8") as file:
        return file.read().split()


def features(folder, part):
    """The rows of each modality; a row is None where nothing is said of the item."""
    return {modality: [row if row.any() else None for row in
                       numpy.load(os.path.join(folder, part, modality + "_feat.npy"))]
            for modality in MODALITIES}


def sizes(pairs):
    return (f"{len({user for user, _ in pairs})} users,", f"{len({item for _, item in pairs})} items,",
            f"{len(pairs)} pairs")


def _mapping_paths(folder, modality):
    path = os.path.join(folder, modality + "_vectors")
    return {path + ".npz": vectors.HashedText.open, path + ".bin": vectors.FastText}


def remove_mappings(folder):
    """Those of an earlier time, which might be of the other kind."""
    for modality in MODALITIES:
        for path in _mapping_paths(folder, modality):
            if os.path.exists(path):
                os.remove(path)


def open_mapping(folder, modality):
    """What makes vectors of further documents."""
    for path, opened in _mapping_paths(folder, modality).items():
        if os.path.exists(path):
            return opened(path)
    raise FileNotFoundError(f"{folder} has no {modality}_vectors: prepare makes them")

# SPDX-License-Identifier: BSD-2-Clause
"""From Debian's indices to a catalogue: who builds with what, and what is said of it.

The source package is the user, a binary package that it builds with is the item."""

import re
from collections import Counter
from typing import NamedTuple

from indices import paragraphs

BUILD_FIELDS = ("Build-Depends", "Build-Depends-Indep", "Build-Depends-Arch")
NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")


class Catalogue(NamedTuple):
    pairs: set  # (source package, binary package)
    texts: dict  # binary package: its description, short and long
    tags: dict  # binary package: its section and its tags


def _says_nothing(package):
    """What packages nearly all build with, of whatever kind they are: the packaging's own tools."""
    return package == "debhelper" or package.startswith("dh-")


def build_dependencies(paragraph):
    """The binary packages that a source package builds with: of alternatives the first, without
    versions, architectures and profiles."""
    for field in BUILD_FIELDS:
        for dependency in paragraph.get(field, "").split(","):
            name = NAME.match(dependency.strip())
            if name:
                yield name[0]


def _sentences(description):
    """A description as one line of text: the long one's lines begin with a space, and a paragraph
    ends with a line of a dot."""
    return " ".join(line.strip() for line in description.split("\n") if line.strip() != ".")


def read(sources, packages, translations):
    """A Catalogue from the paths of indices."""
    texts, tags, untranslated = {}, {}, {}
    for path in packages:
        for paragraph in paragraphs(path, "Package", "Section", "Tag", "Description"):
            name = paragraph["Package"]
            untranslated[name] = _sentences(paragraph.get("Description", ""))
            found = [f"section::{paragraph['Section']}"] if "Section" in paragraph else []
            found += [tag.strip() for tag in paragraph.get("Tag", "").split(",") if tag.strip()]
            tags[name] = found
    for path in translations:
        for paragraph in paragraphs(path, "Package", "Description-en"):
            texts[paragraph["Package"]] = _sentences(paragraph.get("Description-en", ""))
    for name, text in untranslated.items():
        texts.setdefault(name, text)
    pairs = set()
    for path in sources:
        for paragraph in paragraphs(path, "Package", *BUILD_FIELDS):
            pairs.update((paragraph["Package"], item) for item in build_dependencies(paragraph)
                         if item in tags and not _says_nothing(item))
    return Catalogue(pairs, texts, tags)


def core(pairs, least):
    """The largest part of the pairs in which each user and each item has `least` of them."""
    while True:
        users, items = Counter(user for user, _ in pairs), Counter(item for _, item in pairs)
        kept = {(user, item) for user, item in pairs if users[user] >= least <= items[item]}
        if len(kept) == len(pairs):
            return kept
        pairs = kept

# SPDX-License-Identifier: BSD-2-Clause
"""Debian's package indices: where they are, and what they say.

An index is a sequence of paragraphs of fields (deb822). Sources tells what each source package builds
with, Packages the section and the tags of each binary package, and Translation-en their long
descriptions."""

import gzip
import lzma
import os
import re
import subprocess

MIRROR = "http://deb.debian.org/debian"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
KINDS = {"Sources": "sources", "Packages": "packages", "Translations": "translations"}
APT_HELPER = "/usr/lib/apt/apt-helper"  # reads whatever compression apt itself has chosen
OPENERS = {".gz": gzip.open, ".xz": lzma.open}


class IndexFailure(Exception):
    """No indices, or not such as can be read."""


def _run(*command):
    try:
        return subprocess.run(command, check=True, capture_output=True).stdout
    except FileNotFoundError:
        raise IndexFailure(f"{command[0]} is not there: not a machine with apt? Give the indices as "
                           "files, with --sources, --packages and --translations") from None
    except subprocess.CalledProcessError as error:
        raise IndexFailure(f"{command[0]} {command[1]} failed:\n" +
                           error.stderr.decode(errors="replace").strip()) from None


def fetch(cache, *, mirror=MIRROR, suite="bookworm", architecture=None):
    """Have apt fetch the indices of a suite's section main into the folder `cache`, as any user and
    without a change to the machine's own lists: InRelease, main/source/Sources,
    main/binary-ARCHITECTURE/Packages and main/i18n/Translation-en, 25 MB in all for Debian 12. apt
    checks the signature by Debian's keyring, and fetches again only what has changed."""
    cache = os.path.abspath(cache)
    for folder in ("lists/partial", "archives/partial", "no-further-sources"):
        os.makedirs(os.path.join(cache, folder), exist_ok=True)
    sources = os.path.join(cache, "sources.list")
    with open(sources, "w", encoding="utf-8") as file:
        for kind, targets in ("deb", "Packages,Translations"), ("deb-src", "Sources"):
            file.write(f"{kind} [signed-by={KEYRING} target={targets} lang=en] {mirror} {suite} main\n")
    own = {"Dir::Etc::SourceList": sources,
           "Dir::Etc::SourceParts": os.path.join(cache, "no-further-sources"),
           "Dir::State": cache, "Dir::State::Lists": os.path.join(cache, "lists"),
           "Dir::State::status": "/dev/null", "Dir::Cache": cache, "APT::Sandbox::User": "",
           "APT::Update::Error-Mode": "any"}
    if architecture:
        own.update({"APT::Architecture": architecture, "APT::Architectures": architecture})
    options = [word for name, value in own.items() for word in ("-o", f"{name}={value}")]
    _run("apt-get", "update", *options)
    return _targets(options)


def of_this_machine():
    """The indices that this machine's apt holds already: of all its suites and archives."""
    found = _targets([])
    if not found["sources"]:
        raise IndexFailure("this machine's apt holds no Sources: add deb-src to its sources and run "
                           "apt-get update, or let --fetch fetch them into a folder of your own")
    return found


def _targets(options):
    found = {name: [] for name in KINDS.values()}
    lines = _run("apt-get", "indextargets", *options, "--format", "$(CREATED_BY) $(FILENAME)")
    for line in lines.decode().splitlines():
        kind, path = line.split(" ", 1)
        if kind in KINDS and os.path.exists(path):
            found[KINDS[kind]].append(path)
    return found


def _text(path):
    opener = OPENERS.get(os.path.splitext(path)[1])
    try:
        if opener:
            with opener(path, "rb") as file:
                data = file.read()
        elif path.endswith((".lz4", ".zst", ".bz2")):
            data = _run(APT_HELPER, "cat-file", path)
        else:
            with open(path, "rb") as file:
                data = file.read()
    except (EOFError, OSError, lzma.LZMAError) as error:
        raise IndexFailure(f"{path} cannot be read: {error}") from None
    return data.decode("utf-8", errors="replace")


def paragraphs(path, *fields):
    """The wanted fields of each paragraph that has the first of them, as dictionaries; lines that
    continue a field stay as they are, with the space before them."""
    names = "|".join(re.escape(field) for field in fields)
    wanted = re.compile(rf"^({names}):[ \t]*(.*(?:\n[ \t].*)*)", re.MULTILINE)
    found = 0
    for block in re.split(r"\n(?:[ \t]*\n)+", _text(path)):
        paragraph = dict(wanted.findall(block))
        if fields[0] in paragraph:
            found += 1
            yield paragraph
    if not found:
        raise IndexFailure(f"{path} has no paragraph with a field {fields[0]}: is it such an index?")

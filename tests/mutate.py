#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Do the tests notice when the code is wrong?

    python3 tests/mutate.py [--count N] [--seed S] [--only PATH] [--near] [--seconds T]

makes N small changes to lib/, one at a time, in a copy of the tree, and runs the suites unit and
reference against each: first the tests of the changed file's folder, then, where those pass, all
others (with --near, not these). A change that no test notices is printed as a survivor: either a test is missing, or the
change makes no difference that a caller could see. The last line counts.

A change is one of: another operator, another constant, another bound of a comparison, the other
branch, a call left out, another random stream. What only asks for memory, logs or hints at speed is
mostly beyond tests; judge each survivor by reading it.
"""
import argparse
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent

# (pattern, replacement) on code without comments and texts; operators stand between blanks.
SWAPS = [
    (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "),
    (r" == ", " != "), (r" != ", " == "), (r" && ", " || "), (r" \|\| ", " && "),
    (r" \+ ", " - "), (r" - ", " + "), (r" \* (?!const)", " + "), (r" / ", " * "),
    (r" \+= ", " -= "), (r" -= ", " += "),
]
STREAMS = ["time", "noise", "dropout", "generated_edges", "observed_edges"]
EPOCH_STREAMS = ["pair_order", "negatives", "user_order"]


def code_of(line):
    """The line with texts and comments blanked out; '' where it is not a statement."""
    if line.lstrip().startswith(("#", "/*", "*", "//")):
        return ""
    line = re.sub(r'"(\\.|[^"\\])*"', lambda m: '"' + "_" * (len(m.group()) - 2) + '"', line)
    line = re.sub(r"/\*.*?\*/", lambda m: " " * len(m.group()), line)
    return line.split("/*")[0]


def changes_of(line):
    """All changed forms of a line of code, each with a few words about it."""
    code = code_of(line)
    found = []
    if not code.strip() or re.match(r"\s*(static |extern |const |struct |enum |diffmm_status \w+\()", code):
        # Declarations; but initial values count.
        if "=" not in code or code.rstrip().endswith("{"):
            return found
    for pattern, new in SWAPS:
        for m in re.finditer(pattern, code):
            found.append((line[:m.start()] + new + line[m.end():], f"{m.group().strip()} to {new.strip()}"))
    for m in re.finditer(r"(?<![\w.])(\d+)(?![\w.])", code):
        value = int(m.group())
        found.append((line[:m.start()] + str(value + 1) + line[m.end():], f"{value} to {value + 1}"))
    for m in re.finditer(r"(?<![\w.])(\d+\.\d+)(?=f?\b)(?!e)", code):
        new = "0.25" if float(m.group()) != 0.25 else "0.75"
        found.append((line[:m.start()] + new + line[m.end():], f"{m.group()} to {new}"))
    m = re.match(r"(\s*(?:\} else )?if \()(.*)(\)(?: \{)?)$", code.rstrip())
    if m and m.group(2).count("(") == m.group(2).count(")"):
        found.append((f"{line[:m.end(1)]}!({line[m.start(2):m.end(2)]}){line[m.start(3):]}", "condition negated"))
    m = re.match(r"(\s+)(\w+\(.*\);)\s*$", code)
    if m and not re.match(r"\s+(free|diffmm__log|diffmm__release|return)\b", code):
        found.append((m.group(1) + ";\n", "call left out"))
    if re.match(r"\s+return status;", code):
        found.append((line.replace("status", "DIFFMM_OK"), "failure forgotten"))
    for family in (STREAMS, EPOCH_STREAMS):
        for name in family:
            for m in re.finditer(rf"diffmm__stream_{name}\(", code):
                other = family[(family.index(name) + 1) % len(family)]
                found.append((line[:m.start()] + f"diffmm__stream_{other}(" + line[m.end():], f"stream {other}"))
    return found


def all_changes(only):
    changes = []
    for path in sorted((ROOT / "lib").rglob("*.c")):
        name = path.relative_to(ROOT).as_posix()
        if only and not name.startswith(only):
            continue
        lines = path.read_text().splitlines(keepends=True)
        for number, line in enumerate(lines):
            changes += [(name, number, changed, what) for changed, what in changes_of(line)]
    return changes


class Copy:
    """A copy of the tree with a build of its own."""

    def __init__(self, folder):
        self.root = folder
        ignore = shutil.ignore_patterns("build*", ".git")
        shutil.copytree(ROOT, folder, ignore=ignore)
        self.build = folder / "build"
        self.run(["meson", "setup", self.build, self.root, "-Dbuildtype=debugoptimized", "-Dexamples=disabled", "-Dwerror=false"], 600)
        listed = json.loads(subprocess.check_output(["meson", "introspect", self.build, "--tests"]))
        self.programs = {test["name"]: test["cmd"][0] for test in listed
                         if {"libdiffmm:unit", "libdiffmm:reference"} & set(test["suite"])}
        if not self.passes(list(self.programs), 3600):
            sys.exit("the tests do not pass")

    def run(self, command, seconds):
        try:
            return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=seconds).returncode
        except subprocess.TimeoutExpired:
            return -1

    def passes(self, tests, seconds):
        """Build the programs of these tests and run them until one fails."""
        programs = {pathlib.Path(self.programs[test]).relative_to(self.build) for test in tests}
        if self.run(["ninja", "-C", self.build, *programs], seconds) != 0:
            return None
        return self.run(["meson", "test", "-C", self.build, "--no-rebuild", "--maxfail", "1", "-t", "0.2"] + tests, seconds) == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--near", action="store_true", help="only the tests of the changed file's folder")
    parser.add_argument("--only", help="a file or folder, as lib/train")
    parser.add_argument("--seconds", type=int, default=600, help="for building and for testing one change")
    arguments = parser.parse_args()
    changes = all_changes(arguments.only)
    chosen = random.Random(arguments.seed).sample(changes, min(arguments.count, len(changes)))
    counts = {"noticed": 0, "survived": 0, "not built": 0}
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(pathlib.Path(folder) / "tree")
        for name, number, changed, what in chosen:
            path = copy.root / name
            original = path.read_text()
            lines = original.splitlines(keepends=True)
            old, lines[number] = lines[number], changed
            path.write_text("".join(lines))
            near = [test for test in copy.programs if test.split("/")[0] == name.split("/")[1]]
            far = [test for test in copy.programs if test not in near]
            passed = copy.passes(near, arguments.seconds) if near else True
            if passed and not arguments.near:
                passed = copy.passes(far, arguments.seconds)
            result = "not built" if passed is None else "survived" if passed else "noticed"
            counts[result] += 1
            print(f"{result}: {name}:{number + 1}: {what}: {old.strip()}", flush=True)
            path.write_text(original)
    print(", ".join(f"{count} {result}" for result, count in counts.items()), f"of {len(changes)} possible changes")


if __name__ == "__main__":
    main()

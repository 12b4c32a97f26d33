# SPDX-License-Identifier: BSD-2-Clause
"""Type hints and documentation: every public function has them, and mypy, where it is there, agrees with
them and finds in programs what is wrong."""

import enum
import inspect
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import textwrap
import typing
import unittest

import diffmm

PACKAGE = pathlib.Path(diffmm.__file__).parent
WITHOUT = ("self", "cls")
# Hints of arrays, and the words by which documentation says of which shape they are.
ARRAYS = re.compile(r"\b(ArrayLike|NDArray|Floats|Doubles|Indices|Gradient)\b")
SHAPE = re.compile(r"\sx\s+[\w(]|\bfloats\b|\beach\b|equal length|as\s+many|shape|one-dimensional")

# Each line that ends with "# wrong" must be refused, and no other.
PROGRAM = """
import numpy
from typing_extensions import assert_type
import diffmm
from diffmm import Dataset, Hit, Model, Options, Scorer, Split

data = Dataset.from_arrays([0, 1], ["a", "b"], split="train", modalities={"image": numpy.eye(2)})
Dataset.from_arrays([0, 1], [1, 0], split=[Split.TRAIN, Split.TEST])
data.interactions(3.5)  # wrong
data.nothing  # wrong
options = Options(preset="tiktok", epochs=numpy.int64(3), hidden_sizes=[3, 4], tau=0.5)
options["epochs"] = {}  # wrong
model = diffmm.fit(data, options, on_epoch=lambda report: report.valid.recall > report.loss.total)
assert_type(model, Model)
diffmm.fit(data, on_epoch=3)  # wrong
diffmm.Trainer(data, {"epochs": 3}, on_progress=lambda step: step.done == step.total)
print(model.user_embeddings.shape[0] + model.users)
model.save(3)  # wrong
scorer = Scorer(model)
assert_type(scorer.recommend("alice", 3), list[Hit])
assert_type(scorer.recommend(numpy.int32(7)), list[Hit])
assert_type(scorer.recommend(["alice", "bob"]), list[list[Hit]])
assert_type(scorer.recommend(numpy.zeros(3, numpy.int32)), list[list[Hit]])
scorer.recommend(3.5)  # wrong
scorer.explain(None, 16, items=[4]).modalities["image"].imag
scorer.explain(None, 16).score.nothing  # wrong
user: str = scorer.user_id(0)  # wrong
loss, gradient, _ = diffmm.infonce(numpy.eye(2), numpy.eye(2), [0, 1], 0.5)
print(loss + gradient.sum())
diffmm.infonce("eye", None, [0, 1], 0.5)  # wrong
with diffmm.Context(threads=2, log=lambda level, line: print(level.name, line.upper())) as context:
    assert_type(context, diffmm.Context)
rows = diffmm.Rows.of([[0, 1], [2]])
diffmm.Diffusion(3, context=context).step(rows, [0], epoch=1).total.real
for report in diffmm.Trainer(data):
    print(report.losses["bpr"].weight, report.seconds.denoise, report.graph_measures)
"""


def mypy(*arguments):
    """What mypy says, in an environment of its own: libraries of a sanitised build are not for it."""
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    return subprocess.run(["mypy", "--no-error-summary", *map(str, arguments)], env=environment,
                          capture_output=True, text=True, check=False)


def public():
    """Classes, functions, methods and properties that a program can name."""
    for name in diffmm.__all__:
        value = getattr(diffmm, name)
        yield name, value
        if inspect.isclass(value) and not issubclass(value, enum.Enum):
            for base in reversed(value.__mro__):
                if base.__module__.startswith("diffmm"):
                    for own, member in vars(base).items():
                        if not own.startswith("_"):
                            yield f"{name}.{own}", member


def functions():
    """The functions among these, with those behind properties and class methods."""
    for name, value in public():
        if isinstance(value, property):
            yield name, value.fget
        elif isinstance(value, (classmethod, staticmethod)):
            yield name, value.__func__
        elif inspect.isfunction(value):
            yield name, value
        elif inspect.isclass(value) and "__init__" in vars(value):
            yield name, value.__init__


class Hints(unittest.TestCase):

    def test_everything_public_is_exported(self):
        own = {name for name, value in vars(diffmm).items()
               if not name.startswith("_") and not inspect.ismodule(value)}
        self.assertEqual(sorted(own), sorted(diffmm.__all__))
        self.assertTrue((PACKAGE / "py.typed").is_file())

    def test_every_parameter_and_result_has_a_hint(self):
        count = 0
        for name, function in functions():
            with self.subTest(name):
                names = set(inspect.signature(function).parameters) - set(WITHOUT)
                self.assertEqual(set(), (names | {"return"}) - set(function.__annotations__))
                typing.get_type_hints(function)  # all names in it are known
                count += 1
        self.assertGreater(count, 200)

    def test_everything_public_is_documented(self):
        for name, value in public():
            if callable(value) or isinstance(value, (property, classmethod, staticmethod)):
                with self.subTest(name):
                    self.assertTrue((value.__doc__ or "").strip())
                    self.assertFalse(re.match(r"\w+\(.*\)$", value.__doc__))  # a tuple's own

    def test_what_takes_or_gives_arrays_says_their_shape(self):
        documented, count = dict(public()), 0
        for name, function in functions():
            if ARRAYS.search(" ".join(map(str, function.__annotations__.values()))):
                with self.subTest(name):
                    self.assertRegex(documented[name].__doc__, SHAPE)
                    count += 1
        self.assertGreater(count, 60)


@unittest.skipUnless(shutil.which("mypy"), "no mypy")
class Mypy(unittest.TestCase):

    def test_module_and_program(self):
        with tempfile.TemporaryDirectory(prefix="diffmm-") as folder:
            program = pathlib.Path(folder) / "program.py"
            program.write_text(textwrap.dedent(PROGRAM), encoding="utf-8")
            done = mypy("--config-file", PACKAGE.parent / "pyproject.toml", "--cache-dir",
                        pathlib.Path(folder) / "cache", "-p", "diffmm")
            self.assertEqual((0, "", ""), (done.returncode, done.stdout, done.stderr))
            done = mypy("--strict", "--config-file=", "--cache-dir",
                        pathlib.Path(folder) / "cache", program)
            found = {int(line.split(":")[1]) for line in done.stdout.splitlines()
                     if ": error:" in line and line.startswith(str(program))}
            wanted = {number for number, line in enumerate(PROGRAM.splitlines(), 1)
                      if line.endswith("# wrong")}
            self.assertEqual(wanted, found, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()

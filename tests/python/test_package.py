# SPDX-License-Identifier: BSD-2-Clause
"""The module as a package: its version, and the wheel that pip makes of it and installs, without a
network."""

import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import diffmm
from diffmm import _library

PROJECT = pathlib.Path(os.environ["DIFFMM_SOURCE"])
SOURCE = PROJECT / "examples" / "python"
# pip is not for the libraries of a sanitised build, nor for the module in the source folder.
ENVIRONMENT = {name: value for name, value in os.environ.items()
               if name not in ("LD_PRELOAD", "PYTHONPATH")}


def numbers(version):
    return tuple(int(part) for part in version.split("."))


class Version(unittest.TestCase):

    def test_is_the_projects(self):
        text = (PROJECT / "meson.build").read_text(encoding="utf-8")
        self.assertEqual(re.search(r"version: '([\d.]+)'", text)[1], diffmm.__version__)

    def test_goes_with_the_library(self):
        self.assertGreaterEqual(numbers(diffmm.__version__), _library.WRITTEN_FOR)
        self.assertEqual(diffmm.version(), numbers(diffmm.__version__))


@unittest.skipUnless(importlib.util.find_spec("pip") and importlib.util.find_spec("flit_core"),
                     "no pip or no flit_core")
class Wheel(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="diffmm-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.target = pathlib.Path(cls.folder.name) / "installed"
        copy = pathlib.Path(cls.folder.name) / "source"
        shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        done = subprocess.run(
            [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "install",
             "--no-index", "--no-build-isolation", "--no-deps", "--no-compile", "--target",
             cls.target, copy], env=ENVIRONMENT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise AssertionError(done.stdout + done.stderr)

    def test_has_the_module_and_nothing_else(self):
        def files(folder):
            return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}

        self.assertEqual(files(SOURCE / "diffmm"), files(self.target / "diffmm"))
        self.assertIn("py.typed", files(self.target / "diffmm"))
        self.assertEqual({"diffmm", f"diffmm-{diffmm.__version__}.dist-info"},
                         {path.name for path in self.target.iterdir()})

    def test_says_what_it_is(self):
        about = self.target / f"diffmm-{diffmm.__version__}.dist-info"
        metadata = (about / "METADATA").read_text(encoding="utf-8")
        for line in ("Name: diffmm", f"Version: {diffmm.__version__}", "Requires-Dist: numpy"):
            self.assertIn(line + "\n", metadata)
        self.assertIn("Root-Is-Purelib: true\n", (about / "WHEEL").read_text(encoding="utf-8"))
        self.assertEqual((PROJECT / "COPYING").read_bytes(), (about / "COPYING").read_bytes())

    def import_it(self, **more):
        """Import it from where it was installed: what it prints, and its errors."""
        program = "import diffmm; print(diffmm.__file__, diffmm.Context(threads=1))"
        environment = {**os.environ, "PYTHONPATH": str(self.target), **more}
        return subprocess.run([sys.executable, "-c", program], env=environment, cwd="/",
                              capture_output=True, text=True, check=False)

    def test_works_where_it_is_installed(self):
        done = self.import_it()
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertEqual(f"{self.target}/diffmm/__init__.py <Context: 1 threads>\n", done.stdout)

    def test_takes_the_library_that_it_brings(self):
        own = self.target / "diffmm" / "lib"
        own.mkdir()
        self.addCleanup(shutil.rmtree, own)
        library = pathlib.Path(os.environ["DIFFMM_LIBRARY"]).resolve()
        (own / _library.SONAME).symlink_to(library)
        done = self.import_it(DIFFMM_LIBRARY="")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        (own / _library.SONAME).unlink()
        (own / _library.SONAME).write_text("no library")
        self.assertIn(f"{own / _library.SONAME}: ", self.import_it(DIFFMM_LIBRARY="").stderr)
        self.assertEqual(0, self.import_it().returncode)  # the variable has precedence


if __name__ == "__main__":
    unittest.main()

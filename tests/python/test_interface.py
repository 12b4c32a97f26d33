# SPDX-License-Identifier: BSD-2-Clause
"""The module against the C compiler and the headers: layouts, signatures, values of enums, nothing
forgotten."""

import ctypes
import enum
import inspect
import os
import pathlib
import re
import subprocess
import unittest

import diffmm
from diffmm import _functions, _library, _structs, diffusion

HEADERS = pathlib.Path(os.environ["DIFFMM_SOURCE"]) / "include" / "diffmm"
NOT_BOUND = pathlib.Path(__file__).with_name("not_bound.txt")


def headers():
    """All headers as one text, without comments."""
    text = "\n".join(path.read_text() for path in sorted(HEADERS.glob("*.h")))
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


def c_name(name):
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def structs():
    return {c_name(name): value for name, value in vars(_structs).items()
            if inspect.isclass(value) and issubclass(value, _structs.Struct)
            and value is not _structs.Struct}


class Layout(unittest.TestCase):

    def test_every_member_where_the_compiler_puts_it(self):
        printed = subprocess.run([os.environ["DIFFMM_LAYOUT"]], check=True, capture_output=True,
                                 text=True).stdout
        expected = dict(line.split(" ", 1) for line in printed.splitlines())
        got = {}
        for name, struct in structs().items():
            got[name] = str(ctypes.sizeof(struct))
            for field, _ in struct._fields_:
                member = getattr(struct, field)
                got[f"{name}.{field}"] = f"{member.offset} {member.size}"
        self.assertEqual(expected, got)

    def test_every_struct_of_the_headers(self):
        declared = set(re.findall(r"^} diffmm_(\w+);", headers(), flags=re.MULTILINE))
        enums = set(re.findall(r"typedef enum diffmm_(\w+)", headers()))
        self.assertEqual(declared - enums - not_bound("struct "), set(structs()))

    def test_hits_are_laid_out_as_the_struct(self):
        self.assertEqual(diffmm.query.HIT.itemsize, ctypes.sizeof(_structs.Hit))
        self.assertEqual(diffmm.query.HIT.fields["score"][1], _structs.Hit.score.offset)


def not_bound(kind=""):
    """Names that are deliberately left out."""
    lines = [line.split("#")[0].strip() for line in NOT_BOUND.read_text().splitlines()]
    return {line[len(kind):].removeprefix("diffmm_") if kind else line
            for line in lines if line.startswith(kind) and (kind or line.startswith("diffmm_"))}


# What each C type may be in the table of functions.
BY_C_TYPE = {
    "size_t": [_functions.size],
    "int32_t": [_functions.int32],
    "int64_t": [_functions.int64],
    "uint64_t": [_functions.uint64],
    "int": [_functions.flag],
    "double": [_functions.real],
    "diffmm_feature_loader": [_structs.FeatureLoader],
    "diffmm_epoch_function": [_structs.EpochFunction],
    "diffmm_progress_function": [_structs.ProgressFunction],
    "diffmm_hits_function": [_structs.HitsFunction],
    "const char *": [_functions.name, _functions.path],
    "const char *const *": [_functions.strings],
    "float *": [_functions.floats],
    "double *": [_functions.doubles, ctypes.c_void_p],
    "int32_t *": [_functions.int32s, ctypes.c_void_p],
    "int64_t *": [_functions.int64s, ctypes.c_void_p],
    "size_t *": [_functions.sizes, ctypes.c_void_p],
    "uint8_t *": [_functions.octets],
}
ARRAYS_BY_ADDRESS = {  # made by the module itself
    ("diffmm_dataset_add_modality_array", "features"),  # rows may have gaps
    ("diffmm_dataset_add_interactions", "user"),  # runs of an array
    ("diffmm_dataset_add_interactions", "item"),
}


def split_parameter(text):
    """Type and name of one parameter."""
    match = re.fullmatch(r"(.*?)(\w+)(\[\d*\])?", " ".join(text.split()))
    kind = match[1].strip()
    return (kind + " *" if match[3] else kind), match[2]


RESULTS = {
    "size_t": ctypes.c_size_t,
    "uint64_t": ctypes.c_uint64,
    "int": ctypes.c_int,
    "void": None,
    "const char *": ctypes.c_char_p,
    "diffmm_status": _functions.Status,
}


def accepted(function, kind, name):
    if (function, name) in ARRAYS_BY_ADDRESS:
        return [ctypes.c_void_p]
    if kind in BY_C_TYPE:
        return BY_C_TYPE[kind]
    bare = kind.replace("const ", "").strip()
    if bare in BY_C_TYPE:
        return BY_C_TYPE[bare]
    if bare.endswith("*"):
        return [ctypes.c_void_p]
    if f"typedef enum {bare} " in headers():
        return [_functions.enum]
    raise AssertionError(f"{function}: what is a {kind}?")


def declarations():
    """Name, result and parameters of every function of the headers."""
    pattern = r"DIFFMM_API\s+([\w\s]+?[\s*]+)(diffmm_\w+)\(([^;]*)\);"
    for result, name, parameters in re.findall(pattern, headers()):
        parameters = " ".join(parameters.split())
        listed = [] if parameters == "void" else [split_parameter(p) for p in parameters.split(",")]
        yield name, " ".join(result.split()), listed


class Signatures(unittest.TestCase):

    def test_every_function_has_the_types_of_its_declaration(self):
        checked = 0
        for name, result, parameters in declarations():
            if name not in _functions.FUNCTIONS:
                continue
            got_result, *got = _functions.FUNCTIONS[name]
            with self.subTest(name):
                pointer = result.endswith("*") and result not in RESULTS
                self.assertIs(ctypes.c_void_p if pointer else RESULTS[result], got_result)
                self.assertEqual(len(parameters), len(got))
                for (kind, parameter), type_ in zip(parameters, got):
                    self.assertIn(type_, accepted(name, kind, parameter), parameter)
                checked += 1
        self.assertEqual(checked, len(_functions.FUNCTIONS))

    def test_nothing_is_forgotten(self):
        declared = {name for name, _, _ in declarations()}
        self.assertEqual(declared - not_bound(), set(_functions.FUNCTIONS))

    def test_every_bound_function_is_used(self):
        folder = pathlib.Path(diffmm.__file__).parent
        code = "".join(path.read_text() for path in folder.glob("*.py")
                       if path.name != "_functions.py")
        unused = [name for name in _functions.FUNCTIONS
                  if not re.search(rf"\blibrary\.{name}\b", code)]
        # Exceptions know the names of statuses themselves (errors.py).
        self.assertEqual(["diffmm_status_name"], unused)


class Enums(unittest.TestCase):

    def expect(self, python_enum, prefix):
        text = re.findall(rf"\b{prefix}(\w+) = (\d+)", headers())
        self.assertEqual({name: int(value) for name, value in text},
                         {member.name: member.value for member in python_enum})

    def test_values(self):
        self.expect(diffmm.LogLevel, "DIFFMM_LOG_")
        self.expect(diffmm.Anchor, "DIFFMM_ANCHOR_")
        self.expect(diffmm.OptionType, "DIFFMM_OPTION_")
        self.expect(diffmm.Phase, "DIFFMM_PHASE_")
        self.expect(diffmm.FileKind, "DIFFMM_FILE_")
        self.assertIn(f"DIFFMM_NEW_USER = {diffmm.query.NEW_USER} ", headers())
        kinds = re.findall(r"DIFFMM_(COSINE|DOT) = (\d)", headers())
        self.assertEqual({name: int(value) for name, value in kinds},
                         {member.name: member.value for member in diffmm.Similarity})
        self.expect(diffmm.VectorsFormat, "DIFFMM_VECTORS_")
        self.expect(diffusion._Quantity, "DIFFMM_SCHEDULE_")
        splits = re.findall(r"DIFFMM_(TRAIN|VALID|TEST) = (\d)", headers())
        self.assertEqual({name: int(value) for name, value in splits},
                         {member.name: member.value for member in diffmm.Split})
        sides = re.findall(r"DIFFMM_(USERS|ITEMS) = (\d)", headers())
        self.assertEqual({name: int(value) for name, value in sides},
                         {member.name: member.value for member in diffmm.Side})

    def test_statuses(self):
        body = re.search(r"typedef enum diffmm_status {(.*?)}", headers(), flags=re.DOTALL)[1]
        expected = {int(value): name for name, value in re.findall(r"(DIFFMM_\w+) = (\d+)", body)}
        self.assertEqual(set(expected), {int(status) for status in diffmm.Status})
        for status in diffmm.Status:
            self.assertEqual(expected[status].removeprefix("DIFFMM_").removeprefix("ERROR_"),
                             status.name)
            self.assertEqual(expected[status].encode(),
                             _library.library.diffmm_status_name(status))
        self.assertTrue(issubclass(diffmm.Status, enum.IntEnum))


class Version(unittest.TestCase):

    def test_the_running_version(self):
        version = re.findall(r"DIFFMM_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", headers())
        self.assertEqual(tuple(map(int, version)), diffmm.version())
        self.assertIn(".".join(version), diffmm.build_info())

    def test_other_versions_are_refused(self):
        major, minor, patch = _library.WRITTEN_FOR
        number = major * 1000000 + minor * 1000 + patch
        _library.check_version(number)
        _library.check_version(number + 1)
        for other in (number - 1, number + 1000, number + 1000000):
            with self.assertRaisesRegex(ImportError, "written for libdiffmm 0.1.0, but the"):
                _library.check_version(other)


if __name__ == "__main__":
    unittest.main()

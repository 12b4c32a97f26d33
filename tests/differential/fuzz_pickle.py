# SPDX-License-Identifier: BSD-2-Clause
"""Pickled sparse matrices, against Python's own unpickler with numpy's own functions. scipy is not needed: classes
of the names that pickles hold stand in for its matrices, with the state that these would get."""

import io
import pickle
import pickletools
import struct
import sys
import types

import numpy as np

import readers

# Only the instructions, names, arguments and states that scipy and numpy write are read, with bounds.
STRICTER = [r"instruction 0x.. is not one", r"which is refused: only scipy", r"of a kind not read",
            r"calls (a name|something) that is not", r"more (instructions|values) than a matrix needs",
            r"with arguments of a kind", r"pickle of protocol 2 to 5", r"pickle protocol \d+ is not read",
            r"integer of \d+ bytes is too large", r"a text is not UTF-8", r"key that is not a text",
            r"there is no dictionary to fill", r"gives state to a value that has none",
            r"state of a matrix is not a dictionary", r"'coords' and 'row'", r"gets a state again, or after its use",
            r"makes an object that is no scipy", r"a text is not latin-1", r"encodes more text than it holds",
            r"cannot be in a file of", r"elements of type '.*' are not read", r"asks for value \d+",
            r"array's shape is not a tuple", r"the stack has", r"not two numbers", r"a name is not a text",
            r"it has \d+ dimensions, not 1", r"reaches beyond its frame",
            r"shape exceeds the address space"]
MODULES = {"scipy.sparse.coo": "coo_matrix", "scipy.sparse._coo": "coo_matrix", "scipy.sparse.csr": "csr_matrix",
           "scipy.sparse._csr": "csr_matrix"}
PIECES = [bytes([code]) for code in b"(.0NRb}su)t\x81\x85\x86\x87\x88\x89\x94q\x00q\x01h\x00h\x01K\x00K\x01K\x03"] + [
    b"K\x02", b"M\x00\x01", b"J\xff\xff\xff\xff", b"\x8a\x01\x05", b"X\x03\0\0\0row", b"\x8c\x03row", b"\x8c\x06_shape",
    b"\x8c\x05shape", b"\x8c\x06coords", b"\x8c\x04data", b"\x8c\x03col", b"\x8c\x06indptr", b"U\x03row", b"C\x03row",
    b"}(ub", b"cnumpy\nndarray\n", b"cnumpy\ndtype\n", b"cbuiltins\nbytes\n", b"c_codecs\nencode\n", b"cos\nsystem\n",
    b"X\x02\0\0\0i4", b"X\x02\0\0\0f8", b"X\x02\0\0\0O8", b"X\x02\0\0\0i8", b"X\x01\0\0\0>", b"X\x01\0\0\0<", b"\x96"]


class Matrix:
    """Stands in for a matrix: state comes by its dictionary."""

    def __init__(self, *arguments):
        raise readers.Refused("made by a call")


def stand_in(module, name):
    for place in range(len(module)):  # and the packages that it is in
        if module[place] == ".":
            sys.modules.setdefault(module[:place], types.ModuleType(module[:place]))
    made = sys.modules.setdefault(module, types.ModuleType(module))
    made.__dict__.setdefault(name, type(name, (Matrix,), {"__module__": module, "__qualname__": name}))
    return getattr(made, name)


for module_name, class_name in list(MODULES.items()):
    stand_in(module_name, class_name)
for class_name in ("coo_array", "csr_array"):
    stand_in("scipy.sparse._arrays", class_name)
    stand_in("scipy.sparse._" + class_name[:3], class_name)

ALLOWED = {("numpy", "ndarray"): np.ndarray, ("numpy", "dtype"): np.dtype,
           ("_codecs", "encode"): lambda text, form: text.encode(form)}
for prefix in ("numpy.core.", "numpy._core."):
    ALLOWED[prefix + "multiarray", "_reconstruct"] = np.core.multiarray._reconstruct
    ALLOWED[prefix + "numeric", "_frombuffer"] = np.core.numeric._frombuffer
for name in ("__builtin__", "builtins"):
    ALLOWED[name, "bytes"] = bytes
    ALLOWED[name, "object"] = object
for name in ("copy_reg", "copyreg"):
    ALLOWED[name, "_reconstructor"] = lambda kind, base, state: object.__new__(kind)


class Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) in ALLOWED:
            return ALLOWED[module, name]
        if module.startswith("scipy.sparse.") and module in sys.modules and hasattr(sys.modules[module], name):
            return getattr(sys.modules[module], name)
        raise readers.Refused("another name")


def make_matrix(draw):
    rng = np.random.default_rng(draw.randrange(2**32))
    rows, columns, count = draw.randint(1, 9), draw.randint(1, 300), draw.choice((0, 1, 4, 10))
    index = draw.choice(("<i4", "<i4", "<i8", ">i4", "u1", "<f8"))
    row = rng.integers(0, rows, count)
    column = rng.integers(0, columns, count).astype("<i8" if index == "u1" else index)
    values = rng.choice([1, 1, 2, 0, -1], count).astype(draw.choice(("<f8", "<f4", "i1", ">i8", "?")))
    module = draw.choice(list(MODULES))
    csr = MODULES[module] == "csr_matrix"
    made = object.__new__(stand_in(module, MODULES[module]))
    state = {"_shape": (rows, columns), "data": values}
    if csr:
        state["indices"] = column
        state["indptr"] = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=rows))]).astype(index)
    elif draw.random() < 0.3:
        state["coords"] = (row.astype(index), column)
    else:
        state["row"], state["col"] = row.astype(index), column
    state.update({"maxprint": 50, "has_canonical_format": False, "weight": 0.5, "note": None})
    keys = list(state)
    draw.shuffle(keys)
    made.__dict__.update((key, state[key]) for key in keys)
    return made


def instructions(content):
    """The pickle cut into its instructions."""
    places = [place for _, _, place in pickletools.genops(content)] + [len(content)]
    return [content[a:b] for a, b in zip(places, places[1:])]


def shuffle_instructions(draw, content):
    steps = instructions(content)
    for _ in range(draw.randint(1, 3)):
        at, other = draw.randrange(len(steps)), draw.randrange(len(steps))
        way = draw.randrange(5)
        if way == 0:
            del steps[at]
            steps = steps or [b"."]
        elif way == 1:
            steps.insert(at, steps[other])
        elif way == 2:
            steps[at], steps[other] = steps[other], steps[at]
        elif way == 3:
            steps[at] = draw.choice(PIECES)
        else:
            steps[at:at] = steps[other:other + draw.randint(1, 6)]
    return b"".join(steps)


def make(draw):
    content = pickle.dumps(make_matrix(draw), draw.randint(2, 5))
    way = draw.random()
    if way < 0.15:
        return "pkl", content, True
    if way < 0.55:
        content = shuffle_instructions(draw, content)
    elif way < 0.7:  # frames say nothing: whole instructions are easier to change without them
        content = b"".join(step for step in instructions(content) if step[0] != 0x95)
        content = shuffle_instructions(draw, content)
    else:
        content = readers.mutate(draw, content, PIECES, 2)
    return "pkl", content, False


def array_of(state, key):
    array = state[key]
    if type(array) is not np.ndarray:
        raise readers.Refused("no array")
    return array


def read(kind, content):
    made = Unpickler(io.BytesIO(content), encoding="latin1").load()
    if not isinstance(made, Matrix):
        raise readers.Refused("no matrix")
    state, csr = made.__dict__, type(made).__name__.startswith("csr")
    shape = state["_shape"]
    if type(shape) is not tuple or len(shape) != 2 or not all(isinstance(size, int) for size in shape):
        raise readers.Refused("no shape")
    if csr:
        row, column = array_of(state, "indptr"), array_of(state, "indices")
    elif "coords" in state:
        row, column = state["coords"]
        row, column = array_of({0: row}, 0), array_of({0: column}, 0)
    else:
        row, column = array_of(state, "row"), array_of(state, "col")
    return readers.matrix(csr, shape, row, column, array_of(state, "data"))


if __name__ == "__main__":
    readers.run(4000, make, read, STRICTER)

# SPDX-License-Identifier: BSD-2-Clause
"""What the public headers declare: functions, structs, enums, types of callbacks, handles, numbers.

It knows the C that the headers are written in, and stops at any other, so that what is made from
them (with_message.py, abi.py) lacks nothing."""
import pathlib
import re
import typing


class Parameter(typing.NamedTuple):
    name: str
    type: str  # for an array: the pointer that it is
    count: int = None  # elements of an array; None: no array


class Function(typing.NamedTuple):
    name: str
    result: str
    parameters: list
    header: str


class Member(typing.NamedTuple):
    name: str
    type: str
    count: int  # elements of an array; None: no array


class Interface:
    """Everything by name, in the order of the headers."""

    def __init__(self):
        self.functions, self.callbacks = {}, {}
        self.structs = {}  # name: members
        self.enums = {}  # name: {constant: number}
        self.handles = []  # structs that nobody sees into
        self.constants = {}  # numbers of no enum
        self.headers = []  # paths

    def numbers(self):
        return {**self.constants,
                **{name: number for enum in self.enums.values() for name, number in enum.items()}}


def type_of(text):
    """A type as it is usually written: no blank after an asterisk."""
    return re.sub(r"\s*\*\s*", "*", " ".join(text.split())).replace("*", " *", 1).replace(
        "*const", "*const ").strip()


def member_of(text, interface):
    """`TYPE NAME`, `TYPE NAME[COUNT]`, or a pointer to a function."""
    text = " ".join(text.split())
    pointer = re.fullmatch(r"(.+?)\(\s*\*\s*(\w+)\s*\)\s*\((.*)\)", text)
    if pointer:
        result, name, parameters = pointer.groups()
        return Member(name, f"{type_of(result)} (*)({', '.join(signature(parameters))})", None)
    match = re.fullmatch(r"(.+?)\b(\w+)\s*(?:\[\s*(\w*)\s*\])?", text)
    if not match or not match[1].strip():
        raise ValueError(f"cannot read the declaration '{text}'")
    kind, name, count = match.groups()
    if count is None:
        return Member(name, type_of(kind), None)
    return Member(name, type_of(kind),
                  int(count) if count.isdigit() else interface.numbers().get(count, 0))


def parts(text):
    """Split at the commas that stand in no parentheses."""
    return [part.strip() for part in re.split(r",(?![^(]*\))", text) if part.strip()]


def parameters_of(text, interface):
    if text.strip() == "void":
        return []
    members = [member_of(part, interface) for part in parts(text)]
    return [Parameter(m.name, m.type if m.count is None else m.type + ("*" if "*" in m.type else " *"), m.count)
            for m in members]


def signature(parameters):
    """The types of parameters, which need not have names."""
    types = []
    for part in parts(parameters):
        if part.endswith("*") or " " not in part:
            types.append(type_of(part))
        else:
            types += [parameter.type for parameter in parameters_of(part, Interface())]
    return types


def enum_of(body, interface):
    numbers, last = {}, -1
    for constant in parts(body):
        name, _, value = (part.strip() for part in constant.partition("="))
        value = {**interface.numbers(), **numbers}.get(value, value)
        last = int(value, 0) if isinstance(value, str) and value else value if value != "" else last + 1
        numbers[name] = last
    return numbers


def declaration(text, header, interface):
    """One declaration, without the semicolon at its end."""
    text = " ".join(text.split())
    function = re.fullmatch(r"DIFFMM_API (.+?)\b(\w+) ?\((.*)\)", text)
    callback = re.fullmatch(r"typedef (.+?)\( ?\* ?(\w+) ?\) ?\((.*)\)", text)
    handle = re.fullmatch(r"typedef struct (\w+) (\w+)", text)
    block = re.fullmatch(r"(?:typedef )?(struct|enum)(?: (\w+))? ?\{(.*)\} ?(\w*)", text)
    if function:
        result, name, parameters = function.groups()
        interface.functions[name] = Function(name, type_of(result),
                                             parameters_of(parameters, interface), header)
    elif callback:
        result, name, parameters = callback.groups()
        interface.callbacks[name] = Function(name, type_of(result),
                                             parameters_of(parameters, interface), header)
    elif handle:
        interface.handles.append(handle[2])
    elif block and block[1] == "struct":
        interface.structs[block[4] or f"struct {block[2]}"] = [
            member_of(member, interface) for member in block[3].split(";") if member.strip()]
    elif block and (block[4] or block[2]):
        interface.enums[block[4] or block[2]] = enum_of(block[3], interface)
    elif block:
        interface.constants.update(enum_of(block[3], interface))
    elif not re.fullmatch(r"struct \w+", text):
        raise ValueError(f"{header}: cannot read the declaration '{text}'")


def declarations_of(text):
    """The declarations of a header, each without comments, preprocessor lines and its semicolon."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.DOTALL)
    text = re.sub(r"^#ifdef __cplusplus$.*?^#endif$", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", "", text, flags=re.MULTILINE)
    depth, begin = 0, 0
    for at, letter in enumerate(text):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if letter == ";" and depth == 0:
            yield text[begin:at]
            begin = at + 1
    if text[begin:].strip():
        raise ValueError(f"cannot read '{text[begin:].strip()}'")


def read(folder):
    """The interface of the headers in `folder`, those that its diffmm.h includes."""
    interface = Interface()
    folder = pathlib.Path(folder)

    def visit(path):
        if path in interface.headers:
            return
        interface.headers.append(path)
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"^#include <diffmm/(\w+\.h)>", text, flags=re.MULTILINE):
            visit(folder / name)
        for found in declarations_of(text):
            declaration(found, path.name, interface)

    visit(folder / "diffmm.h")
    interface.handles = [name for name in interface.handles if name not in interface.structs]
    return interface


def write_depfile(path, output, interface):
    """For the build: what is made again when which header changes."""
    read = " ".join(str(header) for header in interface.headers)
    pathlib.Path(path).write_text(f"{output}: {read}\n", encoding="utf-8")

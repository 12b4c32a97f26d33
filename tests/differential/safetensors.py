# SPDX-License-Identifier: BSD-2-Clause
"""The library's reader of safetensors against another one, on made-up and spoilt files.

usage: safetensors.py READ_SAFETENSORS [SECONDS [SEED]]

The other reader, below, is written from the format's description and from what
doc/file-formats.md says of it, on Python's json module. Both must take or refuse the
same files and find the same in them. Without SECONDS, a fixed number of files is tried.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time

OURS = {"F32": 4, "F64": 8, "I32": 4, "I64": 8, "U8": 1}
FOREIGN = ["BF16", "F16", "F8_E4M3", "F8_E5M2", "I8", "I16", "U16", "U32", "U64", "BOOL", "C64", "F4", "", "f32"]
MOST_HEADER = 100 * 1000 * 1000
MOST_DEPTH = 200


class Refused(Exception):
    pass


# ---- the other reader


def read_pairs(pairs):
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise Refused("a key stands twice")
    return dict(pairs)


class Real(float):
    """A number that is written as no integer, or fits into no 64 bits."""


def read_real(text):
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise Refused("a number is too large")
    return Real(value)


def read_integer(text):
    if len(text) > 400:
        raise Refused("a number is too large")
    value = int(text)
    return value if -(2**63) <= value < 2**63 else read_real(text)


def refuse_word(word):
    raise Refused(word + " is no JSON")


def check_values(value, depth=0):
    """Strings without NUL and lone surrogates; lists that are not nested too deeply."""
    if isinstance(value, str):
        if any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value):
            raise Refused("a string has a character that is none")
    elif isinstance(value, (list, dict)) and value:
        if depth == MOST_DEPTH:
            raise Refused("lists are nested too deeply")
        if isinstance(value, dict):
            for key in value:
                check_values(key)
            value = value.values()
        for one in value:
            check_values(one, depth + 1)


def read_json(data):
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=read_pairs,
            parse_float=read_real,
            parse_int=read_integer,
            parse_constant=refuse_word,
        )
        check_values(value)
    except (ValueError, RecursionError) as error:
        raise Refused(str(error))
    if not isinstance(value, dict):
        raise Refused("not an object")
    return value


def is_count(value):
    return type(value) is int and value >= 0


def read_tensor(name, entry, size):
    """(begin, end, dtype, shape) of a tensor."""
    if not isinstance(entry, dict) or not isinstance(entry.get("dtype"), str):
        raise Refused(name)
    shape, offsets = entry.get("shape"), entry.get("data_offsets")
    if not isinstance(shape, list) or not all(map(is_count, shape)):
        raise Refused(name)
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(map(is_count, offsets)):
        raise Refused(name)
    begin, end = offsets
    if begin > end or end > size:
        raise Refused(name)
    dtype = entry["dtype"]
    if dtype in OURS:
        product = 1
        for count in shape + [OURS[dtype]]:
            product *= count
            if product >= 2**64:
                raise Refused(name)
        if product != end - begin:
            raise Refused(name)
    return begin, end, dtype, shape


def fnv(data):
    value = 14695981039346656037
    for byte in data:
        value = ((value ^ byte) * 1099511628211) & (2**64 - 1)
    return value


def hexed(text):
    return "=" + text.encode().hex()


def tell(name, tensor, data):
    begin, end, dtype, shape = tensor
    if dtype not in OURS or len(shape) > 2 or (len(shape) == 2 and shape[1] == 0):
        return "passed " + hexed(name)
    rows = shape[0] if shape else 1
    columns = shape[1] if len(shape) == 2 else 0
    return "tensor %s %s %d %d %016x" % (hexed(name), dtype, rows, columns, fnv(data[begin:end]))


def read_file(file):
    """What the file holds, as read_safetensors.c tells it, and the keys of its metadata."""
    if len(file) < 8:
        raise Refused("too short")
    length = int.from_bytes(file[:8], "little")
    if length > len(file) - 8 or length > MOST_HEADER:
        raise Refused("no such header")
    header, data = read_json(file[8 : 8 + length]), file[8 + length :]
    lines, spans, metadata = [], [], {}
    for name, entry in header.items():
        if name == "__metadata__":
            if not isinstance(entry, dict) or not all(isinstance(v, str) for v in entry.values()):
                raise Refused("metadata")
            metadata = entry
            continue
        tensor = read_tensor(name, entry, len(data))
        spans.append(tensor[:2])
        lines.append(tell(name, tensor, data))
    reached = 0
    for begin, end in sorted(spans):
        if begin != reached:
            raise Refused("a gap, or an overlap")
        reached = end
    if reached != len(data):
        raise Refused("data of no tensor")
    return lines + ["metadata %s %s" % (hexed(key), hexed(value)) for key, value in metadata.items()], list(metadata)


# ---- files


def written_string(r, text):
    """JSON of a string, some of its characters escaped."""
    short = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\b": "\\b", "\f": "\\f", "\r": "\\r"}
    out = '"'
    for c in text:
        if c in short:
            out += short[c]
        elif ord(c) < 0x20 or r.random() < 0.05:
            for unit in memoryview(c.encode("utf-16-be", "surrogatepass")).cast("B").hex(" ", 2).split():
                out += "\\u" + (unit.upper() if r.random() < 0.3 else unit)
        else:
            out += "\\/" if c == "/" and r.random() < 0.5 else c
    return out + '"'


class Raw(str):
    """Text that stands in JSON as it is."""


def written(r, value):
    space = lambda: r.choice(["", "", "", "", " ", "\n", "\t "])
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, str):
        return written_string(r, value)
    if isinstance(value, list):
        return "[" + ",".join(space() + written(r, one) + space() for one in value) + space() + "]"
    if isinstance(value, tuple):  # members of an object, among which a key may stand twice
        members = [written_string(r, key) + space() + ":" + space() + written(r, one) for key, one in value]
        return "{" + ",".join(space() + member + space() for member in members) + "}"
    return json.dumps(value)


def any_name(r):
    names = ["a", "b", "a.b", "weight", "\u00e9", "\U0001f600", "", "__metadata_", "dtype", "x\ty", '"', "\\", "/"]
    return r.choice(names) if r.random() < 0.5 else "t%d" % r.randrange(1000)


ODD = [
    *map(Raw, ["-1", "-0", "1.0", "1e0", "1E2", "1.5", "0.0", "1e999", "9223372036854775807", "9223372036854775808"]),
    *map(Raw, ["18446744073709551616", "1" * 500, "01", "+1", "NaN", "Infinity", "true", "null", "nul", "[]", "{}"]),
    *map(Raw, ['"1"', '"\\u0000"', '"\\ud800"', '"\\ud83d\\ude00"', '"\\x"', '"\x01"', "", "1,", ":1", "[[[]]]"]),
    Raw("[" * 199 + "0" + "]" * 199),
    Raw("[" * 198 + "]" * 198),
    Raw("[" * 202 + "]" * 202),
    0,
    1,
    2**32,
    2**62,
    "F32",
    "",
]


def any_tensor(r, reached):
    """Entry of a tensor whose data begins at `reached`, and where it ends."""
    dtype = r.choice(list(OURS)) if r.random() < 0.8 else r.choice(FOREIGN)
    shape = [r.choice([0, 1, 1, 2, 3, 5]) for _ in range(r.choice([0, 1, 1, 2, 2, 2, 3, 4]))]
    size = OURS.get(dtype, r.choice([1, 2]))
    for count in shape:
        size *= count
    entry = [("dtype", dtype), ("shape", shape), ("data_offsets", [reached, reached + size])]
    if r.random() < 0.1:
        entry.append(("further", r.choice(ODD[:3] + [[], (), "text"])))
    r.shuffle(entry)
    return entry, reached + size


def spoil_entry(r, entry):
    """One thing that does not belong."""
    at = r.randrange(len(entry))
    key, value = entry[at]
    way = r.randrange(6)
    if way == 0:
        entry[at] = (key, r.choice(ODD))
    elif way == 1:
        del entry[at]
    elif way == 2:
        entry.append((key, value))
    elif isinstance(value, list) and value:
        value = list(value)
        which = r.randrange(len(value))
        if way == 3:
            value[which] = r.choice(ODD)
        elif way == 4 and isinstance(value[which], int):
            value[which] += r.choice([-1, 1, 4, 8])
        else:
            value.append(r.choice([0, 1]))
        entry[at] = (key, value)


def any_header(r):
    """Members of a header, and the size of the data."""
    members, reached = [], 0
    for _ in range(r.choice([0, 1, 2, 3, 6])):
        entry, reached = any_tensor(r, reached)
        members.append((any_name(r), entry))
    names = [name for name, _ in members]
    if len(set(names)) < len(names) and r.random() < 0.9:
        members = [("%s%d" % (name, i), entry) for i, (name, entry) in enumerate(members)]
    if members and r.random() < 0.4:
        spoil_entry(r, r.choice(members)[1])
    members = [(name, tuple(entry)) for name, entry in members]
    if r.random() < 0.5:
        metadata = [(any_name(r) + str(i), r.choice(["", "1", "text \u20ac", '{"a":1}'])) for i in range(r.randrange(4))]
        if r.random() < 0.1:
            metadata.append(r.choice([("k", r.choice(ODD)), ("k", ""), ("0", "")]))
        members.append(("__metadata__", tuple(metadata) if r.random() < 0.95 else r.choice(ODD)))
    if r.random() < 0.05:
        members.append((any_name(r), r.choice(ODD)))
    r.shuffle(members)
    return members, reached


PIECES = [b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\\u", b"0", b"-", b"1e5", b".", b" ", b"\x00", b"\xff", b"\xc3\xa9"]


def spoil_bytes(r, data):
    data = bytearray(data)
    for _ in range(r.choice([1, 1, 1, 2, 4])):
        at = r.randrange(len(data) + 1)
        way = r.randrange(5)
        if way == 0 and at < len(data):
            data[at] ^= 1 << r.randrange(8)
        elif way == 1:
            data[at:at] = r.choice(PIECES)
        elif way == 2:
            del data[at : at + r.choice([1, 1, 2, 8])]
        elif way == 3 and at < len(data):
            data[at : at + 1] = r.choice(PIECES)
        elif way == 4:
            begin = r.randrange(len(data) + 1)
            data[at:at] = data[begin : begin + r.randrange(16)]
    return bytes(data)


def any_file(r):
    members, size = any_header(r)
    header = written(r, tuple(members)).encode("utf-8", "surrogatepass")
    if r.random() < 0.2:
        header = r.choice([b" ", b"\n", b""]) + header + b" " * r.randrange(9)
    if r.random() < 0.35:
        header = spoil_bytes(r, header)
    length = len(header)
    if r.random() < 0.05:
        length = max(0, length + r.choice([-1, 1, 8, 2**63, 2**64 - 1 - length]))
    if r.random() < 0.1:
        size = max(0, size + r.choice([-1, 1, 8]))
    file = (length % 2**64).to_bytes(8, "little") + header + bytes(r.getrandbits(8) for _ in range(size))
    return spoil_bytes(r, file) if r.random() < 0.1 else file


# ---- the comparison


def ask(reader, path, keys):
    request = "\t".join([path] + [key.encode().hex() for key in keys])
    reader.stdin.write(request + "\n")
    reader.stdin.flush()
    lines = []
    while True:
        line = reader.stdout.readline()
        if not line:
            raise SystemExit("the library's reader ended at " + path)
        if line == "end\n":
            return lines
        lines.append(line.rstrip("\n"))


def compare(reader, path, file):
    """What is wrong, or None; and whether the file is taken."""
    try:
        expected, keys = read_file(file)
    except Refused as refused:
        got = ask(reader, path, [])
        taken = len(got) != 1 or not got[0].startswith("refused ")
        return "taken, but should be refused: %s" % refused if taken else None, False
    got = ask(reader, path, [key for key in keys if key])
    expected = [line for line in expected if not line.startswith("metadata = ")]
    if got != expected:
        return "got %s, wanted %s" % (got, expected), True
    return None, True


def main():
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else None
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    files, counts = 6000, [0, 0]
    reader = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    end = time.monotonic() + seconds if seconds else None
    with tempfile.TemporaryDirectory(prefix="diffmm-test-") as folder:
        path = os.path.join(folder, "file.safetensors")
        number = 0
        while time.monotonic() < end if end else number < files:
            file = any_file(random.Random("%d %d" % (seed, number)))
            with open(path, "wb") as out:
                out.write(file)
            wrong, taken = compare(reader, path, file)
            if wrong:
                sys.exit("file %d of seed %d: %s\n%r" % (number, seed, wrong, file))
            counts[taken] += 1
            number += 1
    reader.stdin.close()
    if reader.wait() != 0:
        sys.exit("the library's reader ended with %d" % reader.returncode)
    print("%d files taken, %d refused" % (counts[1], counts[0]))
    # Neither side may be all there is.
    if not seconds and min(counts) < files // 5:
        sys.exit("too few of one kind")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: BSD-2-Clause
"""Tables (.tsv, .csv) and lists of ids, against regular expressions of their grammar (doc/file-formats.md). What
that page says is all there is: here neither reader is stricter."""

import re

import readers

END = rb"(?:\r\n|\n|\r\Z|\Z)"
PLAIN = {"tsv": rb"(?:[^\t\n\r]|\r(?!\n|\Z))*", "csv": rb"(?:[^,\"\n\r]|\r(?!\n|\Z))*"}
QUOTED = rb"\"((?:[^\"]|\"\")*)\""
SEPARATOR = {"tsv": b"\t", "csv": b","}
SPLITS = (b"train", b"valid", b"test")
NAMES = [b"u", b"v", b"7", b"alice", b"\xc3\xa9t\xc3\xa9", b"a b", b" ", b"x'y", b"0", b"\xf0\x9f\x98\x80", b"\r."]
PIECES = [b"user", b"item", b"split", b"train", b"valid", b"test", b"\t", b",", b"\"", b"\"\"", b"\n", b"\r\n",
          b"\r", b"\n\n", b"\0", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xc3", b"\xed\xa0\x80", b"u\ti\n", b"u,i\n"]


def quote(draw, kind, text):
    if kind == "tsv" or (draw.random() < 0.7 and not re.search(rb"[\",\r\n]", text)):
        return text
    return b'"' + text.replace(b'"', b'""') + b'"'


def make_list(draw):
    end = draw.choice((b"\n", b"\r\n"))
    text = end.join(draw.choice(NAMES) + b"%d" % i for i in range(draw.randrange(6)))
    text = draw.choice((b"", b"\xef\xbb\xbf")) + text + end * draw.randrange(3)
    if draw.random() < 0.2:
        return "ids", text, True
    return "ids", readers.mutate(draw, text, PIECES, 2), False


def make(draw):
    kind = draw.choice(("tsv", "csv", "csv", "ids"))
    if kind == "ids":
        return make_list(draw)
    columns = [b"user", b"item"] + draw.choice(([], [b"split"], [b"time"], [b"split", b"note"]))
    draw.shuffle(columns)
    names = NAMES + ([b'"', b"a,b", b"a\nb", b'say "x"'] if kind == "csv" else [b'"', b"a,b"])
    lines = [columns]
    for _ in range(draw.randrange(6)):
        lines.append([draw.choice((b"",) + SPLITS) if column == b"split" else draw.choice(names)
                      for column in columns])
    end = draw.choice((b"\n", b"\r\n"))
    text = end.join(SEPARATOR[kind].join(quote(draw, kind, value) for value in line) for line in lines)
    text = draw.choice((b"", b"", b"\xef\xbb\xbf")) + text + end * draw.randrange(3)
    if draw.random() < 0.2:
        return kind, text, True
    return kind, readers.mutate(draw, text, PIECES, 2), False


def strip_mark(content):
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise readers.Refused("UTF-16")
    return content[3:] if content[:3] == b"\xef\xbb\xbf" else content


def check_text(text):
    if not text or b"\0" in text:
        raise readers.Refused("empty, or a NUL")
    text.decode()


def read_list(content):
    text = re.sub(rb"(?:\r?\n)*\Z", b"", re.sub(rb"\r\Z", b"", strip_mark(content)))
    lines = re.split(rb"\r?\n", text) if text else []
    for line in lines:
        check_text(line)
    return readers.numbers([len(lines)]) + b"".join(line + b"\0" for line in lines)


def records(kind, text):
    """All records as lists of values, empty lines left out but for the first."""
    value = re.compile(PLAIN[kind] if kind == "tsv" else QUOTED + b"|" + PLAIN[kind])
    end = re.compile(END)
    at, first = 0, True
    while at < len(text) or first:
        blank = end.match(text, at)
        if blank and not first:
            at = blank.end()
            continue
        first = False
        record = []
        while True:
            found = value.match(text, at)
            quoted = kind == "csv" and found.group(1) is not None
            record.append(found.group(1).replace(b'""', b'"') if quoted else found.group())
            at = found.end()
            stop = end.match(text, at)
            if stop:
                at = stop.end()
                break
            if text[at:at + 1] != SEPARATOR[kind]:
                raise readers.Refused("a quote out of its place")
            at += 1
        yield record


def read(kind, content):
    if kind == "ids":
        return read_list(content)
    table = records(kind, strip_mark(content))
    header = next(table)
    if header.count(b"user") != 1 or header.count(b"item") != 1 or header.count(b"split") > 1:
        raise readers.Refused("not the columns")
    pairs = {name: [] for name in SPLITS}
    for record in table:
        if len(record) != len(header):
            raise readers.Refused("not as many columns")
        values = dict(zip(header, record))
        check_text(values[b"user"])
        check_text(values[b"item"])
        pairs[values.get(b"split") or b"train"].append(values[b"user"] + b"\0" + values[b"item"] + b"\0")
    return b"".join(readers.numbers([len(pairs[name])]) + b"".join(pairs[name]) for name in SPLITS)


if __name__ == "__main__":
    readers.run(6000, make, read, [])

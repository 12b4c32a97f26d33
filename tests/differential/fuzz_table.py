# SPDX-License-Identifier: BSD-2-Clause
"""Tables (.tsv, .csv) and lists of ids, against regular expressions of their grammar (doc/file-formats.md). What
that page says is all there is: here neither reader is stricter."""

import re

import readers

END = rb"(?:\r\n|\n|\r\Z|\Z)"
PLAIN = {"tsv": rb"(?:[^\t\n\r]|\r(?!\n|\Z))*", "csv": rb"(?:[^,\"\n\r]|\r(?!\n|\Z))*"}
QUOTED = rb"\"((?:[^\"]|\"\")*)\""
SEPARATOR = {"tsv": b"\t", "csv": b","}
KNOWN = {b"user": b"user userid uid reviewerid customerid visitorid",
         b"item": b"item itemid iid movieid asin parentasin productid bookid isbn songid trackid artistid",
         b"rating": b"rating ratings score stars overall bookrating",
         b"time": b"timestamp ts time unixreviewtime datetime date", b"split": b"split xlabel"}
NUMBER = re.compile(rb"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
INTEGER = re.compile(rb"-?\d+")
DATE = re.compile(rb"\d{4}-(0\d|1[0-2])-([0-2]\d|3[01])([T ]([01]\d|2[0-4]):[0-5]\d(:([0-5]\d|60))?(\.\d+)?"
                  rb"(Z|[-+]([01]\d|2[0-3])(:?[0-5]\d|:)?)?)?")
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


def is_sure(kind, text):
    """Whether the ending says how the table is written; what is guessed from the first line is not compared here."""
    first = b"".join(text.split(b"\n")[0].split(b'"')[::2])
    return kind != "csv" or b"," in first or not re.search(rb"[\t; ]|::", first)


def make(draw):
    while True:
        kind, text, whole = make_any(draw)
        if is_sure(kind, text):
            return kind, text, whole


def make_any(draw):
    kind = draw.choice(("tsv", "csv", "csv", "ids"))
    if kind == "ids":
        return make_list(draw)
    columns = [draw.choice((b"user", b"user", b"userId", b"uid:token")),
               draw.choice((b"item", b"item", b"Movie_ID", b"asin"))] + draw.choice(([], [b"split"], [b"age"], [b"split", b"note"], [b"rating", b"ts"]))
    draw.shuffle(columns)
    names = NAMES + ([b'"', b"a,b", b"a\nb", b'say "x"'] if kind == "csv" else [b'"', b"a,b"])
    lines = [columns]
    for _ in range(draw.randrange(6)):
        lines.append([draw.choice((b"",) + SPLITS) if column == b"split" else
                      draw.choice((b"", b"5", b"-3.5", b"1e9")) if column in (b"rating", b"ts") else draw.choice(names)
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


def find_columns(header):
    """Where each known column stands, and by which name; nothing if neither user nor item is there."""
    plain = [re.sub(rb"[-_ ]", b"", re.sub(rb"(?<=.):(token|float)(_seq)?\Z", b"", name, flags=re.S)).lower()
             for name in header]
    places, names = {}, {}
    for column, known in KNOWN.items():
        for name in known.split():
            if plain.count(name) > 1:
                raise readers.Refused("a column twice")
            if name in plain and column not in places:
                places[column], names[column] = plain.index(name), name
    if (b"user" in places) != (b"item" in places):
        raise readers.Refused("not the columns")
    return (places, names) if b"user" in places else ({}, {})


def headless(line):
    if len(line) == 2 and all(INTEGER.fullmatch(value) for value in line):
        places = {b"user": 0, b"item": 1}
    elif len(line) in (3, 4) and any(NUMBER.fullmatch(value) for value in line[2:]):
        places = {b"user": 0, b"item": 1, b"rating": 2, b"time": 3}
        if len(line) == 3:
            places.pop(b"rating" if re.fullmatch(rb"[1-9]\d{8,}", line[2]) else b"time")
            places = {column: min(place, 2) for column, place in places.items()}
    else:
        raise readers.Refused("not the columns")
    if re.fullmatch(rb"[A-Z0-9]{10}", line[0]) and re.fullmatch(rb"A[A-Z0-9]{11,20}", line[1]):
        places.update({b"user": 1, b"item": 0})
    return places


def read(kind, content):
    if kind == "ids":
        return read_list(content)
    table = list(records(kind, strip_mark(content)))
    places, names = find_columns(table[0])
    if not names:
        places = headless(table[0])
    pairs = {name: [] for name in SPLITS}
    for record in table[bool(names):]:
        if len(record) != len(table[0]):
            raise readers.Refused("not as many columns")
        values = {column: record[place] for column, place in places.items()}
        check_text(values[b"user"])
        check_text(values[b"item"])
        if values.get(b"rating") and not NUMBER.fullmatch(values[b"rating"]):
            raise readers.Refused("not a rating")
        if values.get(b"time") and not (NUMBER.fullmatch(values[b"time"]) or DATE.fullmatch(values[b"time"])):
            raise readers.Refused("not a time")
        split = values.get(b"split") or b"train"
        split = b"valid" if split == b"validation" else split
        if names.get(b"split") == b"xlabel" and split in (b"0", b"1", b"2"):
            split = SPLITS[int(split)]
        if split not in pairs:
            raise readers.Refused("not a split")
        pairs[split].append(values[b"user"] + b"\0" + values[b"item"] + b"\0")
    return b"".join(readers.numbers([len(pairs[name])]) + b"".join(pairs[name]) for name in SPLITS)


if __name__ == "__main__":
    readers.run(6000, make, read, [])

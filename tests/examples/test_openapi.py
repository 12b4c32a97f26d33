#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Holds diffmm_serve to its own description, /openapi.json, with Python's standard library alone: each path and
method is there and no other, each parameter is taken and no other, each status that is described comes about, and
each answer is of the schema for its status.

    test_openapi.py DIFFMM_TRAIN DIFFMM_SERVE OPENAPI_JSON
"""
import http.client
import json
import math
import os
import struct
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

TRAIN, SERVE, DESCRIPTION = sys.argv.pop(1), sys.argv.pop(1), sys.argv.pop(1)
MOST_BODY = 2000

# For probes, which may add what they like to a query string; and a text that is not JSON.
OPERATIONS = {"/healthz", "/readyz", "/metrics"}

# A request for each status of each path: query, and what else is odd about it. What is left out is 200, which
# test_parameters() has, 500, which takes a fault of the service's own but for /reload, and 503, which comes of an end
# (test_serve_leave.c).
PROVOKED = {
    ("/recommend", "400"): {"query": {"user": "1", "count": "0"}},
    ("/recommend", "404"): {"query": {"user": "nobody"}},
    ("/similar", "400"): {"query": {}},
    ("/similar", "404"): {"query": {"item": "nothing"}},
    ("/fold-in", "400"): {"query": {}},
    ("/fold-in", "404"): {"query": {"items": "nothing"}},
    ("/popular", "400"): {"query": {"count": "none"}},
    ("/explain", "400"): {"query": {"user": "1"}},
    ("/explain", "404"): {"query": {"user": "1", "item": "nothing"}},
    ("/place", "400"): {"query": {}},
    ("/place", "404"): {"query": {"user": "nobody", "new_items": '[{"features": {"image": [1, 2]}}]'}},
    ("/openapi.json", "400"): {"query": {"colour": "red"}},
    ("/health", "400"): {"query": {"colour": "red"}},
    ("/reload", "400"): {"query": {"colour": "red"}},
    ("/reload", "403"): {"headers": {"Origin": "http://example.org"}},
}

# What else a request needs that has this parameter, and values for all of them.
NEEDS = {
    "/recommend": {"users": [], "modality": ["user", "diversity"], "seed": ["user", "temperature"], None: ["user"]},
    "/similar": {"user": [], None: ["item"]},
    "/fold-in": {"modality": ["items", "diversity"], "seed": ["items", "temperature"], None: ["items"]},
    "/explain": {"items": ["item"], None: ["user", "item"]},
    "/popular": {None: []},
    "/place": {None: ["new_items"]},
}
VALUES = {"user": "1", "users": ["1", "2"], "item": "3", "items": ["3", "4"], "count": 3, "min_score": -100.5,
          "exclude": ["5"], "candidates": ["5", "6"], "include_seen": True, "similarity": "dot",
          "fallback": "popular", "diversity": 0.5, "modality": "image", "temperature": 1.5, "seed": 7, "per_group": 2,
          "boost": 1.25, "new_items": [{"features": {"image": [0.5, -2]}}, {"features": {"image": [1, 0]}}]}


def write_placer(path, dimensions):
    """A cold-start mapping from two features of "image", as doc/file-formats.md has it: safetensors."""
    tensors = {"item.mean": [dimensions], "scale": [2], "modality.image.mean": [2],
               "modality.image.map": [2, dimensions]}
    header, data = {"__metadata__": {"format": "diffmm-placer", "version": "1", "library": "test", "d": str(dimensions),
                                     "modalities": json.dumps([{"name": "image", "dimensions": 2}])}}, b""
    for name, shape in tensors.items():
        count = math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + 4 * count]}
        data += struct.pack(f"<{count}f", *(1 + 0.25 * i for i in range(count)))
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


class Service:
    """diffmm_serve on a free port."""

    def __init__(self, model, *options):
        self.process = subprocess.Popen([SERVE, "--model", model, "--port", "0", "--max-body", str(MOST_BODY),
                                         *options], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])

    def end(self):
        self.process.terminate()
        code = self.process.wait(60)
        self.process.stdout.close()
        return code

    def ask(self, method, path, query=None, body=None, headers=None):
        """Status, headers, and the answer as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        target = path + ("?" + urllib.parse.urlencode(query, doseq=True) if query else "")
        connection.request(method, target, body, {"Host": "localhost", **(headers or {})})
        response = connection.getresponse()
        text = response.read()
        connection.close()
        is_json = response.headers["Content-Type"] == "application/json"
        return response.status, response.headers, json.loads(text) if text and is_json else text.decode() or None


class Schema:
    """The part of JSON Schema that the description uses."""

    TYPES = {"object": dict, "array": list, "string": str, "boolean": bool}

    def __init__(self, description):
        self.description = description

    def resolve(self, node):
        while "$ref" in node:
            at = self.description
            for part in node["$ref"].removeprefix("#/").split("/"):
                at = at[part]
            node = at
        return node

    def wrong(self, value, schema, where="answer"):
        """What is wrong with a value, or None."""
        schema = self.resolve(schema)
        unknown = set(schema) - {"type", "description", "enum", "default", "minimum", "maximum", "items",
                                 "properties", "required", "additionalProperties", "oneOf"}
        if unknown:
            return f"{where}: the schema has {unknown}, which this test does not know"
        if "oneOf" in schema:
            fitting = [one for one in schema["oneOf"] if not self.wrong(value, one, where)]
            return None if len(fitting) == 1 else f"{where}: {len(fitting)} of the alternatives fit {value!r}"
        return (self.wrong_type(value, schema.get("type"), where) or self.wrong_range(value, schema, where) or
                self.wrong_members(value, schema, where))

    def wrong_type(self, value, kind, where):
        if kind in ("number", "integer"):
            fits = isinstance(value, int if kind == "integer" else (int, float)) and not isinstance(value, bool)
        else:
            fits = isinstance(value, self.TYPES[kind])
        return None if fits else f"{where}: {value!r} is no {kind}"

    @staticmethod
    def wrong_range(value, schema, where):
        if "enum" in schema and value not in schema["enum"]:
            return f"{where}: {value!r} is none of {schema['enum']}"
        if value < schema["minimum"] if "minimum" in schema else False:
            return f"{where}: {value!r} is too small"
        return f"{where}: {value!r} is too large" if "maximum" in schema and value > schema["maximum"] else None

    def wrong_members(self, value, schema, where):
        if schema.get("type") == "array":
            return next(filter(None, (self.wrong(one, schema["items"], f"{where}[{i}]")
                                      for i, one in enumerate(value))), None)
        if schema.get("type") != "object":
            return None
        known, more = schema.get("properties", {}), schema.get("additionalProperties", True)
        for name in schema.get("required", []):
            if name not in value:
                return f"{where} has no {name}"
        for name, member in value.items():
            if name not in known and more is False:
                return f"{where} has {name}, which is not described"
            of = known.get(name, more if isinstance(more, dict) else None)
            found = of is not None and self.wrong(member, of, f"{where}.{name}")
            if found:
                return found
        return None


class OpenApi(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="diffmm-")
        cls.model = os.path.join(cls.folder.name, "model")
        subprocess.run([TRAIN, "--data", "synthetic", "--epochs", "1", "--seed", "7", "--model", cls.model, "--set",
                        "hidden_sizes=16", "--set", "embedding_size=8", "--set", "batch=256"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        groups = os.path.join(cls.folder.name, "groups")
        with open(groups, "w", encoding="utf-8") as file:
            file.writelines(f"{item}\tgroup {item % 3}\n" for item in range(20))
        placer = os.path.join(cls.folder.name, "placer")
        write_placer(placer, 8)
        cls.service = Service(cls.model, "--groups", groups, "--placer", placer)
        with open(DESCRIPTION, encoding="utf-8") as file:
            cls.description = json.load(file)
        cls.schema = Schema(cls.description)

    @classmethod
    def tearDownClass(cls):
        code = cls.service.end()
        cls.folder.cleanup()
        if code:
            raise AssertionError(f"the service ended with {code}")

    def operations(self):
        for path, operations in self.description["paths"].items():
            for method, operation in operations.items():
                yield path, method.upper(), operation

    def parameters(self, operation):
        return [self.schema.resolve(one)["name"] for one in operation["parameters"]]

    def expect(self, path, method, operation, status, answered):
        """An answer is described: its status, and its schema."""
        got, headers, answer = answered
        what = f"{method} {path}: {got} {answer}"
        self.assertEqual(status, str(got), what)
        self.assertIn(status, operation["responses"], what)
        response = self.schema.resolve(operation["responses"][status])
        kind = headers["Content-Type"].split(";")[0]
        self.assertIn(kind, response["content"], what)
        wrong = self.schema.wrong(answer, response["content"][kind]["schema"])
        self.assertIsNone(wrong, what)

    def test_the_service_tells_of_itself(self):
        self.assertEqual((200, self.description), self.service.ask("GET", "/openapi.json")[::2])

    def test_paths(self):
        said = self.service.ask("GET", "/no-such-path")[2]["error"]
        self.assertEqual(sorted(self.description["paths"]), sorted(said.split("only ")[1].split(", ")))

    def test_methods(self):
        for path, operations in self.description["paths"].items():
            described = {method.upper() for method in operations}
            described |= {"HEAD"} & {"HEAD" for method in described if method == "GET"}
            status, headers, answer = self.service.ask("DELETE", path)
            self.assertEqual(405, status)
            self.assertEqual(described, set(headers["Allow"].split(", ")), path)
            self.assertIsNone(self.schema.wrong(answer, {"$ref": "#/components/schemas/Error"}))
            if "GET" in described and not operations["get"]["parameters"]:
                self.assertEqual((200, None), self.service.ask("HEAD", path)[::2])

    def request_with(self, path, name):
        """A request that has the parameter and what it needs."""
        needs = NEEDS[path]
        return {one: VALUES[one] for one in (*needs.get(name, needs[None]), name)}

    def test_parameters(self):
        """Each is taken from the query string and, by POST, from a body; with a value as described."""
        tried = set()
        for path, method, operation in self.operations():
            for name in self.parameters(operation):
                values = self.request_with(path, name)
                schema = self.description["components"]["parameters"][name]["schema"]
                self.assertIsNone(self.schema.wrong(VALUES[name], schema, name))
                query = {key: json.dumps(one) if isinstance(one, bool) or key == "new_items" else one
                         for key, one in values.items()}
                self.expect(path, method, operation, "200", self.service.ask(method, path, query))
                if method == "POST":
                    content = operation["requestBody"]["content"]["application/json"]["schema"]
                    self.assertIsNone(self.schema.wrong(values, content, "body"))
                    self.expect(path, method, operation, "200",
                                self.service.ask(method, path, body=json.dumps(values)))
                tried.add(name)
        self.assertEqual(set(self.description["components"]["parameters"]), tried)
        self.assertEqual(set(VALUES), tried)

    def test_no_other_parameters(self):
        for path, method, operation in self.operations():
            if path in OPERATIONS:
                continue
            for name in set(VALUES) - set(self.parameters(operation)):
                status, _, answer = self.service.ask(method, path, {name: "1"})
                self.assertEqual((400, True), (status, f"no parameter '{name}'" in answer["error"]), path)

    def test_statuses(self):
        for path, method, operation in self.operations():
            for status in set(operation["responses"]) - {"200", "401", "413", "500", "503"}:
                request = PROVOKED[path, status]
                self.expect(path, method, operation, status, self.service.ask(method, path, **request))
        self.assertEqual(set(), {where for where in PROVOKED if where[1] not in
                                 {s for p, _, o in self.operations() if p == where[0] for s in o["responses"]}})

    def test_bodies_that_are_too_large(self):
        for path, method, operation in self.operations():
            self.assertEqual(method == "POST", "413" in operation["responses"], path)
            if method == "POST":
                self.expect(path, method, operation, "413",
                            self.service.ask(method, path, body=" " * (MOST_BODY + 1)))

    def test_many_users(self):
        operation = self.description["paths"]["/recommend"]["post"]
        for more in ({}, {"fallback": "popular"}):
            answered = self.service.ask("POST", "/recommend", body=json.dumps(
                {"users": ["1", "nobody", 2], "exclude": ["nothing"], "count": 2, **more}))
            self.expect("/recommend", "POST", operation, "200", answered)
            self.assertEqual(["1", "nobody", "2"], [one["user"] for one in answered[2]["users"]])

    def test_without_parameters(self):
        for path, method, operation in self.operations():
            if not operation["parameters"]:
                self.expect(path, method, operation, "200", self.service.ask(method, path))

    def test_reloading_with_a_token_and_without_a_model(self):
        token, model = (os.path.join(self.folder.name, name) for name in ("token", "other"))
        with open(token, "w", encoding="ascii") as file:
            file.write("0123456789abcdef\n")
        with open(self.model, "rb") as source, open(model, "wb") as copy:
            copy.write(source.read())
        service = Service(model, "--reload-token-file", token)
        operation = self.description["paths"]["/reload"]["post"]
        bearer = {"Authorization": "Bearer 0123456789abcdef"}
        self.expect("/reload", "POST", operation, "401", service.ask("POST", "/reload"))
        self.expect("/reload", "POST", operation, "200", service.ask("POST", "/reload", headers=bearer))
        os.remove(model)
        self.expect("/reload", "POST", operation, "500", service.ask("POST", "/reload", headers=bearer))
        self.assertEqual(0, service.end())


if __name__ == "__main__":
    unittest.main()

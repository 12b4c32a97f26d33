// SPDX-License-Identifier: BSD-2-Clause
// abi.json is enough to declare the whole interface: koffi lays every struct out as the file says, knows
// every type that is named, and finds every function in the library; and what is declared so works.
"use strict";

const assert = require("assert");
const fs = require("fs");
const koffi = require("koffi");

const abi = JSON.parse(fs.readFileSync(process.env.DIFFMM_ABI, "utf8"));
const library = koffi.load(process.env.DIFFMM_LIBRARY);

// koffi's name of a C type; pointers to functions within structs have no name of their own, and structs
// that are named with their tag may point to each other.
function typeOf(type) {
  return /\(\*\)|struct /.test(type) ? "void *" : type;
}

function declared(described) {
  return described.parameters.map((one) => typeOf(one.type));
}

abi.handles.forEach((name) => koffi.opaque(name));
Object.keys(abi.enums).forEach((name) => koffi.alias(name, "int"));
Object.keys(abi.callbacks).forEach((name) => koffi.alias(name, "void *"));
for (const [name, struct] of Object.entries(abi.structs)) {
  const members = struct.members.map((one) =>
    [one.name, one.count === undefined ? typeOf(one.type) : koffi.array(one.type, one.count)]);
  const type = koffi.struct(name.replace("struct ", ""), Object.fromEntries(members));
  assert.strictEqual(koffi.sizeof(type), struct.size, name);
  assert.strictEqual(koffi.alignof(type), struct.alignment, name);
  for (const one of struct.members)
    assert.strictEqual(koffi.offsetof(type, one.name), one.offset, `${name}.${one.name}`);
}

const message = ["char *", "size_t"];
let count = 0;
for (const [name, described] of Object.entries(abi.functions)) {
  library.func(name, described.result, declared(described));
  count++;
  if (described.with_message)
    library.func(described.with_message, described.result, [...declared(described), ...message]);
}
assert.ok(count > 200);

const version = library.func("diffmm_version", "int", [])();
const parts = [Math.floor(version / 1e6), Math.floor(version / 1000) % 1000, version % 1000];
assert.strictEqual(parts.join("."), abi.version);
const nameOf = library.func("diffmm_status_name", "str", ["diffmm_status"]);
for (const [name, value] of Object.entries(abi.enums.diffmm_status))
  assert.strictEqual(nameOf(value), name);
console.log(`${count} functions, ${Object.keys(abi.structs).length} structs`);

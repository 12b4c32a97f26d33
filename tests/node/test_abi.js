// SPDX-License-Identifier: BSD-2-Clause
// abi.json is enough to declare the whole interface: koffi lays every struct out as the file says, knows
// every type that is named, and finds every function in the library; and what is declared so works.
"use strict";

const assert = require("assert");
const { abi, koffi, library, typeOf } = require("../../examples/node/library.js");

function declared(described) {
  return described.parameters.map((one) => typeOf(one.type));
}

for (const [name, struct] of Object.entries(abi.structs)) {
  const type = koffi.resolve(name.replace("struct ", ""));
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

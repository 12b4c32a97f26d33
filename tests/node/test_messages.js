// SPDX-License-Identifier: BSD-2-Clause
// Many asynchronous calls at the same time, which fail in different ways or do not: each has the text
// of its own failure, though all run on a few threads, and the thread that asks is none of them.
"use strict";

const assert = require("assert");
const koffi = require("koffi");

const library = koffi.load(process.env.DIFFMM_LIBRARY);
const messageSize = 512;
const atOnce = 20; // of each kind; koffi runs at most 256 together
const handle = koffi.out(koffi.pointer("void *"));

function textOf(message) {
  return message.toString("utf8", 0, message.indexOf(0));
}

// NAME_r() as a promise of its status and its text.
function asynchronous(name, ...types) {
  const call = library.func(`${name}_r`, "int", [...types, "void *", "size_t"]);
  return (...values) => new Promise((resolve, reject) => {
    const message = Buffer.alloc(messageSize, "?");
    call.async(...values, message, messageSize, (error, status) => {
      if (error)
        reject(error);
      else
        resolve({ status, text: textOf(message) });
    });
  });
}

const contextCreate = asynchronous("diffmm_context_create", "void *", handle);
const fileOpen = asynchronous("diffmm_file_open", "void *", "str", handle);
const optionsCreate = asynchronous("diffmm_options_create", "void *", handle);
const optionsSet = asynchronous("diffmm_options_set", "void *", "str", "str");
const datasetCreate = asynchronous("diffmm_dataset_create", "void *", handle);
const datasetReserve = asynchronous("diffmm_dataset_reserve", "void *", "size_t", "size_t");
const datasetSeal = asynchronous("diffmm_dataset_seal", "void *");
const errorMessage = library.func("diffmm_error_message", "str", []);

async function made(create, ...values) {
  const out = [null];
  assert.deepStrictEqual(await create(...values, out), { status: 0, text: "" });
  return out[0];
}

async function main() {
  const context = await made(contextCreate, null);
  const options = [], datasets = []; // each is used by one call at a time
  for (let i = 0; i < atOnce; i++) {
    options.push(await made(optionsCreate, context));
    datasets.push(await made(datasetCreate, context));
  }

  for (let round = 0; round < 25; round++) {
    const calls = [];
    const expect = (promise, status, part) => calls.push({ promise, status, part });
    for (let i = 0; i < atOnce; i++) {
      const number = round * atOnce + i;
      expect(fileOpen(context, `/nowhere/${number}`, [null]), 3, `/nowhere/${number}: No such file`);
      expect(optionsSet(options[i], `option${number}`, "1"), 1, `'option${number}'`);
      expect(datasetReserve(datasets[i], 2 ** 40 + number, 1), 1, `${2 ** 40 + number}`);
      expect(datasetSeal(null), 1, "dataset is NULL");
      expect(contextCreate(null, null), 1, "out is NULL");
      expect(fileOpen(null, `/gew\u00fcrz/${number}`, [null]), 1, "context is NULL");
    }
    const found = await Promise.all(calls.map((call) => call.promise));
    calls.forEach((call, i) => {
      assert.strictEqual(found[i].status, call.status, found[i].text);
      assert.ok(found[i].text.includes(call.part), `no '${call.part}' in '${found[i].text}'`);
    });
  }

  // This thread has made no call that failed.
  assert.strictEqual(errorMessage(), "");

  // Where there is little room, no part of a character is left.
  const open = library.func("diffmm_file_open_r", "int", ["void *", "str", handle, "void *", "size_t"]);
  const whole = Buffer.alloc(messageSize);
  const path = "/nowhere/\u00fc\u20ac";
  assert.strictEqual(open(context, path, [null], whole, messageSize), 3);
  for (let size = 1; size < 60; size++) {
    const message = Buffer.alloc(60, "?");
    open(context, path, [null], message, size);
    assert.ok(textOf(whole).startsWith(textOf(message)), `'${textOf(message)}'`);
    assert.ok(message.indexOf(0) < size && message.indexOf(0) > size - 4 || size > whole.indexOf(0));
    assert.strictEqual(message[size], "?".charCodeAt(0));
  }
  assert.strictEqual(open(context, path, [null], null, 0), 3);

  const destroyOptions = library.func("diffmm_options_destroy", "void", ["void *"]);
  options.forEach((one) => destroyOptions(one));
  const destroyDataset = library.func("diffmm_dataset_destroy", "void", ["void *"]);
  datasets.forEach((one) => destroyDataset(one));
  library.func("diffmm_context_destroy", "void", ["void *"])(context);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});

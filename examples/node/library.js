// SPDX-License-Identifier: BSD-2-Clause
// The C interface as koffi calls it: structs as abi.json says, functions, and failures as exceptions.
"use strict";

const childProcess = require("child_process");
const fs = require("fs");
const path = require("path");
const koffi = require("koffi");

// abi.json is installed beside the headers.
function abiPath() {
  if (process.env.DIFFMM_ABI)
    return process.env.DIFFMM_ABI;
  try {
    const options = { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };
    return childProcess.execFileSync("pkg-config", ["--variable=abi", "diffmm"], options).trim();
  } catch {
    return path.join("/usr/local/include/diffmm", "abi.json");
  }
}

const abi = JSON.parse(fs.readFileSync(abiPath(), "utf8"));

// Products of matrices pack up to 230 KB on the stack of the calling thread, and koffi's has 128 or 256 KB. That can be
// changed until a library has been loaded.
const stackBytes = 1 << 20;
if (koffi.config().async_stack_size < stackBytes) {
  try {
    koffi.config({ ...koffi.config(), async_stack_size: stackBytes });
  } catch (error) {
    throw new Error(`diffmm needs koffi.config({ async_stack_size: ${stackBytes} }) before any library is loaded`,
      { cause: error });
  }
}
const library = koffi.load(process.env.DIFFMM_LIBRARY || abi.library);

// koffi's name of a C type; pointers to functions within structs have no name of their own, and structs
// that are named with their tag may point to each other.
function typeOf(type) {
  return /\(\*\)|struct /.test(type) ? "void *" : type;
}

abi.handles.forEach((name) => koffi.opaque(name));
Object.keys(abi.enums).forEach((name) => koffi.alias(name, "int"));
Object.keys(abi.callbacks).forEach((name) => koffi.alias(name, "void *"));
for (const [name, struct] of Object.entries(abi.structs)) {
  const members = struct.members.map((one) =>
    [one.name, one.count === undefined ? typeOf(one.type) : koffi.array(one.type, one.count)]);
  koffi.struct(name.replace("struct ", ""), Object.fromEntries(members));
}

const status = abi.enums.diffmm_status;
const messageSize = 512;

/** What the library said of a call that failed. */
class DiffmmError extends Error {
  constructor(code, message) {
    super(message || Object.keys(status).find((name) => status[name] === code));
    this.name = "DiffmmError";
    this.code = Object.keys(status).find((name) => status[name] === code);
  }
}

// A call that may fail, on a thread of koffi's: resolves to undefined, or rejects. The message comes with
// the call, since the thread that asks is another.
function asynchronous(name, ...types) {
  const call = library.func(`${name}_r`, "int", [...types, "void *", "size_t"]);
  return (...values) => new Promise((resolve, reject) => {
    const message = Buffer.alloc(messageSize);
    call.async(...values, message, messageSize, (error, code) => {
      if (error)
        reject(error);
      else if (code !== status.DIFFMM_OK)
        reject(new DiffmmError(code, message.toString("utf8", 0, message.indexOf(0))));
      else
        resolve();
    });
  });
}

// The same on this thread, for what takes microseconds.
function immediate(name, ...types) {
  const call = library.func(`${name}_r`, "int", [...types, "void *", "size_t"]);
  return (...values) => {
    const message = Buffer.alloc(messageSize);
    const code = call(...values, message, messageSize);
    if (code !== status.DIFFMM_OK)
      throw new DiffmmError(code, message.toString("utf8", 0, message.indexOf(0)));
  };
}

const plain = (name, result, ...types) => library.func(name, result, types);
const handle = koffi.out(koffi.pointer("void *"));
const size = koffi.out("size_t *");
const number = koffi.out("int32_t *");

module.exports = {
  abi,
  koffi,
  library,
  typeOf,
  DiffmmError,
  contextCreate: immediate("diffmm_context_create", "diffmm_context_settings *", handle),
  contextDestroy: plain("diffmm_context_destroy", "void", "void *"),
  datasetOpen: asynchronous("diffmm_dataset_open", "void *", "str", handle),
  datasetUsers: plain("diffmm_dataset_users", "size_t", "void *"),
  datasetItems: plain("diffmm_dataset_items", "size_t", "void *"),
  datasetDestroy: plain("diffmm_dataset_destroy", "void", "void *"),
  optionsCreate: immediate("diffmm_options_create", "void *", handle),
  optionsPreset: immediate("diffmm_options_preset", "void *", "str"),
  optionsSet: immediate("diffmm_options_set", "void *", "str", "str"),
  optionsDestroy: plain("diffmm_options_destroy", "void", "void *"),
  trainerCreate: asynchronous("diffmm_trainer_create", "void *", "void *", handle),
  trainerEpoch: asynchronous("diffmm_trainer_epoch", "void *", koffi.inout("diffmm_report *")),
  trainerRestoreBest: asynchronous("diffmm_trainer_restore_best", "void *"),
  trainerCancel: plain("diffmm_trainer_cancel", "void", "void *"),
  trainerModel: plain("diffmm_trainer_model", "void *", "void *"),
  trainerDestroy: plain("diffmm_trainer_destroy", "void", "void *"),
  modelSave: asynchronous("diffmm_model_save", "void *", "str"),
  scorerCreate: asynchronous("diffmm_scorer_create", "void *", handle),
  scorerOpen: asynchronous("diffmm_scorer_open", "void *", "str", handle),
  scorerUsers: plain("diffmm_scorer_users", "size_t", "void *"),
  scorerItems: plain("diffmm_scorer_items", "size_t", "void *"),
  scorerFindUser: immediate("diffmm_scorer_find_user", "void *", "str", number),
  scorerFindItem: immediate("diffmm_scorer_find_item", "void *", "str", number),
  scorerItemId: plain("diffmm_scorer_item_id", "str", "void *", "int32_t"),
  recommend: asynchronous("diffmm_recommend", "void *", "int32_t", "diffmm_query *", "void *", size),
  similarItems: asynchronous("diffmm_similar_items", "void *", "int32_t", "int", "diffmm_query *",
    "void *", size),
  scorerDestroy: plain("diffmm_scorer_destroy", "void", "void *"),
};

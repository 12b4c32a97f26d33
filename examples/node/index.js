// SPDX-License-Identifier: BSD-2-Clause
// libdiffmm in Node.js. What takes long runs on a thread of koffi's and gives a promise, so that the event loop goes
// on meanwhile. Types and their meaning: index.d.ts.
"use strict";

const c = require("./library.js");
const { koffi, DiffmmError } = c;

// Handles that nobody refers to any more are destroyed, as are those that are closed.
const forgotten = new FinalizationRegistry(({ pointer, destroy }) => destroy(pointer));

/** A handle of the library. Calls that are under way keep it open. */
class Handle {
  #pointer;
  #destroy;
  #users = 0;

  constructor(pointer, destroy) {
    this.#pointer = pointer;
    this.#destroy = destroy;
    forgotten.register(this, { pointer, destroy }, this);
  }

  /** The pointer, for a call that ends at once. */
  pointer() {
    if (!this.#pointer)
      throw new DiffmmError(c.abi.enums.diffmm_status.DIFFMM_ERROR_STATE, `the ${this.constructor.name} is closed`);
    return this.#pointer;
  }

  /** Runs a call that takes a while; until it ends, the handle cannot be closed. */
  async use(call) {
    const pointer = this.pointer();
    this.#users++;
    try {
      return await call(pointer);
    } finally {
      this.#users--;
    }
  }

  close() {
    if (this.#users > 0)
      throw new DiffmmError(c.abi.enums.diffmm_status.DIFFMM_ERROR_STATE, `the ${this.constructor.name} is in use`);
    if (!this.#pointer)
      return;
    forgotten.unregister(this);
    this.#destroy(this.#pointer);
    this.#pointer = null;
  }
}

function made(create, ...values) {
  const out = [null];
  create(...values, out);
  return out[0];
}

async function madeLater(create, ...values) {
  const out = [null];
  await create(...values, out);
  return out[0];
}

class Context extends Handle {
  constructor({ threads = 0 } = {}) {
    const settings = { struct_size: c.abi.structs.diffmm_context_settings.size, threads };
    super(made(c.contextCreate, settings), c.contextDestroy);
  }
}

let shared = null;

function sharedContext() {
  shared = shared || new Context();
  return shared;
}

class Dataset extends Handle {
  #context;

  constructor(pointer, context) {
    super(pointer, c.datasetDestroy);
    this.#context = context;
  }

  static async open(path, { context = sharedContext() } = {}) {
    return new Dataset(await context.use((own) => madeLater(c.datasetOpen, own, path)), context);
  }

  get context() {
    return this.#context;
  }

  get users() {
    return c.datasetUsers(this.pointer());
  }

  get items() {
    return c.datasetItems(this.pointer());
  }
}

// hiddenSizes and hidden_sizes both name the library's setting; within an object, names are joined by a dot.
function flattened(settings, prefix = "") {
  return Object.entries(settings).flatMap(([name, value]) => {
    const own = prefix + name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return value !== null && typeof value === "object" && !Array.isArray(value)
      ? flattened(value, `${own}.`) : [[own, Array.isArray(value) ? value.join(",") : String(value)]];
  });
}

class Options extends Handle {
  constructor({ preset, ...settings } = {}, { context = sharedContext() } = {}) {
    super(made(c.optionsCreate, context.pointer()), c.optionsDestroy);
    if (preset !== undefined)
      c.optionsPreset(this.pointer(), preset);
    for (const [name, value] of flattened(settings))
      c.optionsSet(this.pointer(), name, value);
  }
}

function metricsOf(pointer, count) {
  if (!pointer)
    return [];
  return koffi.decode(pointer, "diffmm_metrics", count)
    .map(({ cutoff, users, recall, precision, ndcg }) => ({ cutoff, users, recall, precision, ndcg }));
}

function reportOf(report) {
  return {
    epoch: report.epoch,
    bestEpoch: report.best_epoch,
    finished: report.finished !== 0,
    loss: { ...report.loss },
    valid: metricsOf(report.valid, report.cutoff_count),
    test: metricsOf(report.test, report.cutoff_count),
  };
}

/** A trained model, which lives in its trainer. */
class Model extends Handle {
  async save(path) {
    await this.use((trainer) => c.modelSave(c.trainerModel(trainer), path));
  }
}

async function train(trainer, onEpoch, signal) {
  for (;;) {
    if (signal)
      signal.throwIfAborted();
    const report = { struct_size: c.abi.structs.diffmm_report.size };
    await c.trainerEpoch(trainer, report);
    if (onEpoch)
      await onEpoch(reportOf(report));
    if (report.finished !== 0)
      return;
  }
}

async function fit(dataset, settings = {}, { onEpoch, signal } = {}) {
  if (signal)
    signal.throwIfAborted();
  const options = new Options(settings, { context: dataset.context });
  const create = (own) => madeLater(c.trainerCreate, own, options.pointer());
  let model;
  try {
    model = new Model(await dataset.use(create), c.trainerDestroy);
  } finally {
    options.close();
  }
  try {
    await model.use(async (trainer) => {
      const cancel = () => c.trainerCancel(trainer);
      if (signal)
        signal.addEventListener("abort", cancel);
      try {
        await train(trainer, onEpoch, signal);
        await c.trainerRestoreBest(trainer);
      } finally {
        if (signal)
          signal.removeEventListener("abort", cancel);
      }
    });
    return model;
  } catch (error) {
    model.close();
    throw signal && signal.aborted ? signal.reason : error;
  }
}

class Scorer extends Handle {
  static async open(path, { context = sharedContext() } = {}) {
    return new Scorer(await context.use((own) => madeLater(c.scorerOpen, own, path)), c.scorerDestroy);
  }

  static async of(model) {
    const create = (trainer) => madeLater(c.scorerCreate, c.trainerModel(trainer));
    return new Scorer(await model.use(create), c.scorerDestroy);
  }

  get users() {
    return c.scorerUsers(this.pointer());
  }

  get items() {
    return c.scorerItems(this.pointer());
  }

  #number(find, id) {
    const out = [0];
    find(this.pointer(), String(id), out);
    return out[0];
  }

  // The library fills in `count` hits of a number and a score, 4 bytes each.
  async #rank(call, { count = 10, exclude = [], candidates, includeSeen = false, minScore } = {}) {
    const numbers = (ids) => Int32Array.from(ids, (id) => this.#number(c.scorerFindItem, id));
    const query = {
      struct_size: c.abi.structs.diffmm_query.size,
      count,
      include_seen: includeSeen ? 1 : 0,
      exclude: exclude.length > 0 ? numbers(exclude) : null,
      exclude_count: exclude.length,
      candidates: candidates ? numbers(candidates) : null,
      candidate_count: candidates ? candidates.length : 0,
      has_min_score: minScore === undefined ? 0 : 1,
      min_score: minScore === undefined ? 0 : minScore,
    };
    const bytes = c.abi.structs.diffmm_hit.size;
    const hits = Buffer.alloc(bytes * Math.min(Math.max(count, 1), this.items));
    query.count = Math.min(count, this.items);
    const found = [0];
    return this.use(async (scorer) => {
      await call(scorer, query, hits, found);
      return Array.from({ length: Number(found[0]) }, (_, i) => ({
        item: c.scorerItemId(scorer, hits.readInt32LE(i * bytes)),
        score: hits.readFloatLE(i * bytes + 4),
      }));
    });
  }

  async recommend(user, query) {
    const number = this.#number(c.scorerFindUser, user);
    return this.#rank((scorer, ...rest) => c.recommend(scorer, number, ...rest), query);
  }

  async similarItems(item, { similarity = "cosine", ...query } = {}) {
    const kind = c.abi.enums.diffmm_similarity[`DIFFMM_${similarity.toUpperCase()}`];
    if (kind === undefined)
      throw new RangeError(`similarity is '${similarity}', neither 'cosine' nor 'dot'`);
    const number = this.#number(c.scorerFindItem, item);
    return this.#rank((scorer, ...rest) => c.similarItems(scorer, number, kind, ...rest), query);
  }
}

module.exports = { Context, Dataset, DiffmmError, Model, Options, Scorer, fit };

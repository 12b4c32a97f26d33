// SPDX-License-Identifier: BSD-2-Clause
// examples/node: training with progress and cancellation while the event loop goes on, a model file, rankings that are
// the same from the model and from its file, and failures with a code and a text.
"use strict";

const assert = require("assert");
const fs = require("fs");
const os = require("os");
const path = require("path");
const { Context, Dataset, DiffmmError, Options, Scorer, fit } = require("../../examples/node");

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "diffmm-node-"));
const clicks = path.join(folder, "clicks.tsv");
const settings = { preset: "tiktok", epochs: 3, hiddenSizes: [8], embeddingSize: 8, batch: 64, diffusion: { enabled: true } };

// Users of two groups, which touch the items of their group.
function writeClicks() {
  const lines = ["user\titem"];
  for (let user = 0; user < 40; user++)
    for (let i = 0; i < 6; i++)
      lines.push(`user${user}\titem${(user % 2) * 20 + (user * 7 + i * 3) % 20}`);
  fs.writeFileSync(clicks, `${lines.join("\n")}\n`);
}

async function failsWith(promise, code, part) {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof DiffmmError, error.stack);
    assert.strictEqual(error.code, code);
    assert.ok(error.message.includes(part), `no '${part}' in '${error.message}'`);
    return true;
  });
}

// With the sizes that settings have by default, a training wants more stack than koffi gives a thread by default.
async function trainsAtFullSize() {
  const data = await Dataset.open(path.join(__dirname, "../../examples/data/clicks.tsv"));
  const scorer = await Scorer.of(await fit(data, { epochs: 1 }));
  assert.strictEqual((await scorer.recommend("alice", { count: 5 })).length, 5);
}

async function trainsAndRanks(data) {
  const reports = [];
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const model = await fit(data, settings, { onEpoch: (report) => { reports.push(report); } })
    .finally(() => clearInterval(timer));
  assert.deepStrictEqual(reports.map((report) => report.epoch), [1, 2, 3]);
  assert.deepStrictEqual(reports.map((report) => report.finished), [false, false, true]);
  reports.forEach((report) => assert.ok(report.loss.total > 0 && report.loss.bpr > 0));
  assert.ok(ticks > 0, "the event loop stood still");

  const file = path.join(folder, "model.safetensors");
  await model.save(file);
  const scorers = [await Scorer.of(model), await Scorer.open(file)];
  model.close();
  const rankings = await Promise.all(scorers.map((scorer) => scorer.recommend("user3", { count: 5 })));
  assert.strictEqual(rankings[0].length, 5);
  assert.deepStrictEqual(rankings[0], rankings[1]);
  for (let i = 1; i < 5; i++)
    assert.ok(rankings[0][i - 1].score >= rankings[0][i].score);
  return scorers[1];
}

async function restricts(scorer) {
  const [first, second] = await scorer.recommend("user3", { count: 2 });
  const without = await scorer.recommend("user3", { count: 1, exclude: [first.item] });
  assert.deepStrictEqual(without, [second]);
  const only = await scorer.recommend("user3", { count: 9, candidates: [second.item, first.item] });
  assert.deepStrictEqual(only, [first, second]);
  assert.deepStrictEqual(await scorer.recommend("user3", { minScore: first.score }), [first]);
  const all = await scorer.recommend("user3", { count: 1e6, includeSeen: true });
  assert.strictEqual(all.length, scorer.items);
  const similar = await scorer.similarItems(first.item, { count: 3 });
  assert.strictEqual(similar.length, 3);
  assert.ok(similar.every((hit) => hit.item !== first.item && hit.score <= 1.0001));
}

async function refuses(data, scorer) {
  await failsWith(Dataset.open("/nowhere/at/all"), "DIFFMM_ERROR_IO", "/nowhere/at/all");
  await failsWith(fit(data, { epochz: 1 }), "DIFFMM_ERROR_INVALID_ARGUMENT", "epochz");
  await failsWith(scorer.recommend("nobody"), "DIFFMM_ERROR_NOT_FOUND", "nobody");
  await failsWith(scorer.recommend("user3", { count: 0 }), "DIFFMM_ERROR_INVALID_ARGUMENT", "count");
  await failsWith(scorer.recommend("user3", { exclude: ["none"] }), "DIFFMM_ERROR_NOT_FOUND", "none");
  await assert.rejects(scorer.similarItems("item1", { similarity: "near" }), RangeError);
  assert.throws(() => new Options({ preset: "none" }), DiffmmError);
}

async function cancels(data) {
  const controller = new AbortController();
  let epochs = 0;
  await assert.rejects(
    fit(data, { ...settings, epochs: 1000, patience: 0 }, {
      signal: controller.signal,
      onEpoch: () => { if (++epochs === 2) setTimeout(() => controller.abort(), 5); },
    }), { name: "AbortError" });
  assert.ok(epochs >= 2 && epochs < 1000, `${epochs} epochs`);
  await assert.rejects(fit(data, settings, { signal: AbortSignal.abort() }), { name: "AbortError" });
  await assert.rejects(fit(data, settings, { onEpoch: () => { throw new Error("enough"); } }), /enough/);
}

async function closes(data, scorer) {
  const under = scorer.recommend("user3");
  assert.throws(() => scorer.close(), /in use/);
  await under;
  scorer.close();
  scorer.close();
  await failsWith(scorer.recommend("user3"), "DIFFMM_ERROR_STATE", "closed");
  data.close();
}

async function main() {
  writeClicks();
  const context = new Context({ threads: 1 });
  const data = await Dataset.open(clicks, { context });
  assert.deepStrictEqual([data.users, data.items], [40, 40]);
  await trainsAtFullSize();
  const scorer = await trainsAndRanks(data);
  await restricts(scorer);
  await refuses(data, scorer);
  await cancels(data);
  await closes(data, scorer);
  context.close();
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
}).finally(() => fs.rmSync(folder, { recursive: true }));

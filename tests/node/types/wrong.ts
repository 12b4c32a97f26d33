// SPDX-License-Identifier: BSD-2-Clause
// Each line that ends with "wrong" must be refused, and no other (types.sh).
import { Dataset, fit, Options, Scorer } from "diffmm";

export async function use(dataset: Dataset, scorer: Scorer): Promise<void> {
  await Dataset.open(3); // wrong
  dataset.users = 3; // wrong
  await fit(dataset, { epochs: "many" }); // wrong
  await fit(dataset, {}, { onEpoch: (report) => console.log(report.epochs) }); // wrong
  await fit("clicks.tsv"); // wrong
  await scorer.recommend({}); // wrong
  await scorer.recommend("a", { counts: 3 }); // wrong
  await scorer.similarItems("a", { similarity: "manhattan" }); // wrong
  const score: number = await scorer.recommend("a"); // wrong
  new Options({ epochs: 3 }).save("options"); // wrong
  await scorer.recommend("a", { count: 3 });
}

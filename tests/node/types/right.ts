// SPDX-License-Identifier: BSD-2-Clause
// A program that uses the types as they are meant (types.sh).
import { Context, Dataset, DiffmmError, fit, Hit, Options, Report, Scorer } from "diffmm";

export async function recommend(user: string): Promise<Hit[]> {
  const context = new Context({ threads: 2 });
  const dataset = await Dataset.open("clicks.tsv", { context });
  const stop = new AbortController();
  const model = await fit(
    dataset,
    { preset: "tiktok", epochs: 3, hiddenSizes: [100], contrastive: { enabled: false } },
    {
      onEpoch: (report: Report) => {
        if (report.loss.total > 5 || report.valid[0].recall === 0) stop.abort();
      },
      signal: stop.signal,
    },
  );
  await model.save("model.safetensors");
  new Options({ epochs: 4 }, { context }).close();
  const scorer = await Scorer.of(model);
  try {
    const alike = await scorer.similarItems(3, { similarity: "cosine", count: 2 });
    const exclude: string[] = alike.map((hit) => hit.item);
    return await scorer.recommend(user, { count: scorer.items, exclude, includeSeen: true, minScore: 0 });
  } catch (error) {
    if (error instanceof DiffmmError && error.code === "DIFFMM_ERROR_NOT_FOUND") return [];
    throw error;
  }
}

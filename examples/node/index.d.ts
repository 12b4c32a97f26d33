// SPDX-License-Identifier: BSD-2-Clause
/** What the library said of a call that failed. */
export class DiffmmError extends Error {
  /** The status, such as "DIFFMM_ERROR_NOT_FOUND". */
  readonly code: string;
}

/** Threads and memory. Without one, all share a context with as many threads as there are CPUs. */
export class Context {
  constructor(settings?: { /** 0: as many as CPUs */ threads?: number });
  /** Throws where a call is under way. What nobody refers to any more closes by itself. */
  close(): void;
}

/** Who touched what, and features of the items. */
export class Dataset {
  /** A folder or a file, as doc/your-format.md describes them. */
  static open(path: string, settings?: { context?: Context }): Promise<Dataset>;
  readonly context: Context;
  readonly users: number;
  readonly items: number;
  close(): void;
}

export type Setting = number | string | boolean | Array<number | string> | { [name: string]: Setting };

/** Settings of training by the library's names (diffmm_train --list-options), hiddenSizes for hidden_sizes. */
export interface Settings {
  preset?: string;
  epochs?: number;
  [name: string]: Setting | undefined;
}

export class Options {
  constructor(settings?: Settings, more?: { context?: Context });
  close(): void;
}

/** At a cutoff K, means over the users that have held-out items. */
export interface Metrics {
  cutoff: number;
  users: number;
  recall: number;
  precision: number;
  ndcg: number;
}

export interface Report {
  /** From 1. */
  epoch: number;
  /** 0: none yet. */
  bestEpoch: number;
  finished: boolean;
  loss: { bpr: number; contrastive: number; regularizer: number; total: number };
  /** For each cutoff; empty where nothing was held out or measured. */
  valid: Metrics[];
  test: Metrics[];
}

export class Model {
  save(path: string): Promise<void>;
  close(): void;
}

/** Trains on other threads, and gives the best epoch's model. `onEpoch` is awaited between epochs. With `signal`,
 *  training can be stopped, within an epoch too; the promise is then rejected with the signal's reason. */
export function fit(
  dataset: Dataset,
  settings?: Settings,
  more?: { onEpoch?: (report: Report) => void | Promise<void>; signal?: AbortSignal },
): Promise<Model>;

export interface Hit {
  /** The item's id. */
  item: string;
  score: number;
}

export interface Query {
  /** Default 10. */
  count?: number;
  /** Items never recommended. */
  exclude?: string[];
  /** If given, only these. */
  candidates?: string[];
  includeSeen?: boolean;
  minScore?: number;
}

export class Scorer {
  static open(path: string, settings?: { context?: Context }): Promise<Scorer>;
  static of(model: Model): Promise<Scorer>;
  readonly users: number;
  readonly items: number;
  /** Best first. An id that is unknown rejects with the code DIFFMM_ERROR_NOT_FOUND. */
  recommend(user: string | number, query?: Query): Promise<Hit[]>;
  similarItems(item: string | number, query?: Query & { similarity?: "cosine" | "dot" }): Promise<Hit[]>;
  close(): void;
}

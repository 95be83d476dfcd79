import { createHash } from "node:crypto";
import { chmod, open, rename, rm } from "node:fs/promises";
import { EvenkeelError } from "./core/errors.ts";
import { parseExact } from "./core/exact-json.ts";
import { isObject, type Json } from "./core/json.ts";
import type { PlanMarks, PlannedOperation } from "./core/planned.ts";
import { linesOf } from "./lines.ts";
import { unwritable } from "./output-file.ts";

/** What is planned of one sync. */
export interface PlanHead {
  readonly sync: string;
  readonly marks: PlanMarks;
  readonly choice: {
    readonly fullRefresh: boolean;
    readonly limit: number | undefined;
    readonly key: string | undefined;
    readonly allowDeletes: number | undefined;
  };
}

/** Written to this version of the format; another one is refused. */
const VERSION = 1;

const PRIVATE = 0o600;

/** Lines that are written at once. */
const CHUNK = 256 * 1024;

/** Where plans are kept. */
export interface PlanFiles {
  /** Begins a file, which takes the place of an older one when it is finished. */
  begin(file: string): Promise<PlanSink>;
  lines(file: string): AsyncIterable<string>;
}

/** A file that is being written. */
export interface PlanSink {
  append(text: string): Promise<void>;
  /** Puts the file in its place, whole and durable. */
  finish(): Promise<void>;
  /** Leaves nothing of it behind; harmless when it is finished. */
  abandon(): Promise<void>;
}

/** Files that only their owner reads: they hold records. */
export const systemPlanFiles: PlanFiles = {
  async begin(file) {
    const part = `${file}.part`;
    const handle = await open(part, "w", PRIVATE);
    await chmod(part, PRIVATE);
    return {
      append: (text) => handle.appendFile(text),
      async finish() {
        await handle.sync();
        await handle.close();
        await rename(part, file);
      },
      async abandon() {
        await handle.close().catch(() => undefined);
        await rm(part, { force: true });
      },
    };
  },
  lines: linesOf,
};

/**
 * A plan as a file of JSON lines: a head, for each sync what it was made from and then its operations, and an end with the hash of all lines before
 * it, so that a file that was cut short or edited is none. It takes the place of an older one only when it is whole.
 */
export class PlanWriter {
  readonly #sink: PlanSink;
  readonly #hash = createHash("sha256");
  #pending = "";
  #operations = 0;

  private constructor(sink: PlanSink) {
    this.#sink = sink;
  }

  /** Throws `USAGE` when there is no such place, and `OUTPUT_FAILED`, as all do that write, when it is full. */
  static async begin(files: PlanFiles, file: string, createdMs: number): Promise<PlanWriter> {
    try {
      const writer = new PlanWriter(await files.begin(file));
      await writer.#add({ evenkeel: "plan", version: VERSION, createdAt: new Date(createdMs).toISOString() });
      return writer;
    } catch (error) {
      throw unwritable("the plan", error);
    }
  }

  async sync(head: PlanHead): Promise<void> {
    await this.#add({ type: "sync", ...head });
  }

  async operation(operation: PlannedOperation): Promise<void> {
    this.#operations += 1;
    await this.#add({ type: "operation", ...operation });
  }

  /** Puts the file in its place. Returns how many operations it has. */
  async end(): Promise<number> {
    try {
      await this.#flush();
      await this.#sink.append(
        `${JSON.stringify({ type: "end", operations: this.#operations, hash: this.#hash.digest("base64url") })}\n`,
      );
      await this.#sink.finish();
      return this.#operations;
    } catch (error) {
      throw unwritable("the plan", error);
    }
  }

  abandon(): Promise<void> {
    return this.#sink.abandon();
  }

  async #add(value: object): Promise<void> {
    this.#pending += `${JSON.stringify(value)}\n`;
    if (this.#pending.length > CHUNK) await this.#flush();
  }

  async #flush(): Promise<void> {
    const text = this.#pending;
    this.#pending = "";
    this.#hash.update(text);
    try {
      await this.#sink.append(text);
    } catch (error) {
      throw unwritable("the plan", error);
    }
  }
}

/** A plan file, line by line: heads, and the operations that follow each. Throws `USAGE` when it is none, or not whole. */
export async function* readPlan(files: PlanFiles, file: string): AsyncGenerator<PlanHead | PlannedOperation> {
  const hash = createHash("sha256");
  let [line, operations, isWhole] = [0, 0, false];
  const bad = (why: string): EvenkeelError =>
    new EvenkeelError("USAGE", `not a plan: ${why}`, {
      place: { file, line: Math.max(1, line) },
      next: PLAN_ANEW,
    });
  try {
    for await (const text of files.lines(file)) {
      line += 1;
      const value = parsed(text);
      if (!isObject(value) || isWhole) throw bad("a line is no part of one");
      if (line === 1 && (value["evenkeel"] !== "plan" || value["version"] !== VERSION))
        throw bad(`it does not begin as a plan of version ${VERSION} does`);
      if (value["type"] === "end") {
        if (value["hash"] !== hash.digest("base64url") || value["operations"] !== operations)
          throw bad("it was changed");
        isWhole = true;
        continue;
      }
      hash.update(`${text}\n`);
      if (line === 1) continue;
      const { type, ...rest } = value;
      if (type === "operation") operations += 1;
      else if (type !== "sync") throw bad("a line is no part of one");
      yield rest as unknown as PlanHead | PlannedOperation;
    }
  } catch (error) {
    if (error instanceof EvenkeelError) throw error;
    throw unreadable(file, error as NodeJS.ErrnoException);
  }
  if (!isWhole) throw bad("it has no end");
}

const unreadable = (file: string, error: NodeJS.ErrnoException): EvenkeelError =>
  error.code === "ENOENT"
    ? new EvenkeelError("USAGE", `there is no file ${file}`, { cause: error, next: PLAN_ANEW })
    : new EvenkeelError("USAGE", `the plan ${file} cannot be read: ${error.message}`, {
        cause: error,
        next: PLAN_ANEW,
      });

const PLAN_ANEW = "Write one with `evenkeel plan --out FILE`. Nothing was sent.";

function parsed(text: string): Json | undefined {
  try {
    return parseExact(text);
  } catch {
    return undefined;
  }
}

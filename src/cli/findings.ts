import type { ReadingProgress } from "../evenkeel.ts";
import { showActivity } from "./activity.ts";
import { count } from "./amounts.ts";
import type { Context } from "./context.ts";

/** Something that was found about a record of a sync. */
interface Finding {
  readonly sync: string;
  readonly kind: string;
}

interface Showing<Found extends Finding> {
  /** Findings of a kind that are shown for each sync; all are counted. */
  readonly shownMax: number;
  /** What `--json` calls one. */
  readonly type: string;
  /** What each kind is called, after a number. */
  readonly words: Readonly<Record<Found["kind"], string>>;
  readonly linesOf: (found: Found) => readonly string[];
  /** What goes on meanwhile. */
  readonly activity: string;
}

/** What was shown. */
export interface Shown {
  /** The sync whose findings were shown last. */
  readonly sync: string | undefined;
  /** Those of a sync that were only counted, in words; empty when there are none. */
  hidden(sync: string): string;
}

/** Shows findings as they come, the first ones of each kind. */
export async function showFindings<Found extends Finding>(
  findings: AsyncIterable<Found> & { progress(): ReadingProgress | undefined },
  showing: Showing<Found>,
  context: Context,
): Promise<Shown> {
  const { printer } = context;
  const { shownMax, type, words, linesOf } = showing;
  const found = new Tally(words);
  const { progress } = findings;
  const activity = showActivity({ what: showing.activity, progress, found: () => found.text() }, context);
  let sync: string | undefined;
  try {
    for await (const each of findings) {
      printer.record({ type, ...each });
      if (found.add(each) <= shownMax && !printer.isQuiet && !printer.isJson) {
        if (each.sync !== sync) printer.result(`${sync === undefined ? "" : "\n"}${printer.style("bold", each.sync)}`);
        sync = each.sync;
        printer.result(linesOf(each).join("\n"));
      }
      await printer.drained();
    }
  } finally {
    activity.end();
  }
  return { sync, hidden: (name) => (printer.isQuiet ? "" : found.beyond(name, shownMax)) };
}

/** Findings so far, by sync and kind. */
class Tally {
  readonly #words: Readonly<Record<string, string>>;
  readonly #numbers = new Map<string, Map<string, number>>();

  constructor(words: Readonly<Record<string, string>>) {
    this.#words = words;
  }

  /** Counts one; returns how many of its kind there are now. */
  add({ sync, kind }: Finding): number {
    const kinds = this.#numbers.get(sync) ?? new Map<string, number>();
    this.#numbers.set(sync, kinds);
    const number = (kinds.get(kind) ?? 0) + 1;
    kinds.set(kind, number);
    return number;
  }

  /** Those of a sync beyond so many of each kind, in words; empty when there are none. */
  beyond(sync: string, max: number): string {
    const more = [...(this.#numbers.get(sync) ?? [])].filter(([, number]) => number > max);
    return more.map(([kind, number]) => `${count(number - max)} more ${this.#words[kind]}`).join(", ");
  }

  text(): string {
    return [...this.#numbers]
      .map(
        ([sync, kinds]) =>
          `${sync} ${[...kinds].map(([kind, number]) => `${count(number)} ${this.#words[kind]}`).join(", ")}`,
      )
      .join(" · ");
  }
}

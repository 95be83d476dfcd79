import type { Checkpoint } from "../core/checkpoint.ts";
import type { PlanFiles } from "../plan-file.ts";
import type { RunResult } from "../evenkeel.ts";
import type { VirtualClock } from "../testing/virtual-clock.ts";
import type { DestinationDouble } from "./destination-double.ts";
import type { IntentProbe } from "./intent-probe.ts";
import type { Processes } from "./processes.ts";
import type { ProcessPlan } from "./world.ts";

interface Options {
  readonly clock: VirtualClock;
  readonly processes: Processes;
  readonly probe: IntentProbe;
  readonly destination: DestinationDouble;
  readonly files: ReadonlyMap<string, string>;
  readonly isUpdateOnly: boolean;
  readonly note: (text: string) => void;
  readonly onBreach: (text: string) => void;
}

interface Operation {
  readonly kind: "create" | "update" | "delete";
  readonly key: string;
}

const FILE = "plan.jsonl";

/** Plan files that are nowhere but in memory. */
export function memoryPlanFiles(files: Map<string, string>): PlanFiles {
  return {
    async begin(file) {
      let whole = "";
      return {
        async append(text) {
          whole += text;
        },
        async finish() {
          files.set(file, whole);
        },
        abandon: async () => undefined,
      };
    },
    async *lines(file) {
      yield* (files.get(file) ?? "").trimEnd().split("\n");
    },
  };
}

/** Makes plans and applies them, and looks at what leaves meanwhile: nothing but what was planned. */
export class Planning {
  readonly #options: Options;
  /** What may be written now; undefined while no plan is made or applied. */
  #allowed: readonly Operation[] | undefined;
  readonly #written = new Set<string>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** A write leaves. */
  see(number: number, keys: readonly string[], isDelete: boolean): void {
    for (const key of keys) this.#written.add(key);
    if (this.#allowed?.some(({ kind, key }) => keys.includes(key) && (kind === "delete") === isDelete) === false)
      this.#options.onBreach(`request ${number} writes record ${keys.join(", ")}, and no plan has that`);
  }

  /** Makes a plan, waits, and applies it. */
  async play(plan: ProcessPlan): Promise<void> {
    const { clock, processes, probe, files, note, onBreach } = this.#options;
    this.#allowed = [];
    const planned = await processes.plan(FILE);
    if (planned === undefined) this.#allowed = undefined;
    if (planned === undefined) return;
    await clock.advance(plan.applyAfterMs ?? 0);
    const operations = operationsIn(files.get(FILE) ?? "");
    this.#allowed = operations;
    this.#written.clear();
    probe.look();
    const before = probe.checkpoint();
    const result = await processes.run(plan, (evenkeel, signal) => evenkeel.run({ plan: FILE, signal }));
    probe.look();
    this.#allowed = undefined;
    if (isMoved(before, probe.checkpoint())) onBreach("a run of a plan moved the checkpoint");
    note(`of ${operations.length} planned operations ${this.#written.size} were sent`);
    if (result !== undefined) this.#checkResult(result, operations);
  }

  #checkResult({ exitCode, syncs }: RunResult, operations: readonly Operation[]): void {
    const { destination, onBreach } = this.#options;
    const isRefused = syncs.some(({ error }) => error?.code === "RUN_PLAN_MOVED");
    if (isRefused && this.#written.size > 0) onBreach("a plan that does not hold any more was applied in part");
    // What a plan leaves out keeps the sync from being level, and none of its operations from being applied.
    if (exitCode !== 0 && !syncs.every(isApplied)) return;
    for (const { kind, key } of operations) {
      // What is only updated need not be there.
      if (kind === "update" && this.#options.isUpdateOnly) continue;
      const isThere = destination.items.some(({ version }) => version.key === key);
      if (isThere === (kind === "delete")) onBreach(`the plan was applied, and the ${kind} of record ${key} was not`);
    }
  }
}

/** All of it was applied, whatever else is not level. */
const isApplied = ({ status, counts }: RunResult["syncs"][number]): boolean =>
  (status === "level" || status === "incomplete") &&
  counts.rejected + counts.invalid + counts.unknown + counts.parked + counts.withheld === 0;

function operationsIn(text: string): readonly Operation[] {
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { readonly type?: string } & Operation);
  return lines.filter(({ type }) => type === "operation");
}

/** The first of all says of which destination the ledger is, and nothing of what was read. */
function isMoved(before: string | undefined, after: string | undefined): boolean {
  if (before !== undefined || after === undefined) return before !== after;
  const { complete, cursor, position } = JSON.parse(after) as Partial<Checkpoint>;
  return complete === true || cursor !== undefined || position !== undefined;
}

import type { Evenkeel, Run, RunResult } from "../evenkeel.ts";
import { openEvenkeel } from "../opened.ts";
import type { SeededChance } from "../testing/seeded-chance.ts";
import type { VirtualClock } from "../testing/virtual-clock.ts";
import type { Step } from "./faults.ts";
import type { IntentProbe } from "./intent-probe.ts";
import { mortalProcess, type MortalProcess } from "./mortal-process.ts";
import type { SimulatedNetwork } from "./network.ts";
import { memoryPlanFiles } from "./planning.ts";
import type { Scene } from "./scene.ts";
import type { ProcessPlan } from "./world.ts";

interface Options {
  readonly clock: VirtualClock;
  readonly chance: SeededChance;
  readonly scene: Scene;
  readonly network: SimulatedNetwork;
  readonly probe: IntentProbe;
  readonly stateFile: string;
  readonly note: (text: string, about?: readonly string[]) => void;
  /** Called with what an engine must never do. */
  readonly onBreach: (text: string) => void;
  /** Called when a run calls itself level. */
  readonly onLevel: () => void;
  /** Called when a run has read to the end. */
  readonly onComplete: () => void;
  /** Called when a repair has compared both sides to their ends, with when it began (wall clock) and the keys of what it left as it is. */
  readonly onRepaired: (startedMs: number, left: ReadonlySet<string>) => void;
}

/** A process that is started now; with a person's leave to delete so many. */
type Planned = Omit<ProcessPlan, "thenWaitMs"> & { readonly allowDeletes?: number };

type Start = (evenkeel: Evenkeel, signal: AbortSignal) => Run;

/** A run that is not at its end after so much time of the world does not end. */
const RUN_MAX_MS = 48 * 3_600_000;

const OVERDUE = "the run does not end";

const UNHARMED = { crash: undefined, fullFrom: undefined };

export class Stuck extends Error {}

/** The processes of a world, one after the other on one ledger. */
export class Processes {
  readonly #options: Options;
  /** Where they died. */
  readonly deaths: string[] = [];
  /** What steps each came to, in the order of their starts. */
  readonly steps: ReadonlyMap<Step, number>[] = [];
  /** What plans were made, by the names of their files. */
  readonly planFiles: Map<string, string> = new Map();
  runs = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Starts one and lets it run. Undefined when it died. Throws {@link Stuck} when it does not end. */
  async run(plan: Planned, start?: Start): Promise<RunResult | undefined> {
    const { clock, note } = this.#options;
    const { stopAfterMs, rivalAfterMs, fullRefresh, allowDeletes, does } = plan;
    const [startedMs, bornMs] = [clock.wallMs(), clock.monotonicMs()];
    this.runs += 1;
    const name = `run ${this.runs}`;
    note(does === undefined ? `${name} begins` : `${name} begins, a ${does}`);
    const mortal = this.#mortal(plan);
    this.steps.push(mortal.steps);
    const stop = new AbortController();
    const deletes = allowDeletes === undefined ? {} : { allowDeletes };
    const begin: Start =
      start ??
      ((evenkeel, signal) =>
        does === "repair"
          ? evenkeel.repair({ ...deletes, signal })
          : evenkeel.run({ ...deletes, fullRefresh, signal }));
    const run = begin(this.#open(mortal, ""), stop.signal);
    const left = new Set<string>();
    const listening = this.#listen(run, left);
    const timers = [
      ...(stopAfterMs === undefined ? [] : [clock.after(stopAfterMs, () => stop.abort())]),
      ...(rivalAfterMs === undefined ? [] : [clock.after(rivalAfterMs, () => void this.#rival())]),
    ];
    const overdue = clock.sleep(RUN_MAX_MS).then(() => OVERDUE);
    const ended = await clock.drive(Promise.race([run.result, mortal.death, overdue]));
    for (const timer of timers) timer.cancel();
    this.#options.network.leave();
    if (ended === OVERDUE) throw new Stuck(OVERDUE);
    // What it was told of waiting it could not write down.
    if (mortal.isFull) this.#options.network.forget(bornMs);
    if (typeof ended === "string") {
      await this.#bury(mortal, ended);
      return undefined;
    }
    mortal.end();
    for (const { status, error } of ended.syncs)
      note(`${name} is ${status}${error === undefined ? "" : `: ${error.message}`}`);
    await listening;
    if (start === undefined) this.#tell(ended, plan, startedMs, left);
    return ended;
  }

  #tell({ exitCode, syncs }: RunResult, { does, allowDeletes }: Planned, startedMs: number, left: Set<string>): void {
    const { onLevel, onComplete, onRepaired } = this.#options;
    const isComplete = syncs.some(({ status }) => status === "level" || status === "incomplete");
    if (isComplete && does === "repair") onRepaired(startedMs, left);
    // With a person's leave it is more than it would be by itself.
    if (does === "repair" || allowDeletes !== undefined) return;
    if (exitCode === 0) onLevel();
    if (isComplete) onComplete();
  }

  /** Writes a plan to a file. How many operations it has; undefined when there is none. */
  async plan(file: string): Promise<number | undefined> {
    const { clock, network, note } = this.#options;
    note("a plan is made");
    const bornMs = clock.monotonicMs();
    const mortal = this.#mortal(UNHARMED);
    const { result } = this.#open(mortal, "").plan({ out: file });
    const { syncs, operations } = await clock.drive(result);
    // What it has asked for beforehand it takes with it.
    mortal.end();
    network.leave();
    // It writes nothing, so what it was told of waiting nobody knows after it.
    network.forget(bornMs);
    for (const { error } of syncs)
      note(error === undefined ? `  with ${operations} operations` : `  and fails: ${error.message}`);
    return operations;
  }

  /** The exit code of a comparison of both sides: 0 when they agree. */
  async check(): Promise<number> {
    const { result } = this.open().check();
    const { syncs, exitCode } = await this.#options.clock.drive(result);
    for (const { missing, extra, different, invalid, error } of syncs)
      this.#options.note(
        `a check finds ${missing} missing, ${extra} extra, ${different} different, ${invalid} invalid ${error?.message ?? ""}`,
      );
    return exitCode;
  }

  /** For a person, who works on the ledger while no run does. */
  open(): Evenkeel {
    return this.#open(this.#mortal(UNHARMED), "");
  }

  async #bury(mortal: MortalProcess, where: string): Promise<void> {
    const { clock, network, probe } = this.#options;
    this.deaths.push(where);
    // L7: what it was told before this moment is in the ledger.
    network.forget(clock.monotonicMs());
    probe.close();
    await mortal.bury();
    probe.look();
  }

  /** U7: while a run is under way, another one on the same ledger is turned away. */
  async #rival(): Promise<void> {
    const { note, onBreach } = this.#options;
    note("another process is started beside it");
    try {
      await this.#open(this.#mortal(UNHARMED), " rival").run().result;
      onBreach("U7: two runs were under way on one ledger");
    } catch (error) {
      const { code, message } = error as Error & { readonly code?: string };
      if (code === "LEDGER_HELD") note("  and is turned away");
      else onBreach(`U7: a second run on the ledger fails by ${message}`);
    }
  }

  #mortal({ crash, fullFrom }: Pick<ProcessPlan, "crash" | "fullFrom">): MortalProcess {
    const { clock, network, stateFile, note, probe } = this.#options;
    return mortalProcess({ clock, network, stateFile, crash, fullFrom, note, onFlush: probe.look });
  }

  #open({ clock, network, ledgers }: MortalProcess, label: string): Evenkeel {
    const { scene, stateFile, chance } = this.#options;
    return openEvenkeel({
      loaded: scene.loaded,
      configFile: undefined,
      referenceOf: scene.referenceOf,
      stateFile,
      clock,
      chance: chance.fork(`process ${this.runs}${label}`),
      network,
      ledgers,
      planFiles: memoryPlanFiles(this.planFiles),
    });
  }

  /** What the engine says of single records goes into the trace. */
  async #listen(run: Run, left: Set<string>): Promise<void> {
    for await (const event of run) {
      if (event.type === "invalid" && event.code === "NOT_MENDED" && event.key !== undefined) left.add(event.key);
      if (event.type === "drift" && event.drift.kind === "missing" && event.drift.why !== undefined)
        left.add(event.drift.key);
      if (event.type === "drift")
        this.#say("drift", event.drift.kind, "key" in event.drift ? event.drift.key : undefined);
      if (event.type === "rejected" || event.type === "invalid") this.#say(event.type, event.reason, event.key);
      if (event.type === "held") this.#say(event.state, event.reason, event.key);
      if (event.type === "warning") this.#say(event.code, event.message);
    }
  }

  #say(what: string, why: string, key?: string): void {
    this.#options.note(
      `  ${key === undefined ? "" : `${key}: `}${what}: ${why}`,
      key === undefined ? undefined : [key],
    );
  }
}

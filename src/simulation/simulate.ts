import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkConfig, documentOf, type LoadedConfig } from "../config/load.ts";
import type { Evenkeel, Run, RunResult } from "../evenkeel.ts";
import { openEvenkeel } from "../opened.ts";
import { seededChance, type SeededChance } from "../testing/seeded-chance.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { violationsOf } from "./checks.ts";
import { DestinationDouble, REFUSED_NAME, type Item } from "./destination-double.ts";
import { intentProbe, type IntentProbe } from "./intent-probe.ts";
import { mortalProcess, type MortalProcess } from "./mortal-process.ts";
import { simulatedNetwork, type SimulatedNetwork } from "./network.ts";
import { configOf } from "./shape.ts";
import { SourceDouble } from "./source-double.ts";
import type { Outcome, ProcessPlan, World } from "./world.ts";

/** Runs after the last fault in which everything must come level. */
const CALM_RUNS_MAX = 8;

/** After so many of them, a person decides what is left unknown, and has what was refused tried again. */
const CALM_RUNS_ALONE = 3;

/** Between calm runs: longer than any late write, visibility lag, wait or retention is in doubt. */
const CALM_WAIT_MS = 600_000;

/** A run that is not at its end after so much time of the world does not end. */
const RUN_MAX_MS = 48 * 3_600_000;

/** A file system in memory, where a system has one: losing power is simulated, and need not wait for a disk. */
const MEMORY = "/dev/shm";

/** The source's first records are older than the world. */
const FIRST_EDIT_MS = -86_400_000;

const BY_ITSELF = { crash: undefined, stopAfterMs: undefined, fullRefresh: false };

/** Plays a world from its beginning to its end, on the production pipeline, and says what did not hold. */
export async function simulate(world: World): Promise<Outcome> {
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), "evenkeel-sim-"));
  try {
    return await new Simulation(world, join(folder, "state.db")).play();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class Stuck extends Error {}

class Simulation {
  readonly #world: World;
  readonly #stateFile: string;
  readonly #clock = new VirtualClock();
  readonly #chance: SeededChance;
  readonly #loaded: LoadedConfig;
  readonly #source: SourceDouble;
  readonly #destination: DestinationDouble;
  readonly #probe: IntentProbe;
  readonly #network: SimulatedNetwork;
  readonly #trace: string[] = [];
  readonly #breaches: string[] = [];
  readonly #deaths: string[] = [];
  /** Keys of creates that a person said were applied. */
  readonly #decided = new Set<string>();
  #runs = 0;

  constructor(world: World, stateFile: string) {
    const { shape, seed } = world;
    this.#world = world;
    this.#stateFile = stateFile;
    this.#chance = seededChance(seed);
    const name = "evenkeel.config.ts";
    this.#loaded = checkConfig(documentOf(configOf(shape), name), { file: name, env: {} });
    const wallMs = (): number => this.#clock.wallMs();
    this.#source = new SourceDouble(shape.source, wallMs);
    this.#destination = new DestinationDouble(shape.destination, wallMs);
    this.#probe = intentProbe(stateFile);
    this.#network = simulatedNetwork({
      clock: this.#clock,
      chance: this.#chance.fork("network"),
      source: this.#source,
      destination: this.#destination,
      faults: new Set(world.faults),
      rate: world.faultRate,
      faultsMax: world.faultsMax,
      outages: world.outages,
      lateWriteMs: shape.destination.lateWriteMs,
      note: this.#note,
      onWrite: ({ number, body }) => {
        const { ref } = JSON.parse(body ?? "{}") as { ref?: number };
        if (!this.#probe.has(String(ref))) this.#breaches.push(`K1: request ${number} left without a durable intent`);
      },
    });
  }

  async play(): Promise<Outcome> {
    let last: RunResult | undefined;
    let stuck: string | undefined;
    try {
      const endMs = this.#edit();
      for (const plan of this.#world.processes) {
        await this.#process(plan);
        await this.#clock.advance((plan.crash?.downMs ?? 0) + plan.thenWaitMs);
      }
      await this.#clock.advance(Math.max(0, endMs - this.#clock.monotonicMs()) + 1);
      last = await this.#calmDown();
    } catch (error) {
      stuck = error instanceof Stuck ? error.message : `the engine broke: ${String((error as Error).stack ?? error)}`;
    } finally {
      this.#probe.close();
    }
    const [source, destination, { edits }] = [this.#source, this.#destination, this.#world];
    const breaches = [...this.#breaches, ...this.#network.breaches, ...destination.breaches];
    return {
      violations: [
        ...(stuck === undefined ? [] : [`TERMINATION: ${stuck}`]),
        ...breaches.map((breach) => `BREACH: ${breach}`),
        ...(stuck === undefined ? violationsOf({ source, destination, decided: this.#decided, edits, last }) : []),
      ],
      trace: this.#trace,
      requests: this.#network.requests,
      faults: this.#network.counts,
      deaths: this.#deaths,
      runs: this.#runs,
      virtualMs: this.#clock.monotonicMs(),
    };
  }

  readonly #note = (text: string): void => void this.#trace.push(`${this.#clock.monotonicMs().toFixed(0)} ${text}`);

  /** Puts the first records in place and schedules the edits. Returns when the last of them can be seen. */
  #edit(): number {
    const { records, edits } = this.#world;
    const epochMs = this.#clock.wallMs();
    for (let id = 1; id <= records; id++)
      this.#source.put(id, { name: `record ${id}`, edit: 0 }, epochMs + FIRST_EDIT_MS + id * 1_000);
    for (const { atMs, id, content, lagMs } of edits) {
      this.#clock.after(atMs + lagMs, () => {
        this.#note(`edit ${id}: ${content === undefined ? "deleted" : JSON.stringify(content)}`);
        this.#source.put(id, content, epochMs + atMs);
      });
    }
    return Math.max(0, ...edits.map(({ atMs, lagMs }) => atMs + lagMs));
  }

  /** Nothing fails any more. What the last run came to. */
  async #calmDown(): Promise<RunResult | undefined> {
    this.#network.calm();
    this.#note("calm");
    let last: RunResult | undefined;
    for (let run = 0; run < CALM_RUNS_MAX && (run < 2 || last?.exitCode !== 0); run++) {
      await this.#clock.advance(CALM_WAIT_MS);
      if (run === CALM_RUNS_ALONE) await this.#checkRejects();
      if (run >= CALM_RUNS_ALONE) {
        await this.#decide();
        await this.#process(BY_ITSELF, (evenkeel) => evenkeel.retryRejects("records"));
      }
      last = await this.#process(BY_ITSELF);
    }
    return last;
  }

  /** Starts a process and lets it run. Undefined when it died. */
  async #process(
    { crash, stopAfterMs, fullRefresh }: Omit<ProcessPlan, "thenWaitMs">,
    start = (evenkeel: Evenkeel, signal: AbortSignal): Run => evenkeel.run({ fullRefresh, signal }),
  ): Promise<RunResult | undefined> {
    this.#runs += 1;
    const name = `run ${this.#runs}`;
    this.#note(`${name}${crash === undefined ? "" : `, to die ${JSON.stringify(crash)}`}`);
    const clock = this.#clock;
    const mortal = this.#mortal(crash);
    const stop = new AbortController();
    const stopping = stopAfterMs === undefined ? undefined : clock.after(stopAfterMs, () => stop.abort());
    const run = start(this.#open(mortal), stop.signal);
    void this.#listen(run);
    const overdue = clock.sleep(RUN_MAX_MS).then(() => OVERDUE);
    const ended = await clock.drive(Promise.race([run.result, mortal.death, overdue]));
    stopping?.cancel();
    if (ended === OVERDUE) throw new Stuck(OVERDUE);
    if (typeof ended !== "string") {
      mortal.end();
      for (const { status, error } of ended.syncs)
        this.#note(`${name} is ${status}${error === undefined ? "" : `: ${error.message}`}`);
      return ended;
    }
    this.#deaths.push(ended);
    this.#network.forget();
    this.#probe.close();
    await mortal.bury();
    this.#probe.look();
    return undefined;
  }

  #mortal(crash: ProcessPlan["crash"]): MortalProcess {
    return mortalProcess({
      clock: this.#clock,
      network: this.#network,
      stateFile: this.#stateFile,
      crash,
      note: this.#note,
      onFlush: this.#probe.look,
    });
  }

  #open({ clock, network, ledgers }: MortalProcess): Evenkeel {
    return openEvenkeel({
      loaded: this.#loaded,
      configFile: undefined,
      stateFile: this.#stateFile,
      clock,
      chance: this.#chance.fork(`process ${this.#runs}`),
      network,
      ledgers,
    });
  }

  /** What the engine says of single records goes into the trace. */
  async #listen(run: Run): Promise<void> {
    for await (const event of run) {
      if (event.type === "rejected" || event.type === "held" || event.type === "warning" || event.type === "invalid")
        this.#note(`  says ${JSON.stringify({ ...event, atMs: undefined, sync: undefined })}`);
    }
  }

  /** What stands as rejected was refused by the destination for what it is, or for no good reason by a fault. */
  async #checkRejects(): Promise<void> {
    if (this.#network.counts.has("denied")) return;
    for await (const { key, reason } of this.#open(this.#mortal(undefined)).rejects("records")) {
      const record = this.#source.records.get(Number(key));
      if (record !== undefined && record.name !== REFUSED_NAME)
        this.#breaches.push(`REJECTED: record ${key} counts as rejected, and nothing is wrong with it: ${reason}`);
    }
  }

  /** K4: what no run can find out, a person looks up in the destination and says. */
  async #decide(): Promise<void> {
    const evenkeel = this.#open(this.#mortal(undefined));
    const unknown = async (): Promise<readonly string[]> => (await evenkeel.status())[0]?.unknownKeys ?? [];
    // They are shown a few at a time.
    for (let keys = await unknown(), key = keys[0]; key !== undefined; keys = await unknown(), key = keys[0]) {
      const item = this.#destination.items.find(({ ref }) => String(ref) === key);
      const isApplied = item !== undefined && (await isHeld(evenkeel, key, item));
      this.#note(`a person says that the write of ${key} was ${isApplied ? "" : "not "}applied`);
      if (isApplied) this.#decided.add(key);
      await evenkeel.unblock({ sync: "records", key, decide: isApplied ? "applied" : "resend" });
    }
  }
}

const OVERDUE = "the run does not end";

/** Whether the destination holds what the operation in doubt was to write. */
async function isHeld(evenkeel: Evenkeel, key: string, { name, edit }: Item): Promise<boolean> {
  const wanted = (await evenkeel.explain("records", key)).operation?.stored?.mapped;
  return wanted?.["name"] === name && wanted["edit"] === edit;
}

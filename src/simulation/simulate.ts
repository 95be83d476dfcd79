import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Evenkeel, Run, RunResult } from "../evenkeel.ts";
import { openEvenkeel } from "../opened.ts";
import { seededChance, type SeededChance } from "../testing/seeded-chance.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { violationsOf } from "./checks.ts";
import type { Catalogue } from "./catalogue.ts";
import { DestinationDouble } from "./destination-double.ts";
import { intentProbe, type IntentProbe } from "./intent-probe.ts";
import { mortalProcess, type MortalProcess } from "./mortal-process.ts";
import { decide, type Person } from "./person.ts";
import { simulatedNetwork, type SimulatedNetwork } from "./network.ts";
import { recordsOf } from "./source-records.ts";
import { catalogueOf, type Scene } from "./scene.ts";
import { SourceDouble } from "./source-double.ts";
import type { Outcome, ProcessPlan, TraceLine, Violation, World } from "./world.ts";

/** Runs after the last fault in which everything must come level. */
const CALM_RUNS_MAX = 8;

/** After so many of them, a person decides what is left unknown, and has what was refused tried again. */
const CALM_RUNS_ALONE = 3;

/** Between calm runs: as long at least, and longer than a late write or a visibility lag is in doubt. */
const CALM_WAIT_MS = 600_000;

/** A run that is not at its end after so much time of the world does not end. */
const RUN_MAX_MS = 48 * 3_600_000;

/** A file system in memory, where a system has one: losing power is simulated, and need not wait for a disk. */
const MEMORY = "/dev/shm";

const BY_ITSELF = { crash: undefined, stopAfterMs: undefined, fullRefresh: false };

/**
 * Plays a world from its beginning to its end, on the production pipeline, and says what did not hold. What no run can find out a person
 * decides; that it came to that is a violation where the person is blind.
 */
export async function simulate(world: World, scene: Scene, person: Person = "informed"): Promise<Outcome> {
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), "evenkeel-sim-"));
  try {
    return await new Simulation({ world, scene, person, stateFile: join(folder, "state.db") }).play();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Options {
  readonly world: World;
  readonly scene: Scene;
  readonly person: Person;
  readonly stateFile: string;
}

class Stuck extends Error {}

class Simulation {
  readonly #world: World;
  readonly #scene: Scene;
  readonly #person: Person;
  readonly #stateFile: string;
  readonly #clock = new VirtualClock();
  readonly #chance: SeededChance;
  readonly #catalogue: Catalogue;
  readonly #source: SourceDouble;
  readonly #destination: DestinationDouble;
  readonly #probe: IntentProbe;
  readonly #network: SimulatedNetwork;
  readonly #trace: TraceLine[] = [];
  readonly #violations: Violation[] = [];
  readonly #deaths: string[] = [];
  /** Keys of creates that a person said were applied. */
  readonly #decided = new Set<string>();
  #runs = 0;

  constructor({ world, scene, person, stateFile }: Options) {
    this.#world = world;
    this.#scene = scene;
    this.#person = person;
    this.#stateFile = stateFile;
    this.#chance = seededChance(world.seed);
    this.#catalogue = catalogueOf(scene);
    const { path, lateWriteMs } = scene;
    const shared = { catalogue: this.#catalogue, wallMs: () => this.#clock.wallMs() };
    this.#source = new SourceDouble({ ...shared, config: scene.source, path, pageSize: world.pageSize });
    this.#destination = new DestinationDouble({
      ...shared,
      config: scene.destination,
      lateWriteMs,
      wording: scene.wording.destination,
    });
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
      limits: world.limits,
      wording: scene.wording,
      lateWriteMs,
      note: this.#note,
      onWrite: (number, keys) => {
        if (!keys.some((key) => this.#probe.has(key)))
          this.#breach(`K1: request ${number} left without a durable intent`);
      },
    });
  }

  async play(): Promise<Outcome> {
    let last: RunResult | undefined;
    let stuck: string | undefined;
    try {
      const endMs = await this.#edit();
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
    const ended = { source, destination, catalogue: this.#catalogue, decided: this.#decided, edits, last };
    for (const breach of [...this.#network.breaches, ...destination.breaches]) this.#breach(breach);
    if (stuck !== undefined) this.#violations.push({ kind: "TERMINATION", text: stuck });
    return {
      violations: [...this.#violations, ...(stuck === undefined ? violationsOf(ended) : [])],
      trace: this.#trace,
      requests: this.#network.requests,
      faults: this.#network.counts,
      limited: this.#network.limited,
      deaths: this.#deaths,
      runs: this.#runs,
      virtualMs: this.#clock.monotonicMs(),
      repeated: destination.repeated,
      needless: destination.needless,
    };
  }

  readonly #note = (text: string, about?: readonly string[]): void =>
    void this.#trace.push({ atMs: this.#clock.monotonicMs(), text, ...(about === undefined ? {} : { about }) });

  #breach(text: string): void {
    this.#violations.push({ kind: "BREACH", text });
  }

  /** Puts the first records in place and schedules the edits. Returns when the last of them can be seen. */
  async #edit(): Promise<number> {
    const epochMs = this.#clock.wallMs();
    const { versions, edits } = await recordsOf(this.#world, this.#scene, this.#catalogue, epochMs, this.#note);
    for (const version of versions) this.#source.put(version);
    for (const { seenMs, id, version } of edits)
      this.#clock.after(seenMs, () => {
        const about = this.#catalogue.versionsOf(id).map(({ key }) => key);
        this.#note(
          version === undefined ? `the source deletes ${id}` : `the source has ${JSON.stringify(version.record)}`,
          about,
        );
        if (version === undefined) this.#source.delete(id);
        else this.#source.put(version);
      });
    return Math.max(0, ...edits.map(({ seenMs }) => seenMs));
  }

  /** Nothing fails any more. What the last run came to. */
  async #calmDown(): Promise<RunResult | undefined> {
    this.#network.calm();
    this.#note("from here on nothing fails");
    let last: RunResult | undefined;
    const doubtMs = this.#scene.lateWriteMs + (this.#scene.destination.find?.visibilityLagMs ?? 0);
    for (let run = 0; run < CALM_RUNS_MAX && (run < 2 || last?.exitCode !== 0); run++) {
      await this.#clock.advance(Math.max(CALM_WAIT_MS, 2 * doubtMs));
      if (run === CALM_RUNS_ALONE) await this.#checkRejects();
      if (run >= CALM_RUNS_ALONE) {
        await this.#decide();
        await this.#process(BY_ITSELF, (evenkeel) => evenkeel.retryRejects(this.#scene.name));
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
    this.#note(`${name} begins`);
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
      if (ended.exitCode === 0) this.#destination.settle();
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
      loaded: this.#scene.loaded,
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
      if (event.type === "rejected" || event.type === "invalid") this.#say(event.type, event.reason, event.key);
      if (event.type === "held") this.#say(event.state, event.reason, event.key);
      if (event.type === "warning") this.#say(event.code, event.message);
    }
  }

  #say(what: string, why: string, key?: string): void {
    this.#note(`  ${key === undefined ? "" : `${key}: `}${what}: ${why}`, key === undefined ? undefined : [key]);
  }

  /** What stands as rejected was refused by the destination for what it is, or for no good reason by a fault. */
  async #checkRejects(): Promise<void> {
    if (this.#network.counts.has("denied")) return;
    const contents = new Map([...this.#source.records.values()].map(({ key, content }) => [key, content]));
    for await (const { key, reason } of this.#open(this.#mortal(undefined)).rejects(this.#scene.name)) {
      if (key !== undefined && contents.get(key)?.refused === false)
        this.#violations.push({
          kind: "REJECTED",
          text: `record ${key} counts as rejected, and nothing is wrong with it: ${reason}`,
          key,
        });
    }
  }

  /** K4: what no run can find out, a person says. */
  #decide(): Promise<void> {
    return decide({
      person: this.#person,
      evenkeel: this.#open(this.#mortal(undefined)),
      sync: this.#scene.name,
      items: this.#destination.items,
      note: this.#note,
      onStuck: (key) =>
        this.#violations.push({ kind: "STUCK", text: `whether record ${key} was written no run can find out`, key }),
      onApplied: (key) => this.#decided.add(key),
    });
  }
}

const OVERDUE = "the run does not end";

import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunResult } from "../evenkeel.ts";
import { seededChance } from "../testing/seeded-chance.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { unheldAt, violationsOf, type Ended } from "./checks.ts";
import type { Catalogue, Version } from "./catalogue.ts";
import { DestinationDouble } from "./destination-double.ts";
import { Processes, Stuck } from "./processes.ts";
import { intentProbe, type IntentProbe } from "./intent-probe.ts";
import { calmDown, type Calm } from "./calm.ts";
import { Planning } from "./planning.ts";
import type { Person } from "./person.ts";
import { simulatedNetwork, type SimulatedNetwork } from "./network.ts";
import { recordsOf } from "./source-records.ts";
import { catalogueOf, type Scene } from "./scene.ts";
import { ResultFaults } from "./result-faults.ts";
import { SourceDouble } from "./source-double.ts";
import { Strangers } from "./strangers.ts";
import type { Outcome, TraceLine, Violation, World } from "./world.ts";

/** Of more than so many records, and more than one in so many, the default guard would delete none. */
const NOTICED_MIN = 20;
const NOTICED_OF = 5;

/** A file system in memory, where a system has one: losing power is simulated, and need not wait for a disk. */
const MEMORY = "/dev/shm";

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

/** What the destination has before the first run, by the id that it has there. */
interface Held {
  readonly version: Version;
  readonly id: string;
}

class Simulation {
  readonly #world: World;
  readonly #scene: Scene;
  readonly #person: Person;
  readonly #stateFile: string;
  readonly #clock = new VirtualClock();
  readonly #catalogue: Catalogue;
  readonly #source: SourceDouble;
  readonly #destination: DestinationDouble;
  readonly #probe: IntentProbe;
  readonly #network: SimulatedNetwork;
  readonly #processes: Processes;
  readonly #trace: TraceLine[] = [];
  readonly #violations: Violation[] = [];
  /** Keys of creates that a person said were applied. */
  readonly #decided = new Set<string>();
  /** Keys of records that the source has not had at some time. */
  readonly #everGone = new Set<string>();
  readonly #strangers: Strangers;
  readonly #results: ResultFaults;
  readonly #planning: Planning;
  /** The exit code of a check in the end, where there are repairs. */
  #checked: number | undefined;
  /** A person has said that deletes may happen. */
  #mayDelete = false;

  constructor({ world, scene, person, stateFile }: Options) {
    this.#world = world;
    this.#scene = scene;
    this.#person = person;
    this.#stateFile = stateFile;
    const chance = seededChance(world.seed);
    this.#catalogue = catalogueOf(scene);
    const { path, nested, lateWriteMs } = scene;
    const shared = { catalogue: this.#catalogue, wallMs: () => this.#clock.wallMs() };
    const { pageSize, lapses } = world;
    const listed = { path, nested, pageSize, lapses, epochMs: this.#clock.wallMs(), isNoticed: this.#isNoticed };
    this.#source = new SourceDouble({ ...shared, ...listed, config: scene.source });
    this.#results = new ResultFaults(chance.fork("results"), world.tellsAllResults !== false);
    this.#destination = new DestinationDouble({
      ...shared,
      config: scene.destination,
      lateWriteMs,
      refers: scene.referenceOf === undefined,
      wording: scene.wording.destination,
      results: this.#results,
    });
    this.#strangers = new Strangers({ ...shared, scene, destination: this.#destination, note: this.#note });
    this.#probe = intentProbe(stateFile);
    this.#network = simulatedNetwork({
      clock: this.#clock,
      chance: chance.fork("network"),
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
      onWrite: (number, keys, isDelete) => {
        this.#planning.see(number, keys, isDelete);
        if (isDelete) this.#checkDelete(number, keys);
        if (!keys.some((key) => this.#probe.has(key) || this.#probe.has(this.#strangers.theirs(key))))
          this.#breach(`K1: request ${number} left without a durable intent`);
      },
    });
    this.#processes = new Processes({
      clock: this.#clock,
      chance,
      scene,
      network: this.#network,
      probe: this.#probe,
      stateFile,
      note: this.#note,
      onBreach: (text) => this.#breach(text),
      onLevel: () => this.#destination.doubts.settle(),
      onComplete: () => {
        this.#violations.push(...unheldAt(this.#probe.completeMs(), this.#probe.unfinished(), this.#ended(undefined)));
      },
      onRepaired: (startedMs, left) => {
        const compared = this.#source.shownSince(startedMs).filter(({ content }) => content.flaw !== "invalid");
        this.#strangers.mended(new Set(compared.map(({ key }) => key)).difference(left));
        const excused = this.#probe.unfinished().union(left);
        this.#violations.push(...unheldAt(startedMs, excused, this.#ended(undefined), false));
      },
    });
    this.#planning = new Planning({
      clock: this.#clock,
      processes: this.#processes,
      probe: this.#probe,
      destination: this.#destination,
      files: this.#processes.planFiles,
      isUpdateOnly: scene.sync.writes === "updateOnly",
      note: this.#note,
      onBreach: (text) => this.#breach(text),
    });
  }

  async play(): Promise<Outcome> {
    let last: RunResult | undefined;
    let stuck: string | undefined;
    try {
      const endMs = await this.#edit();
      for (const plan of this.#world.processes) {
        await this.#strangers.act(plan.drift ?? []);
        if (plan.does === "plan") await this.#planning.play(plan);
        else await this.#processes.run(plan);
        await this.#clock.advance((plan.crash?.downMs ?? 0) + plan.thenWaitMs);
      }
      await this.#clock.advance(Math.max(0, endMs - this.#clock.monotonicMs()) + 1);
      last = await calmDown(this.#calm());
      if (this.#repairs) this.#checked = await this.#processes.check();
    } catch (error) {
      stuck = error instanceof Stuck ? error.message : `the engine broke: ${String((error as Error).stack ?? error)}`;
    } finally {
      this.#probe.close();
    }
    const destination = this.#destination;
    for (const breach of [...this.#network.breaches, ...destination.breaches]) this.#breach(breach);
    if (stuck !== undefined) this.#violations.push({ kind: "TERMINATION", text: stuck });
    return {
      violations: [...this.#violations, ...(stuck === undefined ? violationsOf(this.#ended(last)) : [])],
      trace: this.#trace,
      requests: this.#network.requests,
      faults: this.#network.counts,
      limited: this.#network.limited,
      deaths: this.#processes.deaths,
      runs: this.#processes.runs,
      steps: this.#processes.steps,
      virtualMs: this.#clock.monotonicMs(),
      repeated: destination.repeated,
      needless: destination.needless,
    };
  }

  get #repairs(): boolean {
    return this.#world.processes.some(({ does }) => does === "repair");
  }

  #calm(): Calm {
    return {
      scene: this.#scene,
      person: this.#person,
      clock: this.#clock,
      network: this.#network,
      results: this.#results,
      strangers: this.#strangers,
      source: this.#source,
      destination: this.#destination,
      processes: this.#processes,
      decided: this.#decided,
      repairs: this.#repairs,
      completeMs: this.#probe.completeMs,
      note: this.#note,
      onViolation: (violation) => this.#violations.push(violation),
      onAllowed: () => (this.#mayDelete = true),
    };
  }

  #ended(last: RunResult | undefined): Ended {
    return {
      isDenied: this.#network.counts.has("denied"),
      strangers: this.#strangers,
      scene: this.#scene,
      source: this.#source,
      destination: this.#destination,
      catalogue: this.#catalogue,
      decided: this.#decided,
      edits: this.#world.edits,
      checked: this.#checked,
      last,
    };
  }

  readonly #note = (text: string, about?: readonly string[]): void =>
    void this.#trace.push({ atMs: this.#clock.monotonicMs(), text, ...(about === undefined ? {} : { about }) });

  /** What an engine must never delete. */
  /** D3: with a margin, since the ledger need not know yet of all that the destination has. */
  readonly #isNoticed = (isLeftOut: (id: number) => boolean): boolean => {
    const { items } = this.#destination;
    const leftOut = items.filter(({ version }) => isLeftOut(version.id)).length;
    return leftOut > NOTICED_MIN && leftOut * NOTICED_OF > items.length;
  };

  #checkDelete(number: number, keys: readonly string[]): void {
    const { guard, mode } = this.#scene.sync.deletes;
    const isForeign = keys.some((key) => this.#strangers.added.has(key));
    if (isForeign && mode !== "mirror")
      this.#breach(`D2: request ${number} deletes record ${keys.join(", ")}, which this ledger has not written`);
    if (!isForeign && !keys.some((key) => this.#everGone.has(key)))
      this.#breach(`D1: request ${number} deletes record ${keys.join(", ")}, which the source never ceased to have`);
    if (guard.count === 0 && guard.percent === 0 && !this.#mayDelete)
      this.#breach(`D3: request ${number} deletes record ${keys.join(", ")}, and the guard allows no deletes`);
  }

  #breach(text: string): void {
    this.#violations.push({ kind: "BREACH", text });
  }

  /** Puts the first records in place and schedules the edits. Returns when the source shows all that it has. */
  async #edit(): Promise<number> {
    const epochMs = this.#clock.wallMs();
    const records = await recordsOf(this.#world, this.#scene, this.#catalogue, epochMs, this.#note);
    const { versions, adopted, edits } = records;
    for (const version of versions) this.#source.put(version);
    const held: Held[] = [];
    for (const version of adopted) held.push({ version, id: await this.#hold(version) });
    if (held.length > 0 && this.#world.isFound !== true) await this.#adopt(held);
    for (const { seenMs, id, version, tombstone } of edits)
      this.#clock.after(seenMs, () => {
        const about = this.#catalogue.versionsOf(id).map(({ key }) => key);
        this.#note(
          version === undefined ? `the source deletes ${id}` : `the source has ${JSON.stringify(version.record)}`,
          about,
        );
        if (version === undefined) for (const key of about) this.#everGone.add(key);
        if (version === undefined) this.#source.delete(id, tombstone);
        else this.#source.put(version);
      });
    return Math.max(0, ...edits.map(({ seenMs }) => seenMs), ...this.#world.lapses.map(({ toMs }) => toMs));
  }

  /** Somebody else has put it into the destination. */
  async #hold(version: Version): Promise<string> {
    const how = this.#world.isFound === true ? "" : ", and it is adopted";
    this.#note(`the destination has ${JSON.stringify(version.mapped)} already${how}`, [version.key]);
    return this.#destination.hold(version);
  }

  /** A person has found out which records the destination has already, and says so in a file. */
  async #adopt(held: readonly Held[]): Promise<void> {
    const lines = held.map(({ version: { key, address }, id }) =>
      JSON.stringify(address === undefined ? { key, id } : { key, address }),
    );
    const file = `${this.#stateFile}.keys`;
    writeFileSync(file, lines.join("\n"));
    await this.#processes.open().importKeys(this.#scene.name, file);
  }
}

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkConfig, documentOf } from "../config/load.ts";
import { openEvenkeel } from "../opened.ts";
import type { Evenkeel, Run, RunResult } from "../evenkeel.ts";
import { seededChance } from "../testing/seeded-chance.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { violationsOf } from "./checks.ts";
import { DestinationDouble, type Item } from "./destination-double.ts";
import { intentProbe } from "./intent-probe.ts";
import { mortalProcess, type MortalProcess } from "./mortal-process.ts";
import { simulatedNetwork } from "./network.ts";
import { configOf } from "./shape.ts";
import { SourceDouble } from "./source-double.ts";
import type { Outcome, World } from "./world.ts";

/** Runs after the last fault in which everything must come level. */
const CALM_RUNS_MAX = 8;

/** After so many of them, a person decides what is left unknown. */
const CALM_RUNS_ALONE = 3;

/** Between calm runs: longer than any late write, visibility lag, wait or retention is in doubt. */
const CALM_WAIT_MS = 600_000;

/** A run that is not at its end after so much time of the world does not end. */
const RUN_MAX_MS = 48 * 3_600_000;

/** A file system in memory, where a system has one: losing power is simulated, and need not wait for a disk. */
const MEMORY = "/dev/shm";

/** The world's beginning; the source's first records are older. */
const FIRST_EDIT_MS = -86_400_000;

/** Plays a world from its beginning to its end, on the production pipeline, and says what did not hold. */
export async function simulate(world: World): Promise<Outcome> {
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), "evenkeel-sim-"));
  try {
    return await play(world, join(folder, "state.db"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function play(world: World, stateFile: string): Promise<Outcome> {
  const { shape, seed } = world;
  const clock = new VirtualClock();
  const chance = seededChance(seed);
  const trace: string[] = [];
  const note = (text: string): void => void trace.push(`${clock.monotonicMs().toFixed(0)} ${text}`);
  const source = new SourceDouble(shape.source, () => clock.wallMs());
  const destination = new DestinationDouble(shape.destination, () => clock.wallMs());
  const probe = intentProbe(stateFile);
  const breaches: string[] = [];
  const network = simulatedNetwork({
    clock,
    chance: chance.fork("network"),
    source,
    destination,
    faults: new Set(world.faults),
    rate: world.faultRate,
    faultsMax: world.faultsMax,
    lateWriteMs: shape.destination.lateWriteMs,
    note,
    onWrite({ number, body }) {
      const { ref } = JSON.parse(body ?? "{}") as { ref?: number };
      if (!probe.has(String(ref))) breaches.push(`K1: request ${number} left without a durable intent`);
    },
  });
  const edits = editsOf(world, source, clock, note);
  const loaded = checkConfig(documentOf(configOf(shape), "evenkeel.config.ts"), {
    file: "evenkeel.config.ts",
    env: {},
  });
  const deaths: string[] = [];
  const decided = new Set<string>();
  let runs = 0;

  /** Starts a process and lets it run the syncs. Undefined when it died. */
  const process = async ({
    crash,
    fullRefresh,
  }: Pick<World["processes"][number], "crash" | "fullRefresh">): Promise<RunResult | undefined> => {
    runs += 1;
    note(`run ${runs}${crash === undefined ? "" : `, to die ${JSON.stringify(crash)}`}`);
    const mortal = mortalProcess({ clock, network, stateFile, crash, note, onFlush: probe.look });
    const evenkeel = opened(mortal);
    const startedMs = clock.monotonicMs();
    const run = evenkeel.run({ fullRefresh });
    void tell(run, note);
    const ended = await clock.drive(
      Promise.race([run.result, mortal.death, clock.sleep(RUN_MAX_MS).then(() => "the run does not end" as const)]),
    );
    if (typeof ended !== "string") {
      mortal.end();
      for (const { status, error } of ended.syncs)
        note(`run ${runs} is ${status}${error === undefined ? "" : `: ${error.message}`}`);
      return ended;
    }
    if (clock.monotonicMs() - startedMs >= RUN_MAX_MS) throw new Stuck(ended);
    deaths.push(ended);
    probe.close();
    await mortal.bury();
    probe.look();
    return undefined;
  };

  const opened = (mortal: MortalProcess): Evenkeel =>
    openEvenkeel({
      loaded,
      configFile: undefined,
      stateFile,
      clock: mortal.clock,
      chance: chance.fork(`process ${runs}`),
      network: mortal.network,
      ledgers: mortal.ledgers,
    });

  /** K4: what no run can find out, a person looks up in the destination and says. */
  const decide = async (): Promise<void> => {
    const evenkeel = opened(mortalProcess({ clock, network, stateFile, crash: undefined, note, onFlush: probe.look }));
    const unknown = async (): Promise<readonly string[]> => (await evenkeel.status())[0]?.unknownKeys ?? [];
    // They are shown a few at a time.
    for (let keys = await unknown(), key = keys[0]; key !== undefined; keys = await unknown(), key = keys[0]) {
      const item = destination.items.find(({ ref }) => String(ref) === key);
      const isThere = item !== undefined && (await isHeld(evenkeel, key, item));
      note(`a person says that the write of ${key} was ${isThere ? "" : "not "}applied`);
      if (isThere) decided.add(key);
      await evenkeel.unblock({ sync: "records", key, decide: isThere ? "applied" : "resend" });
    }
  };

  let last: RunResult | undefined;
  let stuck: string | undefined;
  try {
    for (const each of world.processes) {
      await process(each);
      await clock.advance(each.crash?.downMs ?? 0);
      await clock.advance(each.thenWaitMs);
    }
    await clock.advance(Math.max(0, edits.endMs - clock.monotonicMs()) + 1);
    network.calm();
    note("calm");
    for (let calm = 0; calm < CALM_RUNS_MAX && (calm < 2 || last?.exitCode !== 0); calm++) {
      await clock.advance(CALM_WAIT_MS);
      if (calm >= CALM_RUNS_ALONE) await decide();
      last = await process({ crash: undefined, fullRefresh: false });
    }
  } catch (error) {
    stuck =
      error instanceof Stuck
        ? error.message
        : `the engine broke: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  } finally {
    probe.close();
  }
  return {
    violations: [
      ...(stuck === undefined ? [] : [`TERMINATION: ${stuck}`]),
      ...[...breaches, ...network.breaches, ...destination.breaches].map((breach) => `BREACH: ${breach}`),
      ...(stuck === undefined ? violationsOf({ source, destination, decided, last }) : []),
    ],
    trace,
    requests: network.requests,
    faults: network.counts,
    deaths,
    runs,
    virtualMs: clock.monotonicMs(),
  };
}

/** Whether the destination holds what the operation in doubt was to write. */
async function isHeld(evenkeel: Evenkeel, key: string, { name, edit }: Item): Promise<boolean> {
  const wanted = (await evenkeel.explain("records", key)).operation?.stored?.mapped;
  return wanted?.["name"] === name && wanted["edit"] === edit;
}

class Stuck extends Error {}

/** What the engine says of single records goes into the trace. */
async function tell(run: Run, note: (text: string) => void): Promise<void> {
  for await (const event of run) {
    if (event.type === "rejected" || event.type === "held" || event.type === "warning" || event.type === "invalid")
      note(`  says ${JSON.stringify({ ...event, atMs: undefined, sync: undefined })}`);
  }
}

/** Puts the first records in place and schedules the edits. */
function editsOf(
  { records, edits }: World,
  source: SourceDouble,
  clock: VirtualClock,
  note: (text: string) => void,
): { readonly endMs: number } {
  const epochMs = clock.wallMs();
  for (let id = 1; id <= records; id++)
    source.put(id, { name: `record ${id}`, edit: 0 }, epochMs + FIRST_EDIT_MS + id * 1_000);
  let endMs = 0;
  for (const { atMs, id, content, lagMs } of edits) {
    const stampedMs = epochMs + atMs;
    endMs = Math.max(endMs, atMs + lagMs);
    clock.after(atMs + lagMs, () => {
      note(`edit ${id}: ${content === undefined ? "deleted" : JSON.stringify(content)}`);
      source.put(id, content, stampedMs);
    });
  }
  return { endMs };
}

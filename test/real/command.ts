import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunEvent } from "../../src/core/events.ts";

export interface Finished {
  readonly code: number | null;
  readonly events: readonly RunEvent[];
  readonly stderr: string;
}

const cli = fileURLToPath(new URL("../../src/cli/evenkeel.ts", import.meta.url));

/** A state file in a folder of its own. */
export function temporaryState(): { readonly file: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-real-"));
  return { file: join(folder, "state.db"), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Runs `evenkeel run SYNC --json`, or another command, as a user would, in a process of its own. */
export async function run(options: {
  readonly config: string;
  /** Undefined for a command that takes none. */
  readonly sync: string | undefined;
  readonly state: string;
  readonly env: Readonly<Record<string, string>>;
  /** With its options; `run` when absent. */
  readonly command?: readonly [string, ...string[]];
}): Promise<Finished> {
  const config = fileURLToPath(new URL(options.config, import.meta.url));
  const [command, ...flags] = options.command ?? ["run"];
  const sync = options.sync === undefined ? [] : [options.sync];
  const args = [cli, command, ...sync, ...flags, "--config", config, "--state", options.state, "--json"];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const events = stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as RunEvent);
  return { code, events, stderr };
}

/** The last event of a kind. */
export function last<Type extends RunEvent["type"]>(
  finished: Finished,
  type: Type,
): Extract<RunEvent, { readonly type: Type }> {
  const found = finished.events.findLast((event) => event.type === type);
  if (found === undefined) throw new Error(`no ${type} among ${finished.events.length} events\n${finished.stderr}`);
  return found as Extract<RunEvent, { readonly type: Type }>;
}

/**
 * Loaded before the built command by tests alone: kills the process with SIGKILL at a durable step, named by EVENKEEL_TEST_POINT, such as
 * `within settle 2`: the second time that the ledger's `settle` is in its transaction.
 */
import { registerHooks } from "node:module";
import process from "node:process";

const [moment, method, number] = (process.env["EVENKEEL_TEST_POINT"] ?? "").split(" ");
let times = 0;

Object.assign(globalThis, {
  evenkeelTestPoint(nowMoment: string, nowMethod: string): void {
    if (nowMoment !== moment || nowMethod !== method) return;
    times += 1;
    if (times === Number(number)) process.kill(process.pid, "SIGKILL");
  },
});

/** Where the ledger's writing method passes each moment. */
const POINTS: readonly (readonly [text: string, withPoint: string])[] = [
  ["const write = async (method, work) => {", 'globalThis.evenkeelTestPoint("before", method);'],
  ["point.pass(method);", 'globalThis.evenkeelTestPoint("within", method);'],
  ["await database.flushed();\n        return result;", ""],
];

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (!url.endsWith("/dist/sqlite/sync-ledger.js")) return loaded;
    let source = Buffer.from(loaded.source as Uint8Array).toString();
    for (const [text, point] of POINTS) {
      if (!source.includes(text)) throw new Error(`sync-ledger.js has no \`${text}\` any more`);
      source = source.replace(text, point === "" ? AROUND_FLUSH : `${text}\n${point}`);
    }
    return { ...loaded, source };
  },
});

const AROUND_FLUSH = `globalThis.evenkeelTestPoint("unflushed", method);
        await database.flushed();
        globalThis.evenkeelTestPoint("after", method);
        return result;`;

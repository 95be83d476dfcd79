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

/** Where the ledger's writing method passes each moment, in this order. */
const WRITE = /const write = async \(method, \w+\) => \{/;
const POINTS: readonly (readonly [place: RegExp, withPoint: string])[] = [
  [WRITE, '$&\nglobalThis.evenkeelTestPoint("before", method);'],
  [/\bpoint\.pass\(method\);/, '$&\nglobalThis.evenkeelTestPoint("within", method);'],
  [
    /await (\w+)\.flushed\(\);\s+return result;/,
    `globalThis.evenkeelTestPoint("unflushed", method);
     await $1.flushed();
     globalThis.evenkeelTestPoint("after", method);
     return result;`,
  ],
];

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (!url.includes("/dist/")) return loaded;
    const source = Buffer.from(loaded.source as Uint8Array).toString();
    const at = source.search(WRITE);
    if (at < 0) return loaded;
    let rest = source.slice(at);
    for (const [place, withPoint] of POINTS) {
      if (!place.test(rest)) throw new Error(`${url} has no ${String(place)} any more`);
      rest = rest.replace(place, withPoint);
    }
    return { ...loaded, source: source.slice(0, at) + rest };
  },
});

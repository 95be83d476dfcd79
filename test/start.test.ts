import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { top } from "./files.ts";

const addressOf = (...path: readonly string[]): string => pathToFileURL(join(top, ...path)).href;
const LIBRARY = addressOf("src", "library.ts");
const NETWORK = addressOf("src", "runtime", "network.ts");

/** Prints what was loaded with the library and a network: modules of packages and of ours by their address, Node's own by their name. */
const PROGRAM = `
import { registerHooks } from "node:module";
const loaded = [];
registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
await import(${JSON.stringify(LIBRARY)});
const { systemNetwork } = await import(${JSON.stringify(NETWORK)});
await systemNetwork({ connectMs: 1_000 }).close();
console.log([...loaded, ...process.moduleLoadList].join("\\n"));
`;

test("what opens a config and connects loads neither fetch, Node's or undici's, nor what single commands need", () => {
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", PROGRAM], {
    encoding: "utf8",
  });
  const loaded = stdout.split("\n");
  assert.ok(loaded.includes(LIBRARY) && loaded.some((name) => name.endsWith("undici/lib/dispatcher/agent.js")), stderr);
  const needless =
    /internal\/deps\/undici\/undici$|node_modules\/undici\/(?:index\.js|lib\/web\/fetch\/)|node_modules\/jose\/|src\/draft\.ts$|src\/simulation\/rehearsal\.ts$/;
  assert.deepEqual(
    loaded.filter((name) => needless.test(name)),
    [],
  );
});

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { top } from "./files.ts";

const LIBRARY = pathToFileURL(join(top, "src", "library.ts")).href;

/** Prints what was loaded with the library: modules of packages and of ours by their address, Node's own by their name. */
const PROGRAM = `
import { registerHooks } from "node:module";
const loaded = [];
registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
await import(${JSON.stringify(LIBRARY)});
console.log([...loaded, ...process.moduleLoadList].join("\\n"));
`;

test("what opens a config loads neither Node's fetch nor what single commands need", () => {
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", PROGRAM], {
    encoding: "utf8",
  });
  const loaded = stdout.split("\n");
  assert.ok(loaded.includes(LIBRARY) && loaded.some((name) => name.endsWith("NativeModule http")), stderr);
  const needless =
    /internal\/deps\/undici\/undici$|node_modules\/jose\/|src\/draft\.ts$|src\/simulation\/rehearsal\.ts$/;
  assert.deepEqual(
    loaded.filter((name) => needless.test(name)),
    [],
  );
});

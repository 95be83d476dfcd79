import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { withReference } from "./config-reference.ts";
import { configTypes } from "./config-types.ts";

/** Makes what follows from the config's schema anew: the reference in docs/config.md and the types of TypeScript configs. */

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

writeFileSync(at("docs/config.md"), withReference(readFileSync(at("docs/config.md"), "utf8")));
writeFileSync(at("src/config/config-input.ts"), configTypes());
const { status } = spawnSync(at("node_modules/.bin/oxfmt"), ["src/config/config-input.ts"], {
  cwd: at("."),
  stdio: "inherit",
});
process.exitCode = status ?? 1;

import { spawnSync } from "node:child_process";
import { chmodSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Builds dist/ afresh: JavaScript and declarations from src/ without its tests. */

const top = fileURLToPath(new URL("..", import.meta.url));
const dist = join(top, "dist");
rmSync(dist, { recursive: true, force: true });

const typescript = dirname(createRequire(import.meta.url).resolve("typescript/package.json"));
const { status } = spawnSync(process.execPath, [join(typescript, "bin", "tsc"), "-p", "tsconfig.build.json"], {
  cwd: top,
  stdio: "inherit",
});
if (status === 0) chmodSync(join(dist, "cli", "evenkeel.js"), 0o755);
else process.exitCode = 1;

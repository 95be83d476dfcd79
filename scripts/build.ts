import { spawnSync } from "node:child_process";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { jsonSchema } from "../src/config/json-schema.ts";

/**
 * `node scripts/build.ts [FOLDER]` builds dist/, or another folder, afresh: JavaScript and declarations from src/ without its tests, and the
 * JSON Schema of the config. The JavaScript is in few files, since a command loads each of them anew (docs/decisions/0022-few-files.md).
 */

const top = fileURLToPath(new URL("..", import.meta.url));
const dist = resolve(top, process.argv[2] ?? "dist");
rmSync(dist, { recursive: true, force: true });

const tsc = join(top, "node_modules", "typescript", "bin", "tsc");
const { status } = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", dist], {
  cwd: top,
  stdio: "inherit",
});
if (status === 0) {
  await build({
    absWorkingDir: top,
    entryPoints: ["src/index.ts", "src/testing/index.ts", "src/cli/evenkeel.ts"],
    outdir: dist,
    outbase: "src",
    chunkNames: "chunks/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node24",
    packages: "external",
    charset: "utf8",
    logLevel: "warning",
  });
  chmodSync(join(dist, "cli", "evenkeel.js"), 0o755);
  writeFileSync(join(dist, "schema.json"), `${JSON.stringify(jsonSchema(), undefined, 2)}\n`);
} else {
  process.exitCode = 1;
}

import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Builds dist/ afresh: JavaScript and declarations from src/ without its tests, and the JSON Schema of the config. */

const top = fileURLToPath(new URL("..", import.meta.url));
const dist = join(top, "dist");
rmSync(dist, { recursive: true, force: true });

const tsc = join(top, "node_modules", "typescript", "bin", "tsc");
const { status } = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], { cwd: top, stdio: "inherit" });
if (status === 0) {
  chmodSync(join(dist, "cli", "evenkeel.js"), 0o755);
  await writeSchema(join(dist, "config", "json-schema.js"));
} else {
  process.exitCode = 1;
}

async function writeSchema(generator: string): Promise<void> {
  if (!existsSync(generator)) return;
  const { jsonSchema } = (await import(pathToFileURL(generator).href)) as { jsonSchema: () => object };
  writeFileSync(join(dist, "schema.json"), `${JSON.stringify(jsonSchema(), undefined, 2)}\n`);
}

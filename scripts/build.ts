import { spawnSync } from "node:child_process";
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { jsonSchema } from "../src/config/json-schema.ts";

/**
 * `node scripts/build.ts [FOLDER]` builds dist/, or another folder, afresh: JavaScript and declarations from src/ without its tests, the JSON
 * Schema of the config, and the licences of what is bundled. The JavaScript is in few files, since a command loads each of them anew, and holds
 * every package that is not among the dependencies (docs/decisions/0022-few-files.md).
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
  const { metafile } = await build({
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
    external: Object.keys(manifestOf("package.json").dependencies),
    // For packages in CommonJS that ask for a module of Node.
    banner: {
      js: `import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);`,
    },
    metafile: true,
    charset: "utf8",
    logLevel: "warning",
  });
  writeFileSync(join(dist, "licenses.txt"), licencesOf(Object.keys(metafile.inputs)));
  chmodSync(join(dist, "cli", "evenkeel.js"), 0o755);
  writeFileSync(join(dist, "schema.json"), `${JSON.stringify(jsonSchema(), undefined, 2)}\n`);
} else {
  process.exitCode = 1;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

function manifestOf(path: string): Manifest {
  return JSON.parse(readFileSync(join(top, path), "utf8")) as Manifest;
}

/** Of the packages that these modules are from. */
function licencesOf(modules: readonly string[]): string {
  const packages = new Set(modules.flatMap((path) => /^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []));
  const licences = [...packages].toSorted().map((path) => {
    const file = readdirSync(join(top, path)).find((name) => /^licen[cs]e/i.test(name));
    if (file === undefined) throw new Error(`${path} has no licence to be passed on.`);
    const { name, version } = manifestOf(join(path, "package.json"));
    return `${name} ${version}\n\n${readFileSync(join(top, path, file), "utf8").trim()}\n`;
  });
  return `Evenkeel bundles these packages, under their licences.\n\n${licences.join(`\n${"-".repeat(72)}\n\n`)}`;
}

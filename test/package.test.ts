import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { after, before, suite, test } from "node:test";
import { json, startApi } from "./e2e/harness.ts";
import { top } from "./files.ts";

/** The package as npm would publish it, installed into an empty folder as a user would. */

interface Output {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(file: string, args: readonly string[], options: { cwd: string; shell?: boolean }): Output {
  return spawnSync(file, args, { encoding: "utf8", ...options });
}

/** Under `npm run` this is the same npm, started without a shell; else the one on the PATH. */
function npm(args: readonly string[], cwd: string): Output {
  const script = process.env["npm_execpath"];
  if (script?.endsWith(".js")) return run(process.execPath, [script, ...args], { cwd });
  return run("npm", args, { cwd, shell: process.platform === "win32" });
}

function succeeded(output: Output): Output {
  assert.equal(output.status, 0, `${output.stdout}\n${output.stderr}`);
  return output;
}

const nodeModule = (...path: string[]): string => join(top, "node_modules", ...path);

const version = (JSON.parse(readFileSync(join(top, "package.json"), "utf8")) as { version: string }).version;

const folder = mkdtempSync(join(tmpdir(), "evenkeel-package-"));
const project = join(folder, "project");
const tarball = join(folder, `evenkeel-${version}.tgz`);
const installed = join(project, "node_modules", "evenkeel");
const bin = join(installed, "dist", "cli", "evenkeel.js");

after(() => rmSync(folder, { recursive: true, force: true }));

suite("the package", () => {
  let packed: readonly string[] = [];

  before(() => {
    const output = succeeded(npm(["pack", "--json", "--pack-destination", folder], top));
    // The build's own lines come first.
    const report = JSON.parse(output.stdout.slice(output.stdout.search(/^[[{]/m))) as unknown;
    const [entry] = Object.values(report as object) as [{ files: { path: string }[] }];
    packed = entry.files.map(({ path }) => path);
    mkdirSync(project);
    writeFileSync(join(project, "package.json"), JSON.stringify({ name: "project", private: true, type: "module" }));
    succeeded(npm(["install", "--prefer-offline", "--no-audit", "--no-fund", tarball], project));
  });

  test("has what a user needs and nothing else", () => {
    for (const path of [
      "README.md",
      "LICENSE",
      "CHANGELOG.md",
      "SECURITY.md",
      "dist/schema.json",
      "dist/licenses.txt",
    ]) {
      assert.ok(packed.includes(path), `${path} is missing`);
    }
    const allowed =
      /^(dist\/.*\.(js|d\.ts)|dist\/(schema\.json|licenses\.txt)|docs\/.*|examples\/.*\.(yaml|ts|md)|package\.json|(README|CHANGELOG|SECURITY)\.md|LICENSE)$/;
    assert.deepEqual(
      packed.filter((path) => !allowed.test(path) || path.includes(".test.")),
      [],
    );
  });

  test("brings undici alone, and passes on the licences of what it bundles", () => {
    const names = readdirSync(join(project, "node_modules")).filter((name) => !name.startsWith("."));
    assert.deepEqual(names, ["evenkeel", "undici"]);
    const licences = readFileSync(join(installed, "dist", "licenses.txt"), "utf8");
    for (const name of ["commander", "jsonata", "yaml", "zod"])
      assert.match(licences, new RegExp(`^${name} [\\d.]+$`, "m"));
  });

  test("installs the command, which knows its version and its commands", () => {
    const command = (arg: string): Output => succeeded(npm(["exec", "--offline", "--", "evenkeel", arg], project));
    assert.equal(command("--version").stdout.trim(), version);
    const help = command("--help").stdout;
    for (const name of ["demo", "init", "validate", "plan", "run", "status", "rejects", "explain", "state"]) {
      assert.match(help, new RegExp(`^ +${name}\\b`, "m"));
    }
  });

  test("publint finds nothing", () => {
    succeeded(run(process.execPath, [nodeModule("publint", "src/cli.js"), "run", tarball, "--strict"], { cwd: top }));
  });

  test("its types are right for ESM", () => {
    const attw = nodeModule("@arethetypeswrong/cli", "dist/index.js");
    const args = [
      attw,
      tarball,
      "--profile",
      "esm-only",
      "--no-definitely-typed",
      "--exclude-entrypoints",
      "./schema.json",
    ];
    succeeded(run(process.execPath, args, { cwd: top }));
  });

  test("a strict TypeScript project can use it, with its declarations checked", () => {
    writeFileSync(
      join(project, "program.ts"),
      `
import { defineConfig, open, type RunResult } from "evenkeel";
import * as testing from "evenkeel/testing";

export const config = defineConfig({
  connections: { a: { baseUrl: "https://a.example" }, b: { baseUrl: "https://b.example" } },
  syncs: {
    things: {
      source: { connection: "a", request: "GET /things", records: "data", key: "id", pagination: { type: "none" } },
      destination: { connection: "b", upsert: "PUT /things/{id}" },
    },
  },
});

export async function sync(): Promise<RunResult> {
  const evenkeel = await open({ config });
  try {
    return await evenkeel.run().result;
  } finally {
    await evenkeel.close();
  }
}

export const names: readonly string[] = Object.keys(testing);
`,
    );
    writeFileSync(
      join(project, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          exactOptionalPropertyTypes: true,
          noEmit: true,
          module: "nodenext",
          target: "es2024",
          lib: ["esnext"],
          types: ["node"],
          typeRoots: [join(top, "node_modules", "@types")],
          skipLibCheck: false,
        },
        files: ["program.ts"],
      }),
    );
    succeeded(run(process.execPath, [nodeModule("typescript", "bin/tsc"), "-p", "."], { cwd: project }));
  });

  test("the library's example runs as it is, and again without a write", async () => {
    const products = [1, 2, 3].map((id) => ({ id, title: `big box ${id}` }));
    const api = await startApi((request, body, response) => {
      if (request.method === "GET") return json(response, 200, { data: products, meta: { next_cursor: null } });
      const { sku } = JSON.parse(body) as { sku: number };
      return sku === 2 ? json(response, 422, { message: "no box of this size" }) : json(response, 200, {});
    });
    writeFileSync(join(project, "nightly.ts"), readFileSync(join(top, "examples", "nightly.ts")));
    const env = { ...process.env, STORE_URL: api.url, SHOP_URL: api.url, SHOP_KEY: "secret-key" };
    const ran = async (): Promise<readonly unknown[]> => {
      const child = spawn(process.execPath, ["nightly.ts"], { cwd: project, env });
      const [out, err] = await Promise.all([child.stdout, child.stderr].map((stream) => text(stream)));
      return [child.exitCode ?? (await once(child, "exit"))[0], out, err];
    };
    try {
      const refused = "2 was refused: 422 Unprocessable Entity: no box of this size\n";
      assert.deepEqual(await ran(), [1, "products: incomplete, 2 created, 0 updated, 0 unchanged\n", refused]);
      assert.deepEqual(
        api.requests.flatMap(({ method, body }) => (method === "PUT" ? [body] : [])).toSorted(),
        products.map(({ id, title }) => JSON.stringify({ sku: id, name: title, initials: `BB${id}` })),
      );
      assert.deepEqual(await ran(), [1, "products: incomplete, 0 created, 0 updated, 2 unchanged\n", ""]);
    } finally {
      await api.stop();
    }
  });

  suite("on a Node that is too old", () => {
    function refuses(output: Output, seen: string): void {
      assert.equal(output.status, 2);
      assert.equal(output.stdout, "");
      assert.match(output.stderr, /^Evenkeel needs Node 24 or newer; this is v[^\n]+\n$/);
      assert.ok(output.stderr.includes(seen), output.stderr);
    }

    test("the command says so in one line and ends with 2", () => {
      const pretend = "data:text/javascript,Object.defineProperty(process,'versions',{value:{node:'20.20.2'}})";
      refuses(run(process.execPath, ["--import", pretend, bin, "--version"], { cwd: project }), "v20.20.2");
    });

    test("and each older Node of this machine can read that much", () => {
      for (const { file, version: older } of olderNodes()) {
        refuses(run(file, [bin, "--version"], { cwd: project }), older);
      }
    });
  });
});

/** The Nodes on the PATH that are too old; none on many machines. */
function olderNodes(): { readonly file: string; readonly version: string }[] {
  const name = process.platform === "win32" ? "node.exe" : "node";
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((path) => join(path, name))
    .filter((file) => existsSync(file))
    .map((file) => ({ file, version: run(file, ["--version"], { cwd: top }).stdout.trim() }))
    .filter(({ version: found }) => /^v\d+\./.test(found) && Number.parseInt(found.slice(1), 10) < 24);
}

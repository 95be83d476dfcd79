import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, suite, test } from "node:test";
import { top } from "./files.ts";

/** That each rule of .oxlintrc.json bites: a small file that breaks it, where it must not be broken. */

interface Breach {
  readonly rule: string;
  readonly path: string;
  readonly code: string;
}

const use = (name: string): string => `\nexport const used: unknown = ${name};\n`;

const imports = (path: string, specifier: string): Breach => ({
  rule: "no-restricted-imports",
  path: `src/${path}`,
  code: `import { thing } from "${specifier}";${use("thing")}`,
});

const hidden = (rule: string, expression: string): Breach => ({
  rule,
  path: `src/core/${expression.replace(/\W+/g, "-").toLowerCase()}.ts`,
  code: use(expression),
});

const breaches: readonly Breach[] = [
  // The layers.
  imports("core/a.ts", "../http/x.ts"),
  imports("core/b.ts", "../pipeline/x.ts"),
  imports("core/c.ts", "undici"),
  imports("core/d.ts", "node:fs"),
  imports("core/e.ts", "node:crypto"),
  {
    rule: "no-restricted-imports",
    path: "src/core/fingerprint.ts",
    code: `import { randomUUID } from "node:crypto";${use("randomUUID")}`,
  },
  imports("pipeline/a.ts", "../http/x.ts"),
  imports("pipeline/b.ts", "../sqlite/x.ts"),
  imports("pipeline/c.ts", "undici"),
  imports("pipeline/d.ts", "node:fs"),
  imports("http/a.ts", "../sqlite/x.ts"),
  imports("http/b.ts", "../pipeline/x.ts"),
  imports("http/c.ts", "../runtime/x.ts"),
  imports("http/auth/d.ts", "../../sqlite/x.ts"),
  imports("http/auth/e.ts", "../../config/x.ts"),
  imports("sqlite/a.ts", "../http/x.ts"),
  imports("sqlite/b.ts", "../config/x.ts"),
  imports("config/a.ts", "../cli/x.ts"),
  imports("config/b.ts", "../testing/x.ts"),
  imports("runtime/a.ts", "../http/x.ts"),
  imports("testing/a.ts", "../cli/x.ts"),
  imports("testing/b.ts", "../config/x.ts"),
  imports("simulation/a.ts", "../cli/x.ts"),
  imports("library-a.ts", "./cli/x.ts"),
  imports("library-b.ts", "./testing/x.ts"),
  {
    rule: "import(no-cycle)",
    path: "src/core/cycle-a.ts",
    code: `import { b } from "./cycle-b.ts";\nexport const a = (): unknown => b;\n`,
  },
  {
    rule: "import(no-cycle)",
    path: "src/core/cycle-b.ts",
    code: `import { a } from "./cycle-a.ts";\nexport const b = (): unknown => a;\n`,
  },
  // Time, chance and the process.
  hidden("no-restricted-properties", "Date.now()"),
  hidden("no-restricted-properties", "Math.random()"),
  hidden("no-restricted-properties", "crypto.randomUUID()"),
  hidden("no-restricted-properties", "AbortSignal.timeout(1)"),
  hidden("no-restricted-globals", "performance.now()"),
  hidden("no-restricted-globals", "setTimeout"),
  hidden("no-restricted-globals", "setInterval"),
  hidden("no-restricted-globals", "setImmediate"),
  hidden("no-restricted-globals", "globalThis.setTimeout"),
  hidden("no-restricted-globals", "process.env"),
  hidden("no-restricted-globals", "fetch"),
  imports("http/timers.ts", "node:timers/promises"),
  imports("sqlite/process.ts", "node:process"),
  imports("config/hooks.ts", "node:perf_hooks"),
  {
    rule: "no-restricted-imports",
    path: "src/http/uuid.ts",
    code: `import { randomUUID } from "node:crypto";${use("randomUUID")}`,
  },
  // Types.
  {
    rule: "typescript(no-floating-promises)",
    path: "src/core/floating.ts",
    code: "const later = async (): Promise<void> => {};\nlater();\nexport {};\n",
  },
  {
    rule: "typescript(no-misused-promises)",
    path: "src/core/misused.ts",
    code: "const later = async (): Promise<boolean> => true;\nexport const used: unknown = later() ? 1 : 2;\n",
  },
  {
    rule: "typescript(switch-exhaustiveness-check)",
    path: "src/core/exhaustive.ts",
    code: 'export function pick(kind: "a" | "b"): number {\n  switch (kind) {\n    case "a":\n      return 1;\n  }\n  return 2;\n}\n',
  },
  { rule: "typescript(no-explicit-any)", path: "src/core/any.ts", code: "export const used: any = 1;\n" },
  {
    rule: "typescript(consistent-type-imports)",
    path: "src/core/type-import.ts",
    code: 'import { Good } from "./good.ts";\nexport const used: Good = 1;\n',
  },
  { rule: "typescript(only-throw-error)", path: "src/core/throw.ts", code: 'throw "text";\n' },
  { rule: "typescript(no-namespace)", path: "src/core/namespace.ts", code: "export namespace Inner {}\n" },
  // What is left open, and the shape of files.
  { rule: "max-lines", path: "src/core/long.ts", code: `${"export {};\n".repeat(301)}` },
  { rule: "no-warning-comments", path: "src/core/later.ts", code: "// TODO: later\nexport {};\n" },
  { rule: "no-console", path: "src/http/console.ts", code: 'console.log("x");\nexport {};\n' },
  { rule: "import(no-default-export)", path: "src/core/default.ts", code: "export default 1;\n" },
  { rule: "no-unused-vars", path: "src/core/unused.ts", code: "const unused = 1;\nexport {};\n" },
];

/** What breaks no rule: each would, somewhere else. */
const permitted: Readonly<Record<string, string>> = {
  "src/core/good.ts": "export type Good = number;\n",
  "src/pipeline/good.ts": `import type { Good } from "../core/good.ts";\nexport const used: Good = 1;\n`,
  "src/http/good.ts": `import type { Good } from "../core/good.ts";\nimport { request } from "undici";\nexport const used: [Good, unknown] = [1, request];\n`,
  "src/http/auth/good.ts": `import type { Good } from "../../core/good.ts";\nimport { used as other } from "../good.ts";\nexport const used: [Good, unknown] = [1, other];\n`,
  "src/runtime/good.ts": use("[Date.now(), Math.random(), process.env, setTimeout, performance.now()]"),
  "src/cli/good.ts": `import { used as other } from "../runtime/good.ts";${use("other")}`,
  "src/core/good.test.ts": `import { used as other } from "../runtime/good.ts";\nimport { test } from "node:test";\ntest("a test need not be awaited", () => other);${use("Date.now()")}`,
};

interface Diagnostic {
  readonly code: string;
  readonly filename: string;
}

const folder = mkdtempSync(join(tmpdir(), "evenkeel-lint-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function lint(): readonly Diagnostic[] {
  copyFileSync(join(top, ".oxlintrc.json"), join(folder, ".oxlintrc.json"));
  copyFileSync(join(top, "tsconfig.json"), join(folder, "tsconfig.json"));
  symlinkSync(join(top, "node_modules"), join(folder, "node_modules"), "junction");
  const written = [...breaches.map(({ path, code }) => [path, code] as const), ...Object.entries(permitted)];
  for (const [path, code] of written) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), code);
  }
  const oxlint = join(top, "node_modules", "oxlint", "bin", "oxlint");
  const { stdout, stderr } = spawnSync(process.execPath, [oxlint, "-f", "json", "src"], {
    cwd: folder,
    encoding: "utf8",
  });
  assert.notEqual(stdout, "", stderr);
  return (JSON.parse(stdout) as { diagnostics: Diagnostic[] }).diagnostics;
}

suite("lint bites", () => {
  const found = lint();
  const rulesAt = (path: string): string[] =>
    found.filter(({ filename }) => filename.replaceAll("\\", "/").endsWith(path)).map(({ code }) => code);

  for (const { rule, path, code } of breaches) {
    const shown = code.trim().split("\n")[0]?.slice(0, 60) ?? "";
    test(`${rule}: ${path}: ${shown}`, () => {
      assert.ok(
        rulesAt(path).some((found) => found === rule || found === `eslint(${rule})`),
        `found: ${rulesAt(path).join(", ")}`,
      );
    });
  }

  test("and leaves alone what is right", () => {
    assert.deepEqual(
      Object.keys(permitted).flatMap((path) => rulesAt(path).map((rule) => `${path}: ${rule}`)),
      [],
    );
  });
});

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { top } from "../files.ts";

/** Builds the command as it is packed, into a folder of its own, which is removed after the tests. Returns its file. */
export function builtCommand(): string {
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-built-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const args = [join(top, "scripts", "build.ts"), join(folder, "dist")];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: top, encoding: "utf8" });
  if (status !== 0) throw new Error(`the build fails: ${stdout}${stderr}`);
  copyFileSync(join(top, "package.json"), join(folder, "package.json"));
  symlinkSync(join(top, "node_modules"), join(folder, "node_modules"));
  return join(folder, "dist", "cli", "evenkeel.js");
}

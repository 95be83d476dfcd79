import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { Invocation } from "../src/cli/context.ts";
import type { Host } from "../src/cli/host.ts";
import { createProgram, everyCommand } from "../src/cli/program.ts";
import { EXIT } from "../src/core/exit-code.ts";
import type { Output } from "../src/runtime/process.ts";

const page = readFileSync(fileURLToPath(new URL("../docs/cli.md", import.meta.url)), "utf8");
const COMMAND = fileURLToPath(new URL("../src/cli/evenkeel.ts", import.meta.url));

const nothing: Output = {
  write: () => undefined,
  written: async () => undefined,
  lost: undefined,
  drained: async () => undefined,
  isTTY: false,
  columns: 80,
  color: false,
};
const program = createProgram(new Invocation({ stdout: nothing, stderr: nothing }, {} as Host));
const commands = everyCommand(program).filter((command) => command !== program);

/** `state reset` for the command of a command. */
const pathOf = (command: Command): string =>
  command.parent === null || command.parent === program
    ? command.name()
    : `${pathOf(command.parent)} ${command.name()}`;

/** The options that a command has beside those of all. */
const optionsOf = (command: Command): readonly string[] =>
  command.options.map(({ long }) => long ?? "").filter((long) => long !== "--help");

/** The row of the table that is about a command. */
const rowOf = (command: Command): string =>
  page.split("\n").find((line) => line.startsWith(`| \`evenkeel ${pathOf(command).split(" ")[0]}`)) ?? "";

suite("docs/cli.md is the program's", () => {
  for (const command of commands) {
    test(`${pathOf(command)}: its row names it and every option`, () => {
      const row = rowOf(command);
      assert.match(row, new RegExp(`\\b${command.name()}\\b`));
      for (const option of optionsOf(command)) assert.ok(row.includes(option), `${option} is not in: ${row}`);
    });
  }

  test("there is no command and no option in it that the program does not have", () => {
    const options = new Set([...everyCommand(program).flatMap(optionsOf), "--help"]);
    for (const [option] of page.matchAll(/--[a-z][a-z-]*/g)) assert.ok(options.has(option), option);
    const names = new Set(program.commands.map((command) => command.name()));
    for (const [, name = ""] of page.matchAll(/`evenkeel ([a-z]+)/g)) assert.ok(names.has(name), name);
  });

  test("the options of all commands are told once", () => {
    const [, common = ""] = /^Every command takes (.*)$/m.exec(page) ?? [];
    for (const option of optionsOf(program).filter((each) => each !== "--version"))
      assert.ok(common.includes(option), option);
  });

  test("every exit code has its row, there and in the help", () => {
    const codes = [...page.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
    assert.deepEqual(codes, Object.values(EXIT));
    const help = spawnSync(process.execPath, [COMMAND, "--help"], { encoding: "utf8" }).stdout;
    for (const code of codes) assert.match(help, new RegExp(`\\b${code} [a-z]`, "i"), String(code));
  });
});

suite("help", () => {
  for (const command of commands.filter((each) => each.commands.length === 0)) {
    test(`evenkeel ${pathOf(command)} --help has an example of it, and fits a terminal`, () => {
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [COMMAND, ...pathOf(command).split(" "), "--help"],
        {
          encoding: "utf8",
        },
      );
      assert.deepEqual([status, stderr], [0, ""]);
      assert.match(stdout, new RegExp(`^ +evenkeel ${pathOf(command)}`, "m"), stdout);
      for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
    });
  }
});

/** The table of what was measured, for people, and its place in the documentation. */
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import process from "node:process";
import { moduleOf } from "./child.ts";
import { SERVERS } from "./neutral-server.ts";
import type { Row } from "./row.ts";

export const HEAD = "| case | measured | figure | bar | met | again |\n| --- | --- | --- | --- | --- | --- |";

const figureText = (value: number): string =>
  value >= 1_000 ? Math.round(value).toLocaleString("en-US") : `${Number(value.toPrecision(3))}`;

/** @param name of the case */
export function line({ what, value, figure, atLeast, atMost }: Row, name: string): string {
  const cells = [what, value, figure === undefined ? "" : figureText(figure)];
  if (atLeast !== undefined) cells.push(`at least ${figureText(atLeast)}`, isMet(figure, atLeast, Infinity));
  else if (atMost !== undefined) cells.push(`at most ${figureText(atMost)}`, isMet(figure, -Infinity, atMost));
  else cells.push("", "");
  return `| ${[...cells, `\`npm run bench -- ${name}\``].join(" | ")} |`;
}

/** What could not be measured has not met it. */
const isMet = (figure: number = Number.NaN, from: number, to: number): string =>
  figure >= from && figure <= to ? "yes" : "**no**";

export function machine(): string {
  const [cpu] = cpus();
  return `Node ${process.versions.node}, ${type()} ${release()}, ${cpus().length} cores (${cpu?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB. ${SERVERS}.`;
}

const MARKER = "<!-- table -->";

/** Puts it between the markers of docs/performance.md. */
export function write(lines: readonly string[], minutes: number): void {
  const file = moduleOf("../docs/performance.md");
  const [before = "", , after = ""] = readFileSync(file, "utf8").split(MARKER);
  const about = `${machine()} All of it took ${Math.round(minutes)} minutes.`;
  writeFileSync(file, `${before}${[MARKER, about, [HEAD, ...lines].join("\n"), MARKER].join("\n\n")}${after}`);
}

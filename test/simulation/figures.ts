/** What many worlds came to, as a part of docs/testing.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { MOMENTS, STEPS } from "../../src/simulation/faults.ts";
import { CROSSED_MIN, type Tally } from "./tally.ts";

const DOCUMENT = new URL("../../docs/testing.md", import.meta.url);
const MARK = "<!-- figures -->";

/** Puts the figures of a tally between their marks. */
export function writeFigures(tally: Tally): void {
  const [before = "", , behind = ""] = readFileSync(DOCUMENT, "utf8").split(MARK);
  writeFileSync(DOCUMENT, `${before}${MARK}\n\n${figuresOf(tally)}\n\n${MARK}${behind}`);
}

function figuresOf(tally: Tally): string {
  if (tally.worlds === 0) throw new Error("no world has been counted: name the file of a tally with --tally");
  const { worlds, requests, medianRequests, medianFaults, faults, deaths, limited, crossings } = tally;
  const few = crossings.filter(([, count]) => count < CROSSED_MIN);
  const [rarest, least = 0] = crossings[0] ?? [];
  return [
    `${number(worlds)} worlds with ${number(requests)} requests, ${number(sum(faults))} faults and ${number(sum(deaths))} deaths of a process. The median world has ${medianRequests} requests and ${medianFaults} faults.`,
    table(
      ["fault", "times"],
      Object.entries(faults)
        .toSorted(([, a], [, b]) => b - a)
        .map(([name, count]) => [name, number(count)]),
    ),
    table(
      ["death at", ...MOMENTS],
      Object.keys(STEPS).map((step) => [step, ...MOMENTS.map((moment) => number(deaths[`${moment} ${step}`] ?? 0))]),
    ),
    `Besides, ${number(deaths["at some time"] ?? 0)} at some time in between.`,
    table(
      ["announced limit", "requests", "refused", "share"],
      limited.map(({ kind, asked, refused }) => [
        kind,
        number(asked),
        number(refused),
        `${((100 * refused) / asked).toFixed(2)} %`,
      ]),
    ),
    `Each of the ${crossings.length} pairs of a point of death and a fault was in ${CROSSED_MIN} worlds or more${few.length === 0 ? "" : `, but for ${few.length}`}; the rarest, ${rarest}, in ${number(least)}.`,
  ].join("\n\n");
}

const number = (value: number): string => value.toLocaleString("en-US");

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((all, each) => all + each, 0);

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

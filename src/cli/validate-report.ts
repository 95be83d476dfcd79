import { relative } from "node:path";
import type { Evenkeel, SyncInfo } from "../evenkeel.ts";
import { counted } from "./amounts.ts";
import type { Context } from "./context.ts";
import { escapeLine } from "./escape.ts";
import { hanging } from "./failure.ts";
import { padEnd } from "./width.ts";

/** What a config promises, sync by sync. */
export function validationText(
  { configFile, syncs }: Pick<Evenkeel, "configFile" | "syncs">,
  { printer, host, suggest }: Context,
): string {
  const file = configFile === undefined ? "the config" : escapeLine(relative(host.cwd, configFile) || configFile);
  const head = `${file} ${printer.style("green", "is valid")}: ${counted(syncs.length, "sync")}`;
  const advice = `\`${suggest("plan")}\` shows what a run would write, and writes nothing.`;
  const next = hanging("next: ", advice, printer.columns).join("\n");
  return [head, ...syncs.map((sync) => syncText(sync, printer)), next].join("\n\n");
}

function syncText({ name, source, destination, guarantee }: SyncInfo, { style, columns }: Context["printer"]): string {
  const rows = (label: string, texts: readonly string[]): readonly string[] =>
    texts.flatMap((text, index) => hanging(`  ${padEnd(index === 0 ? label : "", 11)}`, escapeLine(text), columns));
  return [
    `${style("bold", name)}: ${escapeLine(source.connection)} → ${escapeLine(destination.connection)}`,
    ...rows("reads", [source.request]),
    ...rows("writes", [destination.request]),
    ...rows("guarantee", [guarantee.summary]),
    ...rows("because", guarantee.because),
    ...rows("but", guarantee.weaknesses),
  ].join("\n");
}

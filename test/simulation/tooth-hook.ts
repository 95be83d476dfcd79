/** Loaded before everything else of a worker: changes the source of some files on their way in. */
import { registerHooks } from "node:module";
import { workerData } from "node:worker_threads";
import { TEETH } from "./teeth.ts";

const { tooth } = workerData as { readonly tooth: number };
const { breaks } = TEETH[tooth] as (typeof TEETH)[number];
const broken = new Map(breaks.map((each) => [new URL(`../../src/${each.file}`, import.meta.url).href, each]));

registerHooks({
  load(asked, context, next) {
    const loaded = next(asked, context);
    const found = broken.get(asked);
    if (found === undefined) return loaded;
    const { file, replace } = found;
    let source = Buffer.from(loaded.source as Uint8Array).toString();
    for (const [from, to] of replace) {
      if (!source.includes(from)) throw new Error(`${file} has no \`${from}\` any more`);
      source = source.replace(from, () => to);
    }
    return { ...loaded, source };
  },
});

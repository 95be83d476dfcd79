/** Loaded before everything else of a worker: changes the source of one file on its way in. */
import { registerHooks } from "node:module";
import { workerData } from "node:worker_threads";
import { TEETH } from "./teeth.ts";

const { tooth } = workerData as { readonly tooth: number };
const { file, replace } = TEETH[tooth] as (typeof TEETH)[number];
const url = new URL(`../../src/${file}`, import.meta.url).href;

registerHooks({
  load(asked, context, next) {
    const loaded = next(asked, context);
    if (asked !== url) return loaded;
    let source = Buffer.from(loaded.source as Uint8Array).toString();
    for (const [from, to] of replace) {
      if (!source.includes(from)) throw new Error(`${file} has no \`${from}\` any more`);
      source = source.replace(from, () => to);
    }
    return { ...loaded, source };
  },
});

import { readFileSync } from "node:fs";

/** Of this package; its package.json stands beside `src` and beside `dist`. */
export const VERSION: string = (
  JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { readonly version: string }
).version;

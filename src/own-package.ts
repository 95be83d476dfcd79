import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { pathToFileURL } from "node:url";

const manifest = findPackageJSON(import.meta.url) as string;

/** A file of this package, by its path in it: where a module stands is a matter of the build. */
export const ownFile = (path: string): URL => new URL(path, pathToFileURL(manifest));

/** Of this package. */
export const VERSION: string = (JSON.parse(readFileSync(manifest, "utf8")) as { readonly version: string }).version;

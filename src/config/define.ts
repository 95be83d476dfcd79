import type { ConfigInput } from "./config-input.ts";

export type { ConfigInput } from "./config-input.ts";

/** For `evenkeel.config.ts`: `export default defineConfig({ ... })`. Returns its argument; it is there for the editor. */
export const defineConfig = (config: ConfigInput): ConfigInput => config;

import type { z } from "zod";
import type { configSchema } from "./schema.ts";

/** What a config file may hold, before defaults; docs/config.md explains every key. */
export type ConfigInput = z.input<ReturnType<typeof configSchema>>;

/** For `evenkeel.config.ts`: `export default defineConfig({ ... })`. Returns its argument; it is there for the editor. */
export const defineConfig = <Input extends Record<string, unknown>>(config: Input): Input => config;

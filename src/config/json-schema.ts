import { z } from "zod";
import { configSchema } from "./schema.ts";

/** The config's JSON Schema, for completion and checks in editors; published as `evenkeel/schema.json`. */
export function jsonSchema(): object {
  // Nothing is replaced: `${NAME}` is a text like any other to an editor.
  const schema = configSchema((text) => ({ ok: true, value: text }));
  return { ...z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }), title: "Evenkeel config" };
}

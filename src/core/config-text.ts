/** Words that YAML takes for something else than text. */
const NO_TEXT = /^(?:true|false|null|yes|no|on|off|y|n|~)$/i;

/** A text as a YAML value that stands for itself, on one line and within `{}` too. */
export const plainText = (text: string): string =>
  /^[A-Za-z_$/][\w.$/ -]*(?<! )$|^https?:\/\/[\w.:/-]+(?<!:)$/.test(text) && !NO_TEXT.test(text)
    ? text
    : JSON.stringify(text);

/** A value of a config on one line: `{ type: page, param: page, size: { param: limit, value: 100 } }`. */
export function flowText(value: unknown): string {
  if (typeof value === "string") return plainText(value);
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(flowText).join(", ")}]`;
  const members = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return `{ ${members.map(([name, inner]) => `${name}: ${flowText(inner)}`).join(", ")} }`;
}

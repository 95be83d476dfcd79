/**
 * YAML gives `{ } [ ] @ * & ! % # : ,` and back-ticks meanings that collide with expressions and templates. These functions
 * recognise the collisions and propose the quoted form.
 */

/** The text in YAML quotes: double ones where nothing needs escaping, else single ones. */
export function quoted(text: string): string {
  const trimmed = text.trim();
  return /["\\]/.test(trimmed) ? `'${trimmed.replaceAll("'", "''")}'` : `"${trimmed}"`;
}

/** What to write for a `{...}` that was meant as a text: `{sku}` in a mapping is a path, elsewhere a template. */
export function flowTrap(source: string): string {
  const inside = source.slice(1, -1).trim();
  if (/[:,]/.test(inside)) return flowValueTrap(source) ?? `Write it in quotes: \`${quoted(source)}\`.`;
  return `Write \`${inside}\` for the value of an expression in a mapping, or \`${quoted(source)}\` for a template.`;
}

/** Errors of the YAML parser behind which a key, not a value, is wrong. */
const NOT_A_VALUE: ReadonlySet<string> = new Set(["DUPLICATE_KEY", "TAB_AS_INDENT", "MULTIPLE_DOCS", "BAD_DIRECTIVE"]);

/** Starts or parts of an unquoted value that YAML reads as its own. */
const TRAP = /^[@`*&!%|>?{['"-]|[{}[\]]|: | #|:$/;

/**
 * What to do about a syntax error at an offset; undefined when no value on its line is to blame. For a value in a one-line map,
 * only that value is quoted.
 */
export function syntaxTrap(text: string, offset: number, code: string): string | undefined {
  if (code === "TAB_AS_INDENT") return "Indent with spaces.";
  if (code === "MULTIPLE_DOCS") return "Write one document: remove the `---`.";
  if (NOT_A_VALUE.has(code)) return undefined;
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  const end = text.indexOf("\n", start);
  const line = text.slice(start, end < 0 ? text.length : end);
  const [, key, value] = /^\s*(?:- +)?([\w$.-]+|"[^"]*"|'[^']*') *:\s+(\S.*?)\s*$/.exec(line) ?? [];
  if (key === undefined || value === undefined) return undefined;
  if (value.startsWith("{") && value.endsWith("}")) return flowValueTrap(value);
  if (value.startsWith("["))
    return value.endsWith("]") ? "Inside `[...]`, expressions with brackets or commas stand in quotes." : undefined;
  return TRAP.test(value) ? `Write the value in quotes: \`${key}: ${quoted(value)}\`.` : undefined;
}

/** The first value of a one-line map that needs quotes. */
function flowValueTrap(source: string): string | undefined {
  // A value runs up to the next `, name:` or to the end of the map.
  for (const [, key, value] of source.replace(/^\{|\}$/g, "").matchAll(/([\w$.-]+): *(.*?)(?=, *[\w$.-]+: |$)/g)) {
    if (key === undefined || value === undefined || isQuoted(value.trim()) || /^[{[]/.test(value.trim())) continue;
    if (TRAP.test(value.trim()) || value.includes(","))
      return `Write the value in quotes: \`${key}: ${quoted(value)}\`.`;
  }
  return undefined;
}

const isQuoted = (value: string): boolean => /^"(?:[^"\\]|\\.)*"$|^'(?:[^']|'')*'$/.test(value);

/**
 * Remote text on its way to a terminal (S7). A record can hold anything: sequences that move the cursor or retitle the window,
 * line breaks that forge a line of this program's own, marks that reverse the reading direction.
 */

/**
 * Control characters, marks of reading direction, half characters, line separators, and what no font shows. The joiners U+200C and U+200D
 * are not among them: names and emoji are spelt with them.
 */
const DANGEROUS =
  /[\p{Cc}\p{Bidi_Control}\p{Cs}\u00ad\u180e\u200b\u2028\u2029\u2060-\u2064\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** One line: what a terminal would act on is shown as `\n`, `\x1b` or `\u202e`. */
export const escapeLine = (text: string): string => text.replace(DANGEROUS, shown);

/** Several lines, for bodies: line breaks stay, and a tab becomes two spaces. */
export const escapeBlock = (text: string): string =>
  text
    .replaceAll("\r\n", "\n")
    .replaceAll("\t", "  ")
    .replace(DANGEROUS, (character) => (character === "\n" ? character : shown(character)));

/** A value as one line of JSON that means the same and that a terminal does not act on. */
export const jsonLine = (value: unknown): string => JSON.stringify(value).replace(DANGEROUS, inJson);

/** A value as JSON for people. */
export const jsonBlock = (value: unknown): string => escapeBlock(JSON.stringify(value, undefined, 2) ?? "");

/** Colours are the only sequences that this program itself prints. */
// oxlint-disable-next-line no-control-regex -- ESC is what these sequences begin with
const OURS = /\u001b\[[0-9;]*m/g;

/** The last guard before a stream: whatever was forgotten above, only text, line breaks and colours pass. */
export function guarded(text: string): string {
  let safe = "";
  let from = 0;
  for (const match of text.matchAll(OURS)) {
    safe += escapeBlock(text.slice(from, match.index)) + match[0];
    from = match.index + match[0].length;
  }
  return safe + escapeBlock(text.slice(from));
}

function shown(character: string): string {
  const short = SHORT[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) as number;
  if (code < 0x100) return `\\x${hex(code, 2)}`;
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\u{${hex(code, 5)}}`;
}

/** JSON knows only `\uXXXX`, so a character beyond them is written as its two halves. */
const inJson = (character: string): string =>
  [...Array(character.length).keys()].map((index) => `\\u${hex(character.charCodeAt(index), 4)}`).join("");

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, "0");

import { stripVTControlCharacters } from "node:util";

/** Columns that a text takes in a terminal. Where a font may differ it counts too much rather than too little, so that nothing wraps. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of stripVTControlCharacters(text)) width += columnsOf(character);
  return width;
}

/** Letters of Chinese, Japanese and Korean, full-width forms, and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1b000}-\u{1b2ff}\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** Accents and joiners that sit on the letter before them. */
const NARROW = /[\p{Mn}\p{Me}\p{Cf}]/u;

function columnsOf(character: string): number {
  if (character < "\u0300") return 1;
  if (NARROW.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** The text, or as much of its beginning as fits with a `…`. For text without colours. */
export function fit(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = "";
  let width = 1;
  for (const character of text) {
    width += columnsOf(character);
    if (width > columns) break;
    kept += character;
  }
  return columns < 1 ? "" : `${kept}…`;
}

export const padEnd = (text: string, columns: number): string =>
  text + " ".repeat(Math.max(0, columns - widthOf(text)));

export const padStart = (text: string, columns: number): string =>
  " ".repeat(Math.max(0, columns - widthOf(text))) + text;

/** Breaks a text at its spaces into lines of at most so many columns; a longer word keeps a line of its own, and so does a command, to be copied whole. */
export function wrap(text: string, columns: number, columnsOfFirst: number = columns): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of wordsOf(text)) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && widthOf(longer) > (lines.length === 0 ? columnsOfFirst : columns)) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

/** A line, broken where it is too long; what goes on is indented below it. */
export function wrapped(line: string, columns: number): readonly string[] {
  const indent = /^ */.exec(line)?.[0] ?? "";
  const [first = "", ...more] = wrap(line.slice(indent.length), columns - indent.length - 2, columns - indent.length);
  return [indent + first, ...more.map((each) => `${indent}  ${each}`)];
}

/** Words between spaces. A command in back-ticks counts as one of them. */
const wordsOf = (text: string): readonly string[] =>
  text
    .replaceAll(/`evenkeel [^`]+`/g, (command) => command.replaceAll(" ", HELD))
    .split(" ")
    .map((word) => word.replaceAll(HELD, " "));

/** Stands for a space that is not to be broken at. No text has it: it would have been escaped. */
const HELD = "\0";

import { InvalidArgumentError, type Command } from "commander";

/** A whole number from `min` on. */
export function wholeNumber(min: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(number) || number < min)
      throw new InvalidArgumentError(`It takes a whole number from ${min} on.`);
    return number;
  };
}

/** The same for an argument that may be given more than once. */
export function wholeNumbers(min: number): (text: string, before: readonly number[] | undefined) => readonly number[] {
  const read = wholeNumber(min);
  return (text, before) => [...(before ?? []), read(text)];
}

/** The examples below the options of a command: what to type, and beside it, or below where that is too wide, what it does. */
export function examples(
  ...lines: readonly (readonly [command: string, does: string])[]
): (context: { readonly command: Command }) => string {
  const widest = Math.max(...lines.map(([command]) => command.length));
  const beside = lines.map(([command, does]) => `  ${command.padEnd(widest)}  ${does}`);
  return ({ command }) => {
    const columns = command.configureOutput().getOutHelpWidth?.() ?? 0;
    const isWide = beside.every((line) => line.length <= columns);
    const shown = isWide ? beside : lines.map(([command, does]) => `  ${command}\n      ${does}`);
    return `\nExamples:\n${shown.join("\n")}\n`;
  };
}

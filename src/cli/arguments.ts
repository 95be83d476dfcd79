import { InvalidArgumentError } from "commander";

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

/** The examples below the options of a command: what to type, and what it does. */
export function examples(...lines: readonly (readonly [command: string, does: string])[]): string {
  const widest = Math.max(...lines.map(([command]) => command.length));
  return `\nExamples:\n${lines.map(([command, does]) => `  ${command.padEnd(widest)}  ${does}`).join("\n")}\n`;
}

import { styleText } from "node:util";
import type { Output, Terminal } from "../runtime/process.ts";

export type { Interruption, Output, Terminal } from "../runtime/process.ts";

export type Format = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Colours a text, or leaves it as it is. */
export type Style = (format: Format, text: string) => string;

/** The style of one stream: stdout may go to a file while stderr is a terminal. */
export const styleOf =
  ({ color }: Pick<Output, "color">): Style =>
  (format, text) =>
    color ? styleText(format, text, { validateStream: false }) : text;

/** The same terminal without colours (`--no-color`). */
export function withoutColor(terminal: Terminal): Terminal {
  return { stdout: plain(terminal.stdout), stderr: plain(terminal.stderr) };
}

function plain(output: Output): Output {
  return {
    write: (text) => output.write(text),
    written: () => output.written(),
    get lost() {
      return output.lost;
    },
    drained: () => output.drained(),
    get isTTY() {
      return output.isTTY;
    },
    get columns() {
      return output.columns;
    },
    color: false,
  };
}

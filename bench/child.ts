/** Processes beside this one, which end with it: each leaves when its channel closes. */
import { fork, type ChildProcess, type ForkOptions } from "node:child_process";
import { basename } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

export const moduleOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Starts a file of this folder with its options as JSON. */
export const start = (name: string, options: unknown, forking: ForkOptions = {}): ChildProcess =>
  fork(moduleOf(name), [JSON.stringify(options)], forking);

/** The next message of a child; throws when the child ends before. */
export const message = <Message>(child: ChildProcess): Promise<Message> =>
  new Promise((done, failed) => {
    const ended = (code: number | null): void =>
      failed(new Error(`${basename(child.spawnargs.at(1) ?? "")} ended with ${code}`));
    child.once("exit", ended);
    child.once("message", (value) => {
      child.off("exit", ended);
      done(value as Message);
    });
  });

/** Closes its channel, and waits until it is gone. */
export const stop = (child: ChildProcess): Promise<void> =>
  new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) return done();
    child.once("exit", () => done());
    if (child.connected) child.disconnect();
  });

/** In a child: resolves when its channel closes, or has closed. Ctrl-C reaches the whole group, and this one leaves the end to its parent. */
export const leave = (): Promise<void> =>
  new Promise((done) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
    if (process.connected) process.once("disconnect", done);
    else done();
  });

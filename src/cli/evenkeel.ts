#!/usr/bin/env node
/**
 * The command. This file alone may be read by an older Node, so it imports nothing before it knows the version and uses
 * nothing that an older one cannot parse.
 */
const nodeMajorNeeded = 24;

if (Number.parseInt(process.versions.node, 10) < nodeMajorNeeded) {
  process.stderr.write(
    `Evenkeel needs Node ${nodeMajorNeeded} or newer; this is v${process.versions.node}. Newer ones are at https://nodejs.org\n`,
  );
  process.exitCode = 2;
} else {
  // Compiled code is kept from one run to the next, so that a command answers sooner.
  const { enableCompileCache } = await import("node:module");
  enableCompileCache();
  // A run keeps little for long and throws much away. Left to itself, V8 lets several times as much lie about before it looks.
  const { setFlagsFromString } = await import("node:v8");
  setFlagsFromString("--heap-growing-percent=40");
  const { main } = await import("./main.ts");
  process.exitCode = await main(process.argv.slice(2));
}

export {};

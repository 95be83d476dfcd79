import { createRequire } from "node:module";

/**
 * Node's names of HTTP statuses (RFC 9110). An `import` of `node:http` would fetch each of its exports, and one of them loads all of `fetch`, which
 * would be much of the time that a command needs to start.
 */
const { STATUS_CODES } = createRequire(import.meta.url)("node:http") as typeof import("node:http");

/** `422 Unprocessable Entity`; the number alone where it has no name. */
export function withName(status: number): string {
  const name = STATUS_CODES[status];
  return name === undefined ? String(status) : `${status} ${name}`;
}

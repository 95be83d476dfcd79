import { Agent, type Dispatcher } from "undici";

/** Sockets to one origin at most; the lanes keep it far below. */
const CONNECTIONS_MAX = 256;

/** An idle socket is let go before most servers do, so that a request seldom meets one that is being closed. */
const KEEP_ALIVE_MS = 3_000;

/** A real network: HTTP/1.1 with kept connections. TLS verification is Node's and cannot be turned off here (S6). */
export function systemNetwork(connectMs: number): Dispatcher {
  return new Agent({
    connections: CONNECTIONS_MAX,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    connect: { timeout: connectMs },
    allowH2: false,
  });
}

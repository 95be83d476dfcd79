import { getCACertificates } from "node:tls";
import type { Dispatcher } from "undici";
import { proxiedNetwork } from "./proxied.ts";
import type { ProxyOptions } from "./proxy.ts";
import { agentClass } from "./undici.ts";

/** Sockets to one origin at most; the lanes keep it far below. */
const CONNECTIONS_MAX = 256;

/**
 * An idle socket is let go before common servers do it (gunicorn after 2 s, Node, Apache and uvicorn after 5): a request that meets a socket
 * just being closed may or may not have arrived, and a write must not be repeated then. A server that names a longer time is believed, less
 * the margin, up to the maximum.
 */
const KEEP_ALIVE_MS = 1_500;
const KEEP_ALIVE_MAX_MS = 60_000;
const KEEP_ALIVE_MARGIN_MS = 2_000;

/** S4: of one answer. Node's own default is 16 KiB, which Link and cookie headers of some APIs exceed. */
const HEADER_BYTES_MAX = 65_536;

/** Certificates, as PEM. */
export interface TlsOptions {
  /** Authorities to be trusted besides those of Node. */
  readonly ca: string | undefined;
  /** The client's own, and its key. */
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

export interface NetworkOptions {
  /** After this an attempt to connect is given up; the longest that any connection allows. */
  readonly connectMs: number;
  readonly proxy?: ProxyOptions | undefined;
  readonly tls?: TlsOptions;
}

/** Sockets, until `close` lets them go. */
export type Network = Pick<Dispatcher, "dispatch" | "close">;

/** What has been given up, and nobody waits for, is not waited for either: a connection that never comes would keep the process alive. */
const CLOSE_GRACE_MS = 500;

/**
 * A real network: HTTP/1.1, connections kept, one request at a time on each. HTTP/2 is off: it gained nothing in measurements, and one broken
 * connection would make every request on it unknown.
 */
export function systemNetwork({ connectMs, proxy, tls }: NetworkOptions): Network {
  const certificates = {
    ...(tls?.ca === undefined ? {} : { ca: [...getCACertificates("default"), tls.ca] }),
    ...(tls?.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls?.key === undefined ? {} : { key: tls.key }),
    // S6: said aloud, so that NODE_TLS_REJECT_UNAUTHORIZED in the environment cannot turn verification off.
    rejectUnauthorized: true,
  };
  const sockets = {
    connections: CONNECTIONS_MAX,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
    keepAliveTimeoutThreshold: KEEP_ALIVE_MARGIN_MS,
    maxHeaderSize: HEADER_BYTES_MAX,
    // R9: the client has its own limits on a Clock; these would be a second clock.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: connectMs, ...certificates },
  };
  const agent =
    proxy?.httpProxy === undefined && proxy?.httpsProxy === undefined
      ? new (agentClass())(sockets)
      : proxiedNetwork(proxy, { sockets, requestTls: certificates, connectMs });
  let closed: Promise<void> | undefined;
  return {
    dispatch: (options, handler) => agent.dispatch(options, handler),
    close: () => (closed ??= closing(agent)),
  };
}

async function closing(agent: Dispatcher): Promise<void> {
  const grace = Promise.withResolvers<void>();
  const timer = setTimeout(grace.resolve, CLOSE_GRACE_MS);
  await Promise.race([agent.close(), grace.promise]);
  clearTimeout(timer);
  await agent.destroy();
}

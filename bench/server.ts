/**
 * A small neutral server in a process of its own: pages of records, and writes that are answered in no time, or in the time that is asked for. It
 * speaks just enough HTTP over bare sockets to leave the processor to whoever is measured. `node bench/server.ts OPTIONS` tells its port on
 * the channel to its parent; any message is answered with what came since the last one; it ends with the channel.
 */
import { createServer, type AddressInfo, type Socket } from "node:net";
import process from "node:process";
import { leave } from "./child.ts";
import { firstSince, pageOf, recordsOf, type RecordsOptions } from "./records.ts";

export interface ServerOptions extends RecordsOptions {
  readonly delayMs?: number;
  /** Announced in the fields of draft-ietf-httpapi-ratelimit-headers-10, and enforced in windows of a second. */
  readonly perSecond?: number;
  /** Whether it is asked for what has changed since a time; it answers with everything from that time on, and that time's own. */
  readonly since?: boolean;
}

/** What came since the last question. */
export interface Served {
  readonly requests: number;
  readonly refused: number;
  /** Where there is a limit: what was served in each of its windows, from the first to the last one that served any. */
  readonly windows: readonly number[];
}

const options = JSON.parse(process.argv[2] ?? "{}") as ServerOptions;
const records = recordsOf(options);
const counts = { requests: 0, refused: 0 };

function bodyOf(method: string, path: string): string {
  if (method !== "GET") return `{"id":"${counts.requests}"}`;
  const query = new URLSearchParams(path.slice(path.indexOf("?")));
  const since = query.get("since");
  return pageOf(records, Number(query.get("cursor") ?? (since === null ? 0 : firstSince(since))));
}

const windows: number[] = [];
let firstWindow = 0;

/** What is left of the limit, or that nothing is. */
function limited(perSecond: number): { readonly isRefused: boolean; readonly fields: string } {
  const nowS = Date.now() / 1_000;
  if (windows.length === 0) firstWindow = Math.floor(nowS);
  const window = Math.floor(nowS) - firstWindow;
  while (windows.length <= window) windows.push(0);
  const isRefused = (windows[window] ?? 0) >= perSecond;
  if (!isRefused) windows[window] = (windows[window] ?? 0) + 1;
  const resetS = Math.ceil(Math.floor(nowS) + 1 - nowS);
  const fields = `ratelimit-policy: "all";q=${perSecond};w=1\r\nratelimit: "all";r=${perSecond - (windows[window] ?? 0)};t=${resetS}\r\n`;
  return { isRefused, fields };
}

function answer(method: string, path: string): string {
  counts.requests += 1;
  const limit = options.perSecond === undefined ? undefined : limited(options.perSecond);
  if (limit?.isRefused === true) counts.refused += 1;
  const body = limit?.isRefused === true ? "{}" : bodyOf(method, path);
  const status = limit?.isRefused === true ? "429 Too Many Requests" : "200 OK";
  return `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\n${limit?.fields ?? ""}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

function serve(socket: Socket): void {
  socket.setNoDelay(true);
  let text = "";
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
    let out = "";
    for (;;) {
      const head = text.indexOf("\r\n\r\n");
      if (head === -1) break;
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text.slice(0, head))?.[1] ?? 0);
      const end = head + 4 + length;
      if (text.length < end) break;
      const [method = "", path = ""] = text.slice(0, text.indexOf("\r\n")).split(" ");
      text = text.slice(end);
      if (options.delayMs === undefined) out += answer(method, path);
      else setTimeout(() => socket.write(answer(method, path)), options.delayMs);
    }
    if (out !== "") socket.write(out);
  });
}

const server = createServer(serve);
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on("message", () => {
  const served: Served = { ...counts, windows };
  process.send?.(served);
  counts.requests = counts.refused = windows.length = 0;
});
await leave();
process.exit();

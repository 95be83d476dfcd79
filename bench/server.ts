/**
 * The neutral server of all cases, in a process of its own: pages of generated records, and writes that are answered in no time, or in the time
 * that is asked for. It speaks just enough HTTP over bare sockets to leave the processor to whoever is measured.
 * `node bench/server.ts OPTIONS` tells its port on the channel to its parent; any message is answered with how many requests came since the last one.
 */
import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import process from "node:process";

export interface ServerOptions {
  readonly records: number;
  /** Of a record as JSON, about. */
  readonly bytes: number;
  readonly delayMs?: number;
  /** Announced in the fields of draft-ietf-httpapi-ratelimit-headers-10, and enforced in windows of a second. */
  readonly perSecond?: number;
}

const PAGE = 1_000;
/** Some 200 bytes of a record are not filling. */
const FRAME_BYTES = 200;

const options = JSON.parse(process.argv[2] ?? "{}") as ServerOptions;
const note = "x".repeat(Math.max(0, options.bytes - FRAME_BYTES));
const counts = { requests: 0, refused: 0 };

const recordOf = (id: number): string =>
  `{"id":${id},"name":"record ${id}","email":"r${id}@example.com","city":"Delft","price":${id / 8},"quantity":${id % 9},"active":true,"updated_at":"2026-01-01T00:00:${String(id % 60).padStart(2, "0")}Z","note":"${note}"}`;

function pageFrom(at: number): string {
  const records: string[] = [];
  for (let id = at; id < Math.min(at + PAGE, options.records); id++) records.push(recordOf(id));
  const next = at + PAGE < options.records ? `"${at + PAGE}"` : "null";
  return `{"data":[${records.join(",")}],"next":${next}}`;
}

/** Nothing has changed since then. */
const EMPTY_PAGE = '{"data":[],"next":null}';

function bodyOf(method: string, path: string): string {
  if (method !== "GET") return `{"id":"${counts.requests}"}`;
  const query = new URLSearchParams(path.slice(path.indexOf("?")));
  if (query.has("since")) return EMPTY_PAGE;
  return pageFrom(Number(query.get("cursor") ?? 0));
}

let second = 0;
let used = 0;

/** What is left of the limit, or that nothing is. */
function limited(perSecond: number): { readonly isRefused: boolean; readonly fields: string } {
  const now = Math.floor(Date.now() / 1_000);
  if (now !== second) [second, used] = [now, 0];
  const isRefused = used >= perSecond;
  if (!isRefused) used += 1;
  const resetS = Math.ceil(now + 1 - Date.now() / 1_000);
  const fields = `ratelimit-policy: "all";q=${perSecond};w=1\r\nratelimit: "all";r=${perSecond - used};t=${resetS}\r\n`;
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
  process.send?.({ ...counts });
  counts.requests = counts.refused = 0;
});

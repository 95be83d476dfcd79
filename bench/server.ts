/**
 * The neutral server of all cases, in a process of its own: pages of generated records, and a PUT that is answered in no time.
 * `node bench/server.ts RECORDS BYTES` tells its port on the channel to its parent.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";

const PAGE = 1_000;

/** Some 60 bytes of a record are not filling. */
const FRAME_BYTES = 60;

const [records = 0, bytes = 0] = process.argv.slice(2).map(Number);
const note = "x".repeat(Math.max(0, bytes - FRAME_BYTES));

const server = createServer((request, response) => {
  if (request.method === "PUT") {
    request.resume();
    request.on("end", () => response.end("{}"));
    return;
  }
  const at = Number(new URL(request.url ?? "/", "http://x").searchParams.get("cursor") ?? 0);
  const data = Array.from({ length: Math.min(PAGE, records - at) }, (_, index) => ({
    id: at + index,
    name: `record ${at + index}`,
    price: (at + index) / 8,
    note,
  }));
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ data, next: at + PAGE < records ? String(at + PAGE) : null }));
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));

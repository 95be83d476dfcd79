import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { json, startApi, Workplace } from "../e2e/harness.ts";
import { builtCommand } from "./built.ts";

const command = builtCommand();
const HOOK = ["--import", new URL("point-hook.ts", import.meta.url).href];

interface Row {
  readonly id: string;
  readonly name: string;
  readonly at: string;
}

/** An incremental sync that is level; then the source shows older records, and the destination has them, otherwise. */
async function between(check: (place: Workplace, nameOf: (id: string) => string | undefined) => Promise<void>) {
  const rows: Row[] = [{ id: "1", name: "new", at: "2026-01-01T00:00:00Z" }];
  const held = new Map<string, Pick<Row, "id" | "name">>();
  const api = await startApi((request, body, response) => {
    const url = new URL(request.url ?? "/", "http://x");
    if (url.pathname === "/rows") {
      const since = Date.parse(url.searchParams.get("since") ?? "1970-01-01T00:00:00Z");
      return json(response, 200, { data: rows.filter(({ at }) => Date.parse(at) >= since) });
    }
    const id = url.pathname.split("/")[2];
    if (id === undefined) return json(response, 200, { items: [...held.values()] });
    if (request.method === "PUT") held.set(id, JSON.parse(body) as Row);
    return json(response, held.has(id) ? 200 : 404, held.get(id) ?? {});
  });
  const place = new Workplace({}, [command]);
  place.write(`
connections:
  api: { baseUrl: "${api.url}", lateWrite: 0s }
syncs:
  items:
    source: { connection: api, request: GET /rows, records: data, key: id, cursor: { field: at, type: timestamp, param: since } }
    mapping: { id: id, name: name }
    destination:
      connection: api
      upsert: "PUT /items/{id}"
      read: "GET /items/{id}"
      list: { request: GET /items, records: items, key: id }
`);
  writeFileSync(
    join(place.folder, "keys.jsonl"),
    ["2", "3"].map((id) => `${JSON.stringify({ key: id, address: `/items/${id}` })}\n`).join(""),
  );
  try {
    assert.equal((await place.run("run")).exitCode, 0);
    for (const id of ["2", "3"]) {
      rows.push({ id, name: "new", at: "2020-01-01T00:00:00Z" });
      held.set(id, { id, name: "old" });
    }
    await check(place, (id) => held.get(id)?.name);
  } finally {
    place.remove();
    await api.stop();
  }
}

for (const [killed, repeated] of [
  [["state", "adopt", "items"], []],
  [["state", "adopt", "items"], ["--decline"]],
  [["state", "import", "items", "keys.jsonl"], []],
] as const)
  test(`\`${killed.join(" ")}\` is killed before it has said that it is done; repeated${["", ...repeated].join(" ")}, the next run brings level what it took over`, () =>
    between(async (place, nameOf) => {
      const point = { EVENKEEL_TEST_POINT: "before saveCheckpoint 2" };
      const ran = await place.startUnder([process.execPath, ...HOOK], point, ...killed).ended;
      assert.equal(ran.signal, "SIGKILL", ran.stderr);
      assert.equal((await place.run("run")).exitCode, 2, "no run begins in between");
      assert.equal((await place.run(...killed, ...repeated)).exitCode, 0);
      assert.equal((await place.run("run")).exitCode, 0);
      assert.deepEqual([nameOf("2"), nameOf("3")], ["new", "new"]);
    }));

/**
 * What a person reads, word for word, with what differs from run to run taken out. After a change on purpose:
 * `node --test --test-update-snapshots test/e2e/texts.test.ts`, and read the difference.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test, type TestContext } from "node:test";
import { cursorPage, json, SOURCE, startApi, Workplace, type Api, type Ran } from "./harness.ts";

/** A name that clears a terminal, sets its title, hides text and writes it backwards, if it is let through. */
const HOSTILE = "\u001b[2J\u001b]0;owned\u0007 \u202eevil\u202c \u200bhidden\u0000\r\nnext line";

const records: { id: number; name: string; price: number }[] = Array.from({ length: 12 }, (_, index) => ({
  id: index + 1,
  name: index === 3 ? HOSTILE : `record ${index + 1}`,
  price: (index + 1) / 4,
}));

/** Times, ports, folders and versions differ from run to run, and so does how often something is said along the way. */
function settled(text: string, { folder }: Workplace): string {
  return text
    .replaceAll(folder, "FOLDER")
    .replaceAll(/\s\S*(docs\/[a-z]+\.md)\s+has\s+every\s+key/g, " PACKAGE/$1 has every key")
    .replaceAll(/^records: (?:checkpoint|[\d,]+ (?:of [\d,]+ )?read, .*)\n/gm, "")
    .replaceAll(/127\.0\.0\.1:\d+/g, "HOST:PORT")
    .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z/g, "MOMENT")
    .replaceAll(/\b\d+ min \d+ s\b|\b\d+(?:\.\d+)? (?:ms|s)\b/g, "TIME")
    .replaceAll(/\b[\d,.]+\/s\b/g, "RATE")
    .replaceAll(/evenkeel\/\d+\.\d+\.\d+/g, "evenkeel/VERSION")
    .replaceAll(/"(?:atMs|durationMs|untilMs|bytes)":\d+(?:\.\d+)?/g, (match) => match.replace(/\d.*/, "0"))
    .replaceAll(/(date: |"date":")[^"\n]*/gi, "$1DATE")
    .replaceAll(/just now|\b\d+ s ago/g, "AGO");
}

suite("what a person reads", () => {
  const place = new Workplace();
  let store: Api;
  let shop: Api;

  before(async () => {
    store = await startApi((request, _body, response) => cursorPage(records, request, response, 5));
    shop = await startApi((request, body, response) => {
      if (request.method === "GET") return json(response, 404, {});
      const { name } = JSON.parse(body) as { name: string };
      if (name === HOSTILE)
        return json(response, 422, { message: `no such name: ${name}`, token: "secret-token-4711" });
      return json(response, 200, {});
    });
    place.write(`
connections:
  store: { baseUrl: "${store.url}", auth: { type: bearer, token: "\${TOKEN}" } }
  shop: { baseUrl: "${shop.url}", auth: { type: bearer, token: "\${TOKEN}" } }
syncs:
  records:${SOURCE}
    mapping: "{ 'id': id, 'name': name, 'price': price }"
    destination: { connection: shop, upsert: "PUT /items/{id}" }
`);
  });
  after(async () => {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  });

  const shows = async (t: TestContext, exitCode: number, ...args: string[]): Promise<Ran> => {
    const ran = await place.run(...args);
    const text = `$ evenkeel ${args.join(" ")}\n${ran.stdout}\n--- stderr\n${ran.stderr}\n--- exit ${ran.exitCode}`;
    t.assert.snapshot(settled(text, place), { serializers: [String] });
    assert.equal(ran.exitCode, exitCode, ran.stderr);
    const all = ran.stdout + ran.stderr;
    assert.ok(!all.includes("secret-token-4711"), "S6: no secret");
    // S7: neither control characters nor those that turn or hide text.
    assert.doesNotMatch(all, /[^\P{Cc}\n]|[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
    return ran;
  };

  test("before the first run", async (t) => {
    await shows(t, 0, "validate");
    await shows(t, 0, "probe");
    await shows(t, 0, "status");
    await shows(t, 0, "plan");
  });

  test("the first run, with one record refused, and what is left of it", async (t) => {
    await shows(t, 1, "run");
    await shows(t, 0, "status");
    await shows(t, 0, "rejects", "list");
    await shows(t, 0, "rejects", "show", "records", "1");
    await shows(t, 0, "explain", "records", "4");
    await shows(t, 0, "explain", "records", "5");
    await shows(t, 0, "state", "show");
  });

  test("a config that is made from an API, and one that cannot be", async (t) => {
    const flags = ["--auth", "bearer:TOKEN", "--config", "made.yaml"];
    await shows(t, 0, "init", "--from", `${store.url}/records?status=active`, ...flags);
    t.assert.snapshot(settled(readFileSync(join(place.folder, "made.yaml"), "utf8"), place), { serializers: [String] });
    await shows(t, 1, "init", "--from", `${shop.url}/items`, "--auth", "bearer:TOKEN", "--config", "other.yaml");
    await shows(t, 2, "init", "--from", "records", "--config", "other.yaml");
    await shows(t, 2, "init", "--auth", "bearer:TOKEN", "--config", "other.yaml");
  });

  test("nothing has changed, and then something has", async (t) => {
    await shows(t, 1, "run");
    Object.assign(records[4] as object, { name: "another name", price: 7.5 });
    await shows(t, 0, "plan");
    await shows(t, 1, "run", "--verbose");
    Object.assign(records[3] as object, { name: "a good name" });
    await shows(t, 0, "run");
    await shows(t, 0, "run", "--limit", "2");
    await shows(t, 0, "run", "--key", "5");
  });

  test("a rehearsal that holds, and one that does not", async (t) => {
    await shows(t, 0, "rehearse", "--seeds", "3");
    place.write(
      `
connections:
  store: { baseUrl: "${store.url}" }
  shop: { baseUrl: "${shop.url}" }
syncs:
  records:${SOURCE}
    destination: { connection: shop, create: { request: POST /items, id: id } }
`,
      "bare.yaml",
    );
    await shows(t, 1, "rehearse", "--config", "bare.yaml", "--seeds", "2");
    await shows(t, 2, "rehearse", "--records", "nowhere.json");
  });

  test("a wrong use of the command line", async (t) => {
    await shows(t, 2, "rum");
    await shows(t, 2, "run", "--limt", "3");
    await shows(t, 2, "run", "--limit", "many");
    await shows(t, 2, "run", "recrods");
    await shows(t, 2, "rejects", "show", "records", "99");
    await shows(t, 2, "rejects", "retry", "records", "98", "99");
    await shows(t, 2, "rejects", "discard", "records", "99");
    await shows(t, 2, "state", "reset", "records");
    await shows(t, 2, "run", "--config", "nowhere.yaml");
  });

  test("a config with one problem, and one with several", async (t) => {
    const config = (rest: string): string => `
connections:
  store: { baseUrl: "${store.url}", auth: { type: bearer, token: "\${A_TOKEN_THAT_NOBODY_HAS}" }${rest} }
  shop: { baseUrl: "${shop.url}" }
syncs:
  records:${SOURCE}
    destination: { connection: shop, upsert: "PUT /items/{id}" }
`;
    place.write(config(""), "wrong.yaml");
    await shows(t, 2, "validate", "--config", "wrong.yaml");
    place.write(config(", retri: { attempts: 2 }, limits: { concurrency: many }"), "wrong.yaml");
    await shows(t, 2, "validate", "--config", "wrong.yaml");
  });

  test("with --json every line of stdout is a JSON value, and stderr is silent", async () => {
    for (const args of [
      ["validate"],
      ["probe"],
      ["status"],
      ["plan"],
      ["run"],
      ["rejects", "list"],
      ["explain", "records", "4"],
      ["state", "show"],
      ["run", "nowhere"],
      ["rum"],
      ["run", "--limit", "many"],
    ]) {
      const { stdout, stderr } = await place.run(...args, "--json");
      assert.equal(stderr, "", args.join(" "));
      for (const line of stdout.split("\n").slice(0, -1)) assert.equal(typeof JSON.parse(line), "object");
      assert.ok(stdout.endsWith("\n") || stdout === "", args.join(" "));
    }
  });
});

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { cursorPage, json, SOURCE, startApi, Workplace, type Api } from "./harness.ts";

type Contact = Readonly<Record<string, unknown>> & { readonly id?: string };

interface Shop {
  readonly api: Api;
  readonly contacts: Map<string, Contact>;
  readonly records: Record<string, unknown>[];
  readonly place: Workplace;
  /** Requests that write, as `POST /contacts`. */
  writes(): readonly string[];
  /** Answers in the place of the destination. */
  answer: ((path: string) => number | undefined) | undefined;
}

interface Declared {
  readonly destination?: string;
  readonly sync?: string;
  readonly mapping?: string;
  readonly source?: string;
}

const DESTINATION = `create: { request: POST /contacts, id: id }
      update: "PATCH /contacts/{$id}"
      read: "GET /contacts/{$id}"
      list: { request: GET /contacts, records: data, key: id, pagination: { type: page, param: page } }
      adopt: { match: $lowercase(email) }`;

/** A source of five people, and a destination that knows some of them already and assigns ids. */
async function between(
  { destination = DESTINATION, sync = "", mapping = "{ ref: id, name: name, email: email }", source = "" }: Declared,
  check: (shop: Shop) => Promise<void>,
): Promise<void> {
  const records: Record<string, unknown>[] = [1, 2, 3, 4, 5].map((id) => ({
    id,
    name: `n${id}`,
    email: `p${id}@example.org`,
  }));
  const contacts = new Map<string, Contact>();
  const add = (contact: Contact): string => {
    const id = `c${contacts.size + 1}`;
    contacts.set(id, { ...contact, id });
    return id;
  };
  const store = await startApi((request, _body, response) => cursorPage(records, request, response, 10));
  const shop: { answer: Shop["answer"] } = { answer: undefined };
  const api = await startApi((request, body, response) => {
    const url = new URL(request.url ?? "/", "http://x");
    const status = shop.answer?.(`${request.method} ${url.pathname}`);
    if (status !== undefined) return json(response, status, { message: "as asked" });
    const id = url.pathname.split("/")[2];
    if (request.method === "POST") return json(response, 201, { id: add(JSON.parse(body) as Contact) });
    if (id === undefined) {
      const page = Number(url.searchParams.get("page") ?? 1);
      return json(response, 200, { data: [...contacts.values()].slice((page - 1) * 2, page * 2) });
    }
    const contact = contacts.get(id);
    if (contact === undefined) return json(response, 404, {});
    if (request.method === "PATCH") contacts.set(id, { ...contact, ...(JSON.parse(body) as Contact) });
    return json(response, 200, contacts.get(id));
  });
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}" }
  shop: { baseUrl: "${api.url}", lateWrite: 0s, retry: { attempts: 2, base: 1ms } }
syncs:
  contacts:${SOURCE}
      ${source}
    mapping: ${mapping}
    destination:
      connection: shop
      ${destination}
    ${sync}
`);
  add({ name: "n1", email: "P1@example.org" });
  add({ name: "an old name", email: "p2@example.org" });
  add({ name: "somebody else", email: "x@example.org" });
  add({ name: "n4", email: "p4@example.org" });
  add({ name: "n4 again", email: "p4@example.org" });
  const writes = (): readonly string[] =>
    api.requests.filter(({ method }) => method !== "GET").map(({ method, path }) => `${method} ${path}`);
  try {
    await check(Object.assign(shop, { api, contacts, records, place, writes }));
  } finally {
    place.remove();
    await Promise.all([store.stop(), api.stop()]);
  }
}

interface Line {
  readonly type: string;
  readonly kind?: string;
  readonly [member: string]: unknown;
}

async function told(place: Workplace, ...args: string[]) {
  const ran = await place.run(...args, "--json");
  const lines = ran.stdout
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);
  return { exitCode: ran.exitCode, lines, last: lines.at(-1) as Line };
}

const inOneLine = (text: string): string => text.replaceAll(/\s+/g, " ");

test("a first run that would create into a list that is not empty is refused, and writes nothing", () =>
  between({}, async ({ place, writes, contacts }) => {
    for (const args of [["run"], ["run", "--limit", "1"], ["run", "--full-refresh"]]) {
      const refused = await place.run(...args);
      assert.equal(refused.exitCode, 2);
      assert.match(refused.stderr + refused.stdout, /RUN_NOT_ADOPTED: contacts would create records that may be there/);
      assert.match(inOneLine(refused.stderr + refused.stdout), /evenkeel state adopt contacts/);
    }
    const plan = await place.run("plan");
    assert.equal(plan.exitCode, 1, "as a run would");
    assert.match(
      inOneLine(plan.stdout),
      /5 to create.* but a run would be refused: contacts would create records that may be there already.*\(RUN_NOT_ADOPTED\)/,
    );
    assert.match(inOneLine(plan.stdout), /next Take over those that are the same/);
    assert.deepEqual(writes(), []);
    assert.equal((await place.run("state", "adopt", "contacts", "--decline")).exitCode, 0);
    assert.equal((await place.run("run")).exitCode, 0);
    assert.deepEqual([contacts.size, writes().length], [10, 5], "declined: all are created");
    assert.equal((await place.run("run")).exitCode, 0);
    assert.equal(writes().length, 5);
    await place.run("state", "reset", "contacts", "--yes");
    assert.equal((await place.run("run")).exitCode, 0, "what is there is its own");
    await place.run("state", "reset", "contacts", "--entries", "--yes");
    const forgotten = await place.run("run");
    assert.equal(forgotten.exitCode, 2, "a ledger that forgot everything would double everything");
    assert.equal(writes().length, 5);
  }));

test("an empty list, or none, keeps no first run from creating", async () => {
  await between({}, async ({ place, contacts, writes }) => {
    contacts.clear();
    assert.equal((await place.run("run", "--limit", "1")).exitCode, 0);
    assert.equal((await place.run("run")).exitCode, 0, "its own record is no reason");
    assert.equal(writes().length, 5);
  });
  await between({ destination: "create: { request: POST /contacts, id: id }" }, async ({ place, writes }) => {
    assert.equal((await place.run("run")).exitCode, 0);
    assert.equal(writes().length, 5);
  });
});

test("a list that cannot be read does not count as empty", () =>
  between({}, async (shop) => {
    shop.answer = (request) => (request === "GET /contacts" ? 500 : undefined);
    const failed = await shop.place.run("run");
    assert.deepEqual([failed.exitCode, shop.writes()], [1, []]);
  }));

test("state adopt finds out which is which, writes nothing, and names what is ambiguous, missing and extra", () =>
  between({}, async ({ place, writes, contacts }) => {
    const dry = await told(place, "state", "adopt", "contacts", "--dry-run");
    assert.equal(dry.exitCode, 1);
    assert.equal((await place.run("run")).exitCode, 2, "a dry run decides nothing");
    const { exitCode, lines, last } = await told(place, "state", "adopt", "contacts");
    assert.deepEqual(lines.slice(0, -1), dry.lines.slice(0, -1));
    assert.equal(exitCode, 1, "a person must choose");
    const found = lines.slice(0, -1).map(({ kind, key, place: at }) => [kind, key ?? at]);
    assert.deepEqual(found, [
      ["adopted", "1"],
      ["adopted", "2"],
      ["missing", "3"],
      ["ambiguous", "4"],
      ["missing", "5"],
      ["extra", "c3"],
    ]);
    const { adopted, equal, ambiguous, missing, extra } = last;
    assert.deepEqual([adopted, equal, ambiguous, missing, extra], [2, 0, 1, 2, 1]);
    assert.deepEqual(writes(), []);
    const again = await told(place, "state", "adopt", "contacts");
    assert.deepEqual([again.last["known"], again.last["adopted"], again.last["ambiguous"]], [2, 0, 1]);
    const ran = await told(place, "run");
    assert.equal(ran.exitCode, 1, "what is ambiguous is not level");
    assert.deepEqual(
      writes().toSorted(),
      ["PATCH /contacts/c1", "PATCH /contacts/c2", "POST /contacts", "POST /contacts"].toSorted(),
    );
    assert.equal(contacts.get("c2")?.["name"], "n2");
    assert.equal(contacts.size, 7);
    assert.equal((await place.run("run")).exitCode, 1);
    assert.equal(writes().length, 4, "P11: the ambiguous one is not created, however often it runs");
  }));

test("P11: a record of either side for which `match` fails has no value to be matched by, and the others are adopted", () =>
  between({}, async ({ place, contacts, records }) => {
    Object.assign(records[2] as object, { email: null });
    contacts.set("c3", { id: "c3", name: "nobody", email: null });
    const { exitCode, lines, last } = await told(place, "state", "adopt", "contacts");
    assert.deepEqual([exitCode, last["adopted"], last["missing"], last["extra"]], [1, 2, 2, 1]);
    const why = "it has no value to be matched by: `$lowercase(email)`: `$lowercase` does not take null";
    assert.deepEqual(
      lines
        .filter((line) => line["why"] !== undefined)
        .map(({ kind, key, place: at, why: told }) => [kind, key ?? at, told]),
      [
        ["missing", "3", why],
        ["extra", "c3", why],
      ],
    );
    assert.match((await place.run("state", "adopt", "contacts")).stdout, /extra +c3 +it has no value to be matched by/);
  }));

test("P11: a listed record for which the list's key fails is extra, and the others are compared", () =>
  between(
    {
      destination: `upsert: "PUT /contacts/{email}"
      list: { request: GET /contacts, records: data, key: $lowercase(email), pagination: { type: page, param: page } }`,
    },
    async ({ place, contacts, records }) => {
      contacts.clear();
      for (const { id, name, email } of records) contacts.set(String(email), { ref: id, name, email });
      contacts.set("x", { name: "nobody", email: null });
      const { exitCode, last } = await told(place, "check", "contacts");
      assert.deepEqual([exitCode, last["equal"], last["extra"], last["missing"]], [4, 5, 1, 0]);
    },
  ));

test("what was adopted counts as level only once it was read back, and is not written when it is", () =>
  between({}, async ({ place, writes, contacts, api, records }) => {
    records.splice(1);
    contacts.set("c1", { id: "c1", ref: 1, name: "n1", email: "p1@example.org" });
    const adopted = await told(place, "state", "adopt", "contacts");
    assert.deepEqual([adopted.exitCode, adopted.last["equal"]], [0, 1]);
    // Somebody edits it before the first run.
    contacts.set("c1", { id: "c1", ref: 1, name: "edited", email: "p1@example.org" });
    const reads = () => api.requests.filter(({ method, path }) => method === "GET" && path === "/contacts/c1").length;
    assert.equal((await place.run("run")).exitCode, 0);
    assert.deepEqual([reads(), writes()], [1, ["PATCH /contacts/c1"]]);
    await place.run("run");
    assert.deepEqual([reads(), writes().length], [1, 1], "from then on the ledger knows");
    await place.run("state", "reset", "contacts", "--entries", "--yes");
    await place.run("state", "adopt", "contacts");
    const level = await told(place, "run");
    const counts = level.last["counts"] as Record<string, number>;
    assert.deepEqual([level.exitCode, counts["unchanged"], reads(), writes().length], [0, 1, 2, 1]);
    const { stdout } = await place.run("explain", "contacts", "1");
    assert.match(stdout, /adopted/);
  }));

test("a repair reads adopted records back with the list, all at once", () =>
  between({}, async ({ place, writes, contacts, api, records }) => {
    records.splice(2);
    contacts.set("c1", { id: "c1", ref: 1, name: "n1", email: "p1@example.org" });
    await place.run("state", "adopt", "contacts");
    const reads = () => api.requests.filter(({ path }) => path.startsWith("/contacts/c1")).length;
    await place.run("check", "contacts", "--repair");
    assert.deepEqual([reads(), writes()], [0, ["PATCH /contacts/c2"]]);
    assert.equal((await place.run("run")).exitCode, 0);
    assert.deepEqual([reads(), writes().length], [0, 1]);
  }));

test("an adopted record that has gone since is not created behind anybody's back, and repair does it", () =>
  between({}, async ({ place, writes, contacts, records }) => {
    records.splice(1);
    await place.run("state", "adopt", "contacts");
    contacts.delete("c1");
    const parked = await place.run("run");
    assert.equal(parked.exitCode, 1);
    assert.match(inOneLine(parked.stdout + parked.stderr), /does not show it under its id c1/);
    assert.deepEqual(writes(), []);
    await place.run("check", "contacts", "--repair");
    assert.deepEqual(writes(), ["POST /contacts"]);
    assert.equal((await place.run("run")).exitCode, 0);
  }));

test("the key map is exported as JSON lines, and imported into another ledger", () =>
  between({}, async ({ place, writes, contacts }) => {
    await place.run("state", "adopt", "contacts");
    await place.run("run");
    const { stdout, exitCode } = await place.run("state", "export", "contacts");
    assert.equal(exitCode, 0);
    const file = join(place.folder, "keys.jsonl");
    const ids = [...contacts.values()].filter(({ ref }) => ref !== undefined).map(({ id }) => id);
    assert.deepEqual(
      stdout
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { id: string }).id),
      ids,
    );
    assert.equal((await place.run("state", "export", "contacts", "--json")).stdout, stdout);
    // A person has chosen, and has it in a file of numbers and texts, which an editor has marked as UTF-8.
    writeFileSync(file, `\uFEFF${stdout}{"key":4,"id":"c4"}\n\n`);
    await place.run("state", "reset", "contacts", "--entries", "--yes");
    const imported = await told(place, "state", "import", "contacts", "keys.jsonl");
    assert.deepEqual([imported.exitCode, imported.last["imported"], imported.last["conflicts"]], [0, 5, []]);
    const before = writes().length;
    assert.equal((await place.run("run")).exitCode, 0);
    assert.deepEqual(
      writes().slice(before),
      ["PATCH /contacts/c4"],
      "the others were read back, and are as they should be",
    );
    writeFileSync(
      file,
      '{"key":"4","id":"c5"}\n{"key":"9","id":"c4"}\n{"key":"1","id":"c1"}\n{"key":"8","id":"c3"}\n{"key":"7","id":"c3"}',
    );
    const contradicts = await place.run("state", "import", "contacts", "keys.jsonl");
    assert.equal(contradicts.exitCode, 1);
    assert.match(contradicts.stdout, /4 → c5: the ledger has c4 for it/);
    assert.match(contradicts.stdout, /9 → c4: another record has c4 already/);
    assert.match(contradicts.stdout, /7 → c3: another record has c3 already/);
    assert.match(contradicts.stdout, /1 mapping imported, 1 known already, 3 left out/);
  }));

test("a record that could not be mapped when the destination was adopted is not created once it can be", () =>
  between({ mapping: "{ ref: id, name: $uppercase(name), email: email }" }, async ({ place, writes, records }) => {
    records.splice(1);
    records[0] = { id: 1, name: { first: "n1" }, email: "p1@example.org" };
    const adopted = await told(place, "state", "adopt", "contacts");
    assert.deepEqual([adopted.exitCode, adopted.last["invalid"]], [1, 1]);
    assert.equal((await place.run("run")).exitCode, 1);
    records[0] = { id: 1, name: "n1", email: "p1@example.org" };
    assert.equal((await place.run("run")).exitCode, 1);
    assert.deepEqual(writes(), [], "the destination may have it: it waits");
    assert.match(
      inOneLine((await place.run("rejects", "list", "contacts")).stdout),
      /ADOPTION_AMBIGUOUS: .*it cannot be mapped/,
    );
    const again = await told(place, "state", "adopt", "contacts");
    assert.deepEqual([again.exitCode, again.last["adopted"]], [0, 1]);
    assert.equal((await place.run("run")).exitCode, 0);
    assert.deepEqual(writes(), ["PATCH /contacts/c1"]);
  }));

/** Each has the one before it for a boss. */
function inChain(records: Record<string, unknown>[]): void {
  for (const record of records) record["boss"] = record["id"] === 1 ? null : Number(record["id"]) - 1;
}

const CHAIN = { mapping: `{ ref: id, name: name, email: email, boss: "$ref('contacts', boss)" }` };

test("records that refer to each other are adopted in one go, in whatever order, and none of them is created", () =>
  between(CHAIN, async ({ place, writes, contacts, records }) => {
    inChain(records);
    records.reverse();
    contacts.clear();
    for (const { id, name, email } of records) contacts.set(`c${String(id)}`, { id: `c${String(id)}`, name, email });
    const adopted = await told(place, "state", "adopt", "contacts");
    assert.deepEqual([adopted.exitCode, adopted.last["adopted"], adopted.last["invalid"]], [0, 5, 0]);
    const found = adopted.lines.slice(0, -1).map(({ kind, key }) => [kind, key]);
    assert.deepEqual(
      found,
      ["1", "2", "3", "4", "5"].map((key) => ["adopted", key]),
    );
    assert.equal((await place.run("run")).exitCode, 0);
    assert.equal((await place.run("rejects", "retry", "contacts", "--all")).exitCode, 0);
    assert.deepEqual(
      writes().toSorted(),
      [1, 2, 3, 4, 5].map((id) => `PATCH /contacts/c${id}`),
    );
    assert.equal(contacts.get("c5")?.["boss"], "c4");
  }));

test("a record that waits for one that is not there is created by no run and no `--all`: it says to adopt again, and that finds it", () =>
  between(CHAIN, async ({ place, writes, contacts, records }) => {
    records.splice(3);
    inChain(records);
    contacts.clear();
    contacts.set("x1", { id: "x1", name: "n1", email: "p1@example.org" });
    contacts.set("x3", { id: "x3", name: "n3", email: "p3@example.org" });
    const adopted = await place.run("state", "adopt", "contacts");
    assert.equal(adopted.exitCode, 1);
    assert.match(
      inOneLine(adopted.stdout),
      /1 record refers to one .* adopt again with `evenkeel state adopt contacts`/,
    );
    const ran = await place.run("run");
    assert.equal(ran.exitCode, 1);
    assert.match(inOneLine(ran.stdout), /why 1 record may be in the destination already.* next .*state adopt contacts/);
    assert.doesNotMatch(ran.stdout, /--all/);
    assert.match(
      inOneLine((await place.run("rejects", "list")).stdout),
      /ADOPTION_AMBIGUOUS: .*record 2 of contacts is not in its destination yet.*adopt again once what it refers to is/,
    );
    const all = await place.run("rejects", "retry", "contacts", "--all");
    assert.equal(all.exitCode, 1, "it stands, so not all is well");
    assert.match(inOneLine(all.stdout), /why 1 record may be in the destination already/);
    assert.deepEqual(writes(), ["POST /contacts", "PATCH /contacts/x1"].toSorted().toReversed());
    const again = await told(place, "state", "adopt", "contacts");
    assert.deepEqual([again.exitCode, again.last["adopted"], again.last["known"]], [0, 1, 2]);
    assert.equal((await place.run("run")).exitCode, 0);
    assert.equal(writes().filter((write) => write.startsWith("POST")).length, 1);
    assert.equal(contacts.size, 3);
  }));

test("what is ambiguous is created when it is tried again by its number", () =>
  between({}, async ({ place, writes, records }) => {
    records.splice(0, 3);
    records.splice(1);
    await place.run("state", "adopt", "contacts");
    const { last } = await told(place, "rejects", "list");
    assert.equal((await place.run("rejects", "retry", "contacts", String(last["id"]))).exitCode, 0);
    assert.deepEqual(writes(), ["POST /contacts"]);
  }));

test("what was ambiguous and is not any more is created: its rivals have gone, or nothing is taken over", async () => {
  for (const decline of [false, true])
    await between({}, async ({ place, writes, contacts, records }) => {
      records.splice(0, 3);
      records.splice(1);
      await place.run("state", "adopt", "contacts");
      assert.equal((await place.run("run")).exitCode, 1);
      if (!decline) {
        contacts.delete("c4");
        contacts.delete("c5");
      }
      await place.run("state", "adopt", "contacts", ...(decline ? ["--decline"] : []));
      assert.equal((await place.run("run")).exitCode, 0);
      assert.deepEqual(writes(), ["POST /contacts"]);
    });
});

test("what is imported after a complete incremental run is read back by the next one", () =>
  between(
    { source: "cursor: { field: id, type: integer, param: since, lookback: 0 }" },
    async ({ place, writes, contacts, records }) => {
      const [first] = records.splice(0, 4);
      contacts.clear();
      assert.equal((await place.run("run")).exitCode, 0);
      records.unshift(first as Record<string, unknown>);
      contacts.set("c9", { id: "c9", name: "an old name", email: "p1@example.org" });
      writeFileSync(join(place.folder, "keys.jsonl"), '{"key":1,"id":"c9"}\n');
      await place.run("state", "import", "contacts", "keys.jsonl");
      assert.equal((await place.run("run")).exitCode, 0);
      assert.deepEqual(writes(), ["POST /contacts", "PATCH /contacts/c9"]);
      assert.equal(contacts.get("c9")?.["name"], "n1");
    },
  ));

test("an import clears what was ambiguous; a line that is no mapping imports nothing, and is named by its place", () =>
  between({}, async ({ place, writes, contacts }) => {
    await place.run("state", "adopt", "contacts");
    const file = join(place.folder, "keys.jsonl");
    for (const [line, says] of [
      ["{", /keys\.jsonl:2/],
      ['{"key":"5"}', /it has no `id`/],
      ['{"key":"","id":"c1"}', /its key is empty/],
      ['{"key":"5","ids":"c1"}', /ids/],
    ] as const) {
      writeFileSync(file, `{"key":"4","id":"c5"}\n${line}\n`);
      const refused = await place.run("state", "import", "contacts", "keys.jsonl");
      assert.equal(refused.exitCode, 2);
      assert.match(inOneLine(refused.stderr), says);
    }
    assert.doesNotMatch((await place.run("state", "export", "contacts")).stdout, /c5/);
    writeFileSync(file, '{"key":"4","id":"c5"}\n');
    await place.run("state", "import", "contacts", "keys.jsonl");
    assert.equal((await place.run("run")).exitCode, 0);
    assert.equal(contacts.get("c5")?.["name"], "n4");
    assert.equal(writes().filter((write) => write.startsWith("POST")).length, 2);
    assert.equal(readFileSync(file, "utf8").length > 0, true);
  }));

test("an import of nothing decides nothing: the first run is refused as before", () =>
  between({}, async ({ place, writes }) => {
    writeFileSync(join(place.folder, "keys.jsonl"), "");
    const imported = await place.run("state", "import", "contacts", "keys.jsonl");
    assert.match(imported.stdout, /0 mappings imported/);
    const refused = await place.run("run");
    assert.equal(refused.exitCode, 2);
    assert.match(refused.stderr + refused.stdout, /RUN_NOT_ADOPTED/);
    assert.deepEqual(writes(), []);
  }));

test("where records have their own addresses, adoption spares the writes of what is there already", () =>
  between(
    {
      destination: `upsert: "PATCH /contacts/{ref}"
      read: "GET /contacts/{ref}"
      list: { request: GET /contacts, records: data, key: ref, pagination: { type: page, param: page } }`,
    },
    async ({ place, writes, contacts, records }) => {
      contacts.clear();
      for (const { id, ...rest } of records.slice(0, 3)) contacts.set(String(id), { ref: id, ...rest, id: String(id) });
      contacts.set("2", { ...contacts.get("2"), name: "old" });
      records.splice(3);
      const adopted = await told(place, "state", "adopt", "contacts");
      assert.deepEqual([adopted.exitCode, adopted.last["adopted"], adopted.last["equal"]], [0, 3, 2]);
      assert.equal((await place.run("run")).exitCode, 0);
      assert.deepEqual(writes(), ["PATCH /contacts/2"]);
    },
  ));

test("an id that the config does not find, and a match that the list has not, are said", async () => {
  const list = "list: { request: GET /contacts, records: data, key: email, pagination: { type: page, param: page } }";
  const create = `create: { request: POST /contacts, id: id }\n      update: "PATCH /contacts/{$id}"\n      ${list}`;
  await between({ destination: create }, async ({ place }) => {
    const unknown = await place.run("state", "adopt", "contacts");
    assert.equal(unknown.exitCode, 2);
    assert.match(inOneLine(unknown.stdout + unknown.stderr), /Declare `adopt: \{ id: \.\.\. \}`/);
  });
  await between({ destination: `${create}\n      adopt: { id: number }` }, async ({ place }) => {
    const none = await place.run("state", "adopt", "contacts");
    assert.equal(none.exitCode, 2);
    assert.match(inOneLine(none.stdout + none.stderr), /has no id where the config looks for it/);
  });
  await between({ destination: `${create}\n      adopt: { id: id }` }, async ({ place, writes }) => {
    assert.equal((await place.run("state", "adopt", "contacts")).exitCode, 1);
    assert.deepEqual(writes(), []);
  });
  await between(
    { destination: "create: { request: POST /contacts, id: id }\n      adopt: { id: id }" },
    async ({ place }) => {
      const refused = await place.run("validate");
      assert.equal(refused.exitCode, 2);
      assert.match(inOneLine(refused.stderr), /needs `list`/);
    },
  );
});

test("where no record of the source can be matched, nothing is called missing, and no run creates it all once more", () =>
  between({ destination: DESTINATION.replace("$lowercase(email)", "phone") }, async ({ place, contacts, writes }) => {
    contacts.set("c1", { id: "c1", email: "p1@example.org" });
    const adopted = await place.run("state", "adopt", "contacts");
    assert.equal(adopted.exitCode, 2, adopted.stdout);
    assert.match(adopted.stdout + adopted.stderr, /no record of the source can be matched/);
    assert.match(adopted.stdout + adopted.stderr, /adopt: \{ match/);
    assert.notEqual((await place.run("run")).exitCode, 0);
    assert.deepEqual(writes(), []);
  }));

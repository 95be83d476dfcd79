import assert from "node:assert/strict";
import { test } from "node:test";
import { cursorPage, ending, json, SOURCE, startApi, Workplace, type Api, type Ran } from "./harness.ts";

interface Person {
  readonly id: number;
  readonly email: string;
}

interface Contact {
  ref: number;
  email: string;
}

interface Sides {
  readonly people: Person[];
  readonly contacts: Map<string, Contact>;
  readonly place: Workplace;
  readonly crm: Api;
  run(...args: string[]): Promise<Ran>;
}

const FIND = `find: { request: GET /contacts, query: { ext: "{$key}" }, record: "data[0]", id: id }`;

/** A CRM that takes two contacts with one email for the same, and whose search ignores a parameter that it does not know. */
async function between(
  { destination, sync = "" }: { readonly destination: string; readonly sync?: string },
  check: (sides: Sides) => Promise<void>,
): Promise<void> {
  const people: Person[] = [1, 2, 3].map((id) => ({ id, email: `${id}@x` }));
  const contacts = new Map<string, Contact>();
  let ids = 0;
  const store = await startApi((request, _body, response) => cursorPage(people, request, response));
  const crm = await startApi((request, body, response) => {
    const url = new URL(request.url ?? "/", "http://x");
    const [, , id = ""] = url.pathname.split("/");
    if (request.method === "GET")
      return json(response, 200, { data: [...contacts].map(([each, contact]) => ({ id: each, ...contact })) });
    if (request.method === "DELETE") return json(response, contacts.delete(id) ? 204 : 404, undefined);
    const given = JSON.parse(body) as Contact;
    if (request.method === "PATCH") {
      contacts.set(id, { ...(contacts.get(id) as Contact), ...given });
      return json(response, 200, {});
    }
    const [same] = [...contacts].find(([, { email }]) => email === given.email) ?? [`c${(ids += 1)}`];
    contacts.set(same, given);
    return json(response, 201, { id: same });
  });
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}" }
  crm: { baseUrl: "${crm.url}", lateWrite: 0s }
syncs:
  people:${SOURCE}
    mapping: { ref: id, email: email }
    destination:
      connection: crm
      create: { request: POST /contacts, id: id }
      update: "PATCH /contacts/{$id}"
      ${destination}
    ${sync}
`);
  try {
    await check({ people, contacts, place, crm, run: (...args) => place.run("run", "--json", ...args) });
  } finally {
    place.remove();
    await Promise.all([store.stop(), crm.stop()]);
  }
}

const refusals = (ran: Ran): readonly string[] =>
  ran.events.flatMap((event) => (event.type === "rejected" ? [`${event.key}: ${String(event["reason"])}`] : []));

test("U5: an id that the destination gives two records belongs to the first, and the other's delete does not delete it", () =>
  between(
    { destination: `delete: "DELETE /contacts/{$id}"`, sync: "deletes: { mode: mirror, guard: { percent: 100 } }" },
    async ({ people, contacts, run, place, crm }) => {
      people[1] = { id: 2, email: "1@x" };
      const first = await run();
      assert.deepEqual([first.exitCode, ending(first).counts.created, ending(first).counts.rejected], [1, 2, 1]);
      const [refusal = ""] = refusals(first);
      assert.match(refusal, /^(?:1|2): the destination gives it the id c1, which is that of record (?:1|2)/);
      assert.match((await place.run("rejects", "list", "people", "--json")).stdout, /"ID_SHARED"/);
      // It may be there under another id: nothing creates it again but a person, who names it.
      const refusedId = Number(refusal[0]);
      people[refusedId - 1] = { id: refusedId, email: "changed@x" };
      const before = crm.requests.filter(({ method }) => method === "POST").length;
      await run();
      await place.run("rejects", "retry", "people", "--all");
      assert.equal(crm.requests.filter(({ method }) => method === "POST").length, before);
      // The record that has the id stays, and the other one goes.
      const refused = Number(refusal[0]);
      people.splice(
        people.findIndex(({ id }) => id === refused),
        1,
      );
      for (let read = 0; read < 3; read++) await run();
      assert.ok(contacts.has("c1"), "it is still the record of the one that has its id");
    },
  ));

test("U5: what a search shows of somebody else's is written by no two keys, and probe says so before", () =>
  between({ destination: FIND }, async ({ people, contacts, place, run, crm }) => {
    contacts.set("zz", { ref: 99, email: "stranger@x" });
    const probed = await place.run("probe");
    assert.equal(probed.exitCode, 1);
    assert.match(
      probed.stdout.replaceAll(/\s+/g, " "),
      /`find` gives two records of the source the same one of the destination \(zz\)/,
    );
    const first = await run();
    const counts = ending(first).counts;
    // Whose the stranger is nobody can tell, so one of them may have it.
    assert.deepEqual([first.exitCode, counts.rejected, contacts.size], [1, 2, 1], first.stdout);
    const patches = () => crm.requests.filter(({ method }) => method === "PATCH").length;
    assert.equal(patches(), 1);
    people.push({ id: 4, email: "4@x" });
    const second = await run();
    assert.equal(ending(second).counts.rejected, 1, "the ledger knows whose it is");
    assert.equal(patches(), 1);
  }));

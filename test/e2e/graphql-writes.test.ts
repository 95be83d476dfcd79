import assert from "node:assert/strict";
import { test } from "node:test";
import { cursorPage, ending, json, SOURCE, startApi, Workplace, type Api, type Ran } from "./harness.ts";

interface Asked {
  readonly query: string;
  readonly variables: { readonly input: { readonly ref: number; readonly name: string } };
}

/** A GraphQL API that takes one mutation a request; `bad` names are errors of the mutation, `odd` ones of the request. */
async function between(
  destination: string,
  check: (sides: { held: Map<number, string>; crm: Api; run: () => Promise<Ran> }) => Promise<void>,
): Promise<void> {
  const rows = ["a", "bad", "odd", "b"].map((name, index) => ({ id: index + 1, name }));
  const held = new Map<number, string>();
  const store = await startApi((request, _body, response) => cursorPage(rows, request, response));
  const crm = await startApi((_request, body, response) => {
    const { ref, name } = (JSON.parse(body) as Asked).variables.input;
    if (name === "odd") return json(response, 200, { errors: [{ message: "no such input" }] });
    if (name === "bad") return json(response, 200, { data: { save: null }, errors: [{ message: "timed out" }] });
    held.set(ref, name);
    return json(response, 200, { data: { save: { id: `c${ref}` } } });
  });
  const place = new Workplace();
  place.write(`
connections:
  store: { baseUrl: "${store.url}" }
  crm: { baseUrl: "${crm.url}", retry: { attempts: 2, base: 1ms } }
syncs:
  records:${SOURCE}
    mapping: { ref: id, name: name }
    destination:
      connection: crm
      ${destination}
`);
  try {
    await check({ held, crm, run: () => place.run("run", "--json") });
  } finally {
    place.remove();
    await Promise.all([store.stop(), crm.stop()]);
  }
}

const MUTATION = `'query': 'mutation ($input: In!) { save(input: $input) { id } }'`;

test("R1: a mutation whose answer has errors is none that was applied", () =>
  between(
    `create: { request: POST /graphql, body: "{ ${MUTATION}, 'variables': { 'input': $ } }", id: data.save.id }`,
    async ({ held, crm, run }) => {
      const ran = await run();
      const { created, rejected } = ending(ran).counts;
      assert.deepEqual([ran.exitCode, created, rejected, [...held.values()]], [1, 2, 1, ["a", "b"]]);
      assert.equal(crm.requests.length, 4, "what may have been done is not sent again");
    },
  ));

test("records of a GraphQL API that all have one address are told apart in batches of one", () =>
  between(
    `upsertMany: { request: POST /graphql, size: 1, body: "{ ${MUTATION}, 'variables': { 'input': $[0] } }" }`,
    async ({ held, run }) => {
      const { created, rejected } = ending(await run()).counts;
      assert.deepEqual([created, rejected, [...held.values()]], [2, 1, ["a", "b"]]);
    },
  ));

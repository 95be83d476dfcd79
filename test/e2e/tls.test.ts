import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { ending, json, Workplace } from "./harness.ts";

const file = (name: string): string => fileURLToPath(new URL(`tls/${name}`, import.meta.url));

/** An API whose certificate nobody trusts: `tls/` has it, and its key, for 127.0.0.1. */
const server = createServer({ key: readFileSync(file("key.pem")), cert: readFileSync(file("certificate.pem")) });

suite("S6: an API is who its certificate says, or gets no request", () => {
  let requests = 0;
  let config = "";

  before(async () => {
    server.on("request", (request, response) => {
      requests += 1;
      request.resume();
      request.on("end", () => json(response, 200, request.method === "GET" ? { data: [{ id: 1 }] } : {}));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    config = `
connections:
  api:
    baseUrl: "https://127.0.0.1:${(server.address() as AddressInfo).port}"
    auth: { type: bearer, token: "\${TOKEN}" }
    retry: { attempts: 1 }
syncs:
  records:
    source: { connection: api, request: GET /records, records: data, key: id, pagination: { type: none } }
    destination: { connection: api, upsert: "PUT /items/{id}" }
`;
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });

  const run = async (environment: Record<string, string>) => {
    const place = new Workplace({ TOKEN: "secret-token-4711", ...environment });
    place.write(config);
    const ran = await place.run("run", "--json");
    place.remove();
    return ran;
  };

  for (const environment of [{}, { NODE_TLS_REJECT_UNAUTHORIZED: "0" }]) {
    test(`one that nobody trusts is refused, with ${JSON.stringify(environment)} in the environment`, async () => {
      const ran = await run(environment);
      assert.equal(ran.exitCode, 3);
      assert.deepEqual([ending(ran).error?.code, requests], ["API_UNREACHABLE", 0]);
      assert.match(ending(ran).error?.message ?? "", /self-signed certificate/);
    });
  }

  test("one of an authority that Node is told to trust is accepted", async () => {
    const ran = await run({ NODE_EXTRA_CA_CERTS: file("certificate.pem") });
    assert.equal(ran.exitCode, 0, ran.stdout + ran.stderr);
    assert.equal(ending(ran).counts.created, 1);
  });
});

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { after, before, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { ending, json, startApi, Workplace } from "./harness.ts";

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
      assert.match(ending(ran).error?.next ?? "", /`tls: \{ ca: /);
      assert.equal(ending(ran).counts.retries, 0, "asking again changes nothing");
    });
  }

  test("so is the destination's, and its run ends", async () => {
    const store = await startApi((_request, _body, response) => json(response, 200, { data: [{ id: 1 }] }));
    const place = new Workplace();
    place.write(
      config
        .replace("connections:", `connections:\n  store: { baseUrl: "${store.url}" }`)
        .replace("source: { connection: api", "source: { connection: store"),
    );
    const ran = await place.run("run", "--json");
    place.remove();
    await store.stop();
    assert.deepEqual([ran.exitCode, ending(ran).error?.code, ending(ran).counts.parked], [3, "API_UNREACHABLE", 1]);
    assert.match(ending(ran).error?.next ?? "", /`tls: \{ ca: /);
  });

  test("one of an authority that Node is told to trust is accepted", async () => {
    const ran = await run({ NODE_EXTRA_CA_CERTS: file("certificate.pem") });
    assert.equal(ran.exitCode, 0, ran.stdout + ran.stderr);
    assert.equal(ending(ran).counts.created, 1);
  });
});

test("an authority of the connection's own, and a client that shows a certificate", async () => {
  const [key, cert] = [readFileSync(file("key.pem")), readFileSync(file("certificate.pem"))];
  let shown = "";
  const strict = createServer(
    { key, cert, ca: cert, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      shown = (request.socket as TLSSocket).getPeerCertificate().fingerprint256;
      request.resume();
      request.on("end", () => json(response, 200, request.method === "GET" ? { data: [{ id: 1 }] } : {}));
    },
  );
  await new Promise<void>((done) => strict.listen(0, "127.0.0.1", done));
  const place = new Workplace();
  const ran = async (tls: string) => {
    place.write(`
connections:
  api:
    baseUrl: "https://127.0.0.1:${(strict.address() as AddressInfo).port}"
    tls: ${tls}
    retry: { attempts: 1 }
syncs:
  records:
    source: { connection: api, request: GET /records, records: data, key: id, pagination: { type: none } }
    destination: { connection: api, upsert: "PUT /items/{id}" }
`);
    return place.run("run", "--json");
  };
  const pem = (name: string): string => `"\${file:${file(name)}}"`;
  try {
    const both = await ran(
      `{ ca: ${pem("certificate.pem")}, cert: ${pem("certificate.pem")}, key: ${pem("key.pem")} }`,
    );
    assert.equal(both.exitCode, 0, both.stdout + both.stderr);
    assert.equal(shown, new X509Certificate(cert).fingerprint256);
    assert.doesNotMatch(both.stdout, /PRIVATE KEY/);
    assert.notEqual((await ran(`{ ca: ${pem("certificate.pem")} }`)).exitCode, 0, "it shows none");
    const path = await ran("{ ca: certificate.pem }");
    assert.equal(path.exitCode, 2);
    assert.match(path.stdout, /is no PEM text; `\$\{file:path\}` reads one from a file/);
  } finally {
    place.remove();
    strict.close();
    strict.closeAllConnections();
  }
});

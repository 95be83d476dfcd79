import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { EvenkeelError } from "../core/errors.ts";
import { loadConfig } from "./load.ts";

const read = (name: string): string => readFileSync(new URL(`../../test/e2e/tls/${name}`, import.meta.url), "utf8");
const pem = (type: "rsa" | "ec", format: "pkcs1" | "pkcs8" | "sec1", passphrase?: string): string => {
  const locked = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase };
  const { privateKey } =
    type === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: 2_048 })
      : generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: format, format: "pem", ...locked } as { type: "pkcs8"; format: "pem" });
};

const certificate = read("certificate.pem");
const FILES: Readonly<Record<string, string>> = {
  "ca.pem": certificate,
  "two.pem": `# company\n${certificate}\n${certificate}`,
  "broken.pem": `${certificate}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
  "key.pem": read("key.pem"),
  "other.pem": pem("rsa", "pkcs8"),
  "pkcs1.pem": pem("rsa", "pkcs1"),
  "sec1.pem": pem("ec", "sec1"),
  "locked.pem": pem("rsa", "pkcs8", "secret"),
  "words.pem": "hello",
};

/** What loading says of a connection that has this. */
async function problemOf(connection: string, placeholder?: (name: string) => string): Promise<string | undefined> {
  const file = "/project/evenkeel.yaml";
  const config = `
connections:
  a: { baseUrl: "https://a.example", ${connection} }
syncs:
  s:
    source: { connection: a, request: GET /x, key: id, pagination: { type: none } }
    destination: { connection: a, upsert: "PUT /items/{id}" }
`;
  const readFile = (path: string): string => {
    const text = path === file ? config : FILES[path.slice("/project/".length)];
    if (text === undefined) throw new Error("there is none");
    return text;
  };
  try {
    await loadConfig({ file, env: {}, readFile, ...(placeholder === undefined ? {} : { placeholder }) });
    return undefined;
  } catch (error) {
    assert.ok(error instanceof EvenkeelError, String(error));
    return `${error.message} ${error.next}`;
  }
}

const tls = (parts: Readonly<Record<string, string>>): string =>
  `tls: { ${Object.entries(parts)
    .map(([name, file]) => `${name}: "\${file:${file}}"`)
    .join(", ")} }`;
const jwt = (algorithm: string, file: string): string =>
  `auth: { type: jwt, algorithm: ${algorithm}, key: "\${file:${file}}" }`;

suite("certificates and keys are looked at before anything connects", () => {
  for (const fit of [
    tls({ ca: "ca.pem" }),
    tls({ ca: "two.pem" }),
    tls({ cert: "ca.pem", key: "key.pem" }),
    jwt("RS256", "other.pem"),
    jwt("RS256", "pkcs1.pem"),
    jwt("ES256", "sec1.pem"),
    jwt("HS256", "words.pem"),
  ])
    test(`fit: ${fit}`, async () => assert.equal(await problemOf(fit), undefined));

  const unfit: readonly (readonly [string, RegExp])[] = [
    [
      tls({ ca: "key.pem" }),
      /:3:\d+: `connections\.a\.tls\.ca` \(`\$\{file:key\.pem\}`\) has no certificate in it, but a PRIVATE KEY/,
    ],
    [tls({ ca: "words.pem" }), /tls\.ca` \(`\$\{file:words\.pem\}`\) is no PEM text; `\$\{file:path\}` reads one/],
    [tls({ ca: "broken.pem" }), /tls\.ca` .*has a certificate that cannot be read, number 2 of its 2/],
    [tls({ cert: "ca.pem" }), /tls\.cert` .*is of no use without `key`.*Add `tls\.key`/],
    [tls({ key: "key.pem" }), /tls\.key` .*is of no use without `cert`/],
    [
      tls({ cert: "ca.pem", key: "other.pem" }),
      /tls\.key` \(`\$\{file:other\.pem\}`\) is not the key of the certificate in `cert`/,
    ],
    [tls({ cert: "ca.pem", key: "ca.pem" }), /tls\.key` .*is no private key that can be read/],
    [tls({ cert: "ca.pem", key: "locked.pem" }), /tls\.key` .*openssl pkcs8 -topk8 -nocrypt/],
    [jwt("RS256", "locked.pem"), /auth\.key` .*openssl pkcs8 -topk8 -nocrypt/],
    [jwt("ES256", "other.pem"), /auth\.key` .*is of the kind rsa, and ES256 takes ec/],
    [jwt("RS256", "words.pem"), /auth\.key` .*is no PEM text/],
  ];
  for (const [connection, expected] of unfit)
    test(`unfit: ${connection}`, async () => {
      const said = await problemOf(connection);
      assert.match(said ?? "", expected);
      assert.doesNotMatch(said ?? "", /-----BEGIN|MII/, "S6: no key is quoted");
    });

  test("what stands for a file that is not there is no problem", async () => {
    const placeholder = (name: string): string => `https://${name}.invalid`;
    for (const connection of [tls({ ca: "gone.pem", cert: "gone.pem", key: "gone.key" }), jwt("RS256", "gone.pem")])
      assert.equal(await problemOf(connection, placeholder), undefined);
  });
});

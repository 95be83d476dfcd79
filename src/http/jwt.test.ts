import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { jwtVerify } from "jose";
import { EvenkeelError } from "../core/errors.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { createJwtAuth, type JwtOptions } from "./jwt.ts";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey;
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

const signed = async (algorithm: JwtOptions["algorithm"], key: string): Promise<string> => {
  const [keyId, issuer, subject, audience] = [undefined, "me", undefined, undefined];
  const options = { algorithm, key, keyId, issuer, subject, audience, claims: {}, lifetimeMs: 60_000 };
  const { headers } = await createJwtAuth(options, new VirtualClock()).apply();
  return headers["authorization"]?.replace("Bearer ", "") ?? "";
};

test("a private key signs whichever PEM it stands in", async () => {
  const clock = new VirtualClock();
  for (const [algorithm, key, type] of [
    ["RS256", rsa, "pkcs8"],
    ["RS256", rsa, "pkcs1"],
    ["ES256", ec, "pkcs8"],
    ["ES256", ec, "sec1"],
  ] as const) {
    const token = await signed(algorithm, String(key.export({ type: type as "pkcs8", format: "pem" })));
    const { payload } = await jwtVerify(token, createPublicKey(key), { currentDate: new Date(clock.wallMs()) });
    assert.equal(payload.iss, "me");
  }
});

test("a key that cannot sign says how to make one of it that can", async () => {
  const locked = String(rsa.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" }));
  await assert.rejects(signed("RS256", locked), (error: unknown) => {
    assert.ok(error instanceof EvenkeelError);
    assert.equal(error.code, "API_CREDENTIALS_REFUSED");
    assert.match(error.next ?? "", /goes with RS256; `openssl pkcs8 -topk8 -nocrypt/);
    return true;
  });
});

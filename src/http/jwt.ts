import { createPrivateKey } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import { RenewedToken, type Token } from "./renewed-token.ts";
import { refusedCredentials, type Auth } from "./auth.ts";

export const JWT_ALGORITHMS = [
  "HS256",
  "HS384",
  "HS512",
  "RS256",
  "RS384",
  "RS512",
  "ES256",
  "ES384",
  "EdDSA",
] as const;

export interface JwtOptions {
  readonly algorithm: (typeof JWT_ALGORITHMS)[number];
  /** The shared secret, or a private key as PEM. */
  readonly key: string;
  readonly keyId: string | undefined;
  readonly issuer: string | undefined;
  readonly subject: string | undefined;
  readonly audience: string | undefined;
  readonly claims: Readonly<Record<string, string>>;
  readonly lifetimeMs: number;
}

/** Algorithms whose key is a secret that both sides know; of the others it is a private key. */
export const isShared = (algorithm: JwtOptions["algorithm"]): boolean => algorithm.startsWith("HS");

/** A bearer token that the client signs itself, anew before it runs out (RFC 7519). */
export function createJwtAuth(options: JwtOptions, clock: Clock): Auth {
  const { algorithm, key, keyId, issuer, subject, audience, claims, lifetimeMs } = options;
  const sign = async (): Promise<Token> => {
    // Only who signs waits for it to be loaded.
    const { SignJWT } = await import("jose");
    const atS = Math.floor(clock.wallMs() / 1_000);
    const jwt = new SignJWT({ ...claims })
      .setProtectedHeader({ alg: algorithm, typ: "JWT", ...(keyId === undefined ? {} : { kid: keyId }) })
      .setIssuedAt(atS)
      .setExpirationTime(atS + Math.max(1, Math.floor(lifetimeMs / 1_000)));
    if (issuer !== undefined) jwt.setIssuer(issuer);
    if (subject !== undefined) jwt.setSubject(subject);
    if (audience !== undefined) jwt.setAudience(audience);
    try {
      const signer = isShared(algorithm) ? new TextEncoder().encode(key) : createPrivateKey(key);
      return { value: await jwt.sign(signer), lifetimeMs };
    } catch (error) {
      throw refusedCredentials(`the token cannot be signed with \`key\`: ${(error as Error).message}`, {
        cause: error,
        next: `\`key\` is a private key as PEM that goes with ${algorithm}; \`openssl pkcs8 -topk8 -nocrypt -in key.pem\` makes one without a passphrase of it.`,
      });
    }
  };
  const token = new RenewedToken(sign, clock);
  return {
    apply: () => token.credentials(),
    refresh: (refused) => token.renew(refused),
    secrets: [key],
    identity: JSON.stringify([algorithm, issuer, subject, audience, claims, key]),
  };
}

import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import type { Problem } from "../core/errors.ts";
import { isShared } from "../http/jwt.ts";
import type { Config, ConnectionConfig } from "./config.ts";
import { valueAt, type Document, type Path } from "./document.ts";
import { problemAt } from "./problems.ts";

interface Unfit {
  readonly path: Path;
  readonly message: string;
  readonly next?: string;
}

/** Certificates and keys that no connection could be made with. */
export function unfitKeys(config: Config, document: Document): readonly Problem[] {
  return Object.entries(config.connections).flatMap(([name, { tls, auth }]) =>
    [...unfitTls(tls), ...unfitSigner(auth)].map(({ path, message, next }) => {
      const whole = ["connections", name, ...path];
      return problemAt(document, whole, origin(document, whole) + message, next === undefined ? {} : { next });
    }),
  );
}

/** `(${file:ca.pem}) `: where a text is from that is not written in the config itself. */
function origin(document: Document, path: Path): string {
  const written = valueAt(document.value, path);
  return typeof written === "string" && /^\$\{[^}]*\}$/.test(written) ? `(\`${written}\`) ` : "";
}

function unfitTls({ ca, cert, key }: ConnectionConfig["tls"]): readonly Unfit[] {
  const authorities = ca === undefined ? undefined : certificatesIn(ca, "ca");
  const own = cert === undefined ? undefined : certificatesIn(cert, "cert");
  const secret = key === undefined ? undefined : privateKey(key, ["tls", "key"]);
  const problems = [authorities, own, secret].filter((reading) => reading?.ok === false);
  if (problems.length > 0) return problems.map(({ problem }) => problem);
  if ((own === undefined) !== (secret === undefined)) {
    const [path, other] = own === undefined ? [["tls", "key"], "cert"] : [["tls", "cert"], "key"];
    return [{ path, message: `is of no use without \`${other}\``, next: `Add \`tls.${other}\`, or leave it out.` }];
  }
  const fits = own?.ok !== true || secret?.ok !== true || own.value.checkPrivateKey(secret.value);
  const message = "is not the key of the certificate in `cert`";
  return fits ? [] : [{ path: ["tls", "key"], message, next: "The first certificate in `cert` is the client's own." }];
}

/** Kinds of keys by the beginning of the algorithm's name (RFC 7518, 3.1; RFC 8037, 3.1). */
const KEY_KINDS: Readonly<Record<string, string>> = { RS: "rsa", ES: "ec", Ed: "ed25519" };

/** A key that a token is signed with. */
function unfitSigner(auth: ConnectionConfig["auth"]): readonly Unfit[] {
  if (auth.type !== "jwt" || isShared(auth.algorithm)) return [];
  const path = ["auth", "key"];
  const reading = privateKey(auth.key, path);
  if (!reading.ok) return [reading.problem];
  const [kind, wanted] = [reading.value.asymmetricKeyType, KEY_KINDS[auth.algorithm.slice(0, 2)]];
  return kind === wanted ? [] : [{ path, message: `is of the kind ${kind}, and ${auth.algorithm} takes ${wanted}` }];
}

type Reading<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly problem: Unfit };

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^]*?-----END \1-----/g;

/** The first of the certificates, all of which can be read. */
function certificatesIn(pem: string, name: "ca" | "cert"): Reading<X509Certificate> {
  const path = ["tls", name];
  const blocks = [...pem.matchAll(BLOCK)];
  const kinds = [...new Set(blocks.map(([, kind]) => kind))].join(", ");
  const texts = blocks.filter(([, kind]) => kind?.endsWith("CERTIFICATE") === true).map(([text]) => text);
  if (texts.length === 0) {
    const found = kinds === "" ? "" : `, but a ${kinds}`;
    const isText = pem.includes("-----BEGIN ");
    const message = isText
      ? `has no certificate in it${found}`
      : "is no PEM text; `${file:path}` reads one from a file";
    return { ok: false, problem: { path, message } };
  }
  const certificates: X509Certificate[] = [];
  for (const text of texts)
    try {
      certificates.push(new X509Certificate(text));
    } catch (error) {
      const which = `number ${certificates.length + 1} of its ${texts.length}`;
      const message = `has a certificate that cannot be read, ${which}: ${(error as Error).message}`;
      return { ok: false, problem: { path, message } };
    }
  return { ok: true, value: certificates[0] as X509Certificate };
}

function privateKey(pem: string, path: Path): Reading<KeyObject> {
  try {
    return { ok: true, value: createPrivateKey(pem) };
  } catch (error) {
    const message = pem.includes("-----BEGIN ")
      ? `is no private key that can be read: ${(error as Error).message}`
      : "is no PEM text; `${file:path}` reads one from a file";
    const next = "`openssl pkcs8 -topk8 -nocrypt -in key.pem -out plain.pem` takes the passphrase off a key.";
    return { ok: false, problem: { path, message, ...(/ENCRYPTED/.test(pem) ? { next } : {}) } };
  }
}

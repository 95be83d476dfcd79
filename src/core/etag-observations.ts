import { advice, fact, trouble, type Observation } from "./observation.ts";

/** The ETag of a record's answer, and what it is good for. `declared`: writes bear it as their precondition. */
export function observeEtag(
  etag: string | undefined,
  { end, declared }: { readonly end: "source" | "destination"; readonly declared: boolean },
): Observation {
  const where = `the answer for one record of the ${end}`;
  if (etag === undefined) {
    if (!declared) return fact("etag", `${where} has no ETag`);
    return trouble(
      "etag",
      `\`precondition: etag\` is declared, and ${where} has no ETag`,
      "Declare the field that is the version (`precondition: { version: ..., send: ... }`), or leave `precondition` out.",
    );
  }
  // RFC 9110, 8.8.1 and 13.1.1: a weak one tells that a record has changed in meaning, and If-Match never holds for it.
  const isWeak = etag.startsWith("W/");
  const kind = isWeak ? "a weak ETag, for which RFC 9110 lets no `If-Match` hold" : "a strong ETag";
  const text = `${where} has ${kind}: ${etag}`;
  if (end === "source" || (declared && !isWeak)) return fact("etag", text);
  if (declared)
    return advice(
      "etag",
      text,
      "Some APIs take it all the same. If writes end with 412 again and again, declare the field that is the version (`precondition: { version: ..., send: ... }`).",
    );
  return advice(
    "etag",
    text,
    `Declare \`precondition: etag\` if ${isWeak ? "the API takes it all the same and " : ""}nobody else's change may be overwritten unseen.`,
  );
}

/** Removes secrets from whatever is shown, stored or thrown (S6), and makes remote text harmless to a terminal (S7). */
export interface Redactor {
  /** By value, and by name where the text is JSON, a form, or looks like one. */
  text(text: string): string;
  /** The same for the beginning of a text that may be long; says so when it was cut. Control characters are escaped. */
  excerpt(text: string, charsMax: number): string;
  /** @param hidden names, in lower case, that carry credentials although they do not look like it */
  headers(headers: Readonly<Record<string, string>>, hidden?: ReadonlySet<string>): Record<string, string>;
  url(url: string, hidden?: ReadonlySet<string>): string;
  /** A secret that is one as long as the process lives. */
  keep(secret: string): void;
  /** A secret for a time, such as a token that was fetched; old ones make room for new ones. */
  learn(secret: string): void;
}

const HIDDEN = "[redacted]";

/** Values shorter than this occur in innocent text; they are hidden by name only. */
const SECRET_CHARS_MIN = 4;

/** Tokens that are fetched anew replace each other; older ones have expired. */
const LEARNED_MAX = 64;

const SECRET_WORD = "token|secret|passw(?:or)?d|api[-_]?key|credential|signature";

/** Names whose values are credentials, wherever they come from. */
const SECRET_NAME = new RegExp(`^(?:(?:proxy-)?authorization|(?:set-)?cookie|.*(?:${SECRET_WORD}).*)$`, "i");

/** Of these, those that mark a page, which everybody needs to see: `page_token`, `nextPageToken`, `continuation_token`. */
const PAGE_NAME = /page|cursor|continuation|sync|delta/i;

/** A member of a JSON object; the text may end within it. */
const JSON_MEMBER = new RegExp(
  String.raw`("((?:[^"\\]|\\.)*?(?:${SECRET_WORD})(?:[^"\\]|\\.)*?)"\s*:\s*)("(?:[^"\\]|\\.)*(?:"|$)|[^\s",}\]]+)`,
  "gi",
);

/** A field of a form or query. */
const FORM_FIELD = new RegExp(String.raw`([\w.%[\]-]*(?:${SECRET_WORD})[\w.%[\]-]*)=([^&\s"'<>]+)`, "gi");

const QUERY_PARAMETER = /([?&])([^=&#]+)=([^&#]*)/g;

/** @param secrets values that must never be seen */
export function createRedactor(secrets: readonly string[]): Redactor {
  const kept = new Set(secrets);
  const learned = new Set<string>();
  let { pattern, longest } = patternOf([...kept]);
  const look = (): void => void ({ pattern, longest } = patternOf([...kept, ...learned]));

  const byValue = (text: string): string => (pattern === undefined ? text : text.replaceAll(pattern, HIDDEN));
  const byName = (text: string): string =>
    text
      .replaceAll(JSON_MEMBER, (whole, start: string, name: string) =>
        PAGE_NAME.test(name) ? whole : `${start}"${HIDDEN}"`,
      )
      .replaceAll(FORM_FIELD, (whole, name: string) => (PAGE_NAME.test(name) ? whole : `${name}=${HIDDEN}`));
  const text = (full: string): string => byName(byValue(full));

  return {
    text,
    excerpt(full, charsMax) {
      if (full.length <= charsMax) return visible(text(full));
      // A secret must not survive because the cut went through it: more than is shown is redacted, and what its end may hide is not shown.
      const redacted = text(full.slice(0, charsMax + longest));
      return `${visible(redacted.slice(0, Math.max(0, Math.min(charsMax, redacted.length - longest))))}... (${full.length} characters)`;
    },
    headers: (headers, hidden) =>
      Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [
          name,
          SECRET_NAME.test(name) || hidden?.has(name.toLowerCase()) === true ? HIDDEN : visible(byValue(value)),
        ]),
      ),
    url: (url, hidden) =>
      byValue(url).replaceAll(QUERY_PARAMETER, (whole, mark: string, name: string) => {
        const isSecret = hidden?.has(name.toLowerCase()) === true || (SECRET_NAME.test(name) && !PAGE_NAME.test(name));
        return isSecret ? `${mark}${name}=${HIDDEN}` : whole;
      }),
    keep(secret) {
      if (kept.has(secret)) return;
      kept.add(secret);
      look();
    },
    learn(secret) {
      if (kept.has(secret) || secret.length < SECRET_CHARS_MIN) return;
      // One that is shown again is in use, and the last to be forgotten.
      const isNew = !learned.delete(secret);
      learned.add(secret);
      if (!isNew) return;
      for (const old of learned) {
        if (learned.size <= LEARNED_MAX) break;
        learned.delete(old);
      }
      look();
    },
  };
}

/** All spellings of all secrets, longest first, so that no part of one is left over. */
function patternOf(secrets: readonly string[]): { readonly pattern: RegExp | undefined; readonly longest: number } {
  const usable = secrets.filter((secret) => secret.length >= SECRET_CHARS_MIN);
  const forms = [...new Set(usable.flatMap(spellings))].toSorted((a, b) => b.length - a.length);
  if (forms.length === 0) return { pattern: undefined, longest: 0 };
  const escaped = forms.map((form) => form.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`));
  return { pattern: new RegExp(escaped.join("|"), "g"), longest: (forms[0] as string).length };
}

/** A secret as it is, and as it looks in a URL, a form, Basic credentials, and JSON. */
function spellings(secret: string): readonly string[] {
  const url = encodeURIComponent(secret);
  const lowerHex = url.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
  const base64 = Buffer.from(secret).toString("base64");
  const forms = [
    secret,
    url,
    lowerHex,
    url.replaceAll("%20", "+"),
    base64.replace(/=+$/, ""),
    Buffer.from(secret).toString("base64url"),
    JSON.stringify(secret).slice(1, -1),
  ];
  return forms.filter((form) => form.length >= SECRET_CHARS_MIN);
}

/** S7: control characters, and the marks that turn text around or break a line unseen, shown as what they are. Line feeds and tabs stay. */
export const visible = (text: string): string =>
  text.replaceAll(
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** The same on one line. */
export const visibleLine = (text: string): string => visible(text.replaceAll(/\s+/g, " ").trim());

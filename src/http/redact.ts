/** Removes secrets from whatever is shown, stored or thrown (S6), and makes remote text harmless to a terminal (S7). */
export interface Redactor {
  text(text: string): string;
  headers(headers: Readonly<Record<string, string>>): Record<string, string>;
  url(url: string): string;
}

const HIDDEN = "[redacted]";

/** Values shorter than this occur in innocent text; they are hidden by name only. */
const SECRET_CHARS_MIN = 4;

/** Names whose values are credentials, wherever they come from. */
const SECRET_NAME =
  /^(?:(?:proxy-)?authorization|(?:set-)?cookie|.*(?:token|secret|passw(?:or)?d|api-?_?key|apikey|credential|signature).*)$/i;

/** Text fields of JSON and forms that carry credentials. */
const SECRET_FIELD =
  /("(?:[^"\\]*(?:token|secret|passw(?:or)?d|api_?-?key|apikey|client_secret)[^"\\]*)"\s*:\s*")(?:[^"\\]|\\.)*(")/gi;

export function createRedactor(secrets: readonly string[]): Redactor {
  const forms = [...new Set(secrets.filter((secret) => secret.length >= SECRET_CHARS_MIN).flatMap(spellings))].toSorted(
    (a, b) => b.length - a.length,
  );
  const pattern =
    forms.length === 0
      ? undefined
      : new RegExp(forms.map((form) => form.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join("|"), "g");
  const byValue = (text: string): string => (pattern === undefined ? text : text.replaceAll(pattern, HIDDEN));
  return {
    text: (text) => byValue(text).replaceAll(SECRET_FIELD, `$1${HIDDEN}$2`),
    headers: (headers) =>
      Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [
          name,
          SECRET_NAME.test(name) ? HIDDEN : visible(byValue(value)),
        ]),
      ),
    url: (url) =>
      byValue(url).replaceAll(/([?&]([^=&#]+)=)[^&#]*/g, (whole, start: string, name: string) =>
        SECRET_NAME.test(name) && !/cursor|page/i.test(name) ? start + HIDDEN : whole,
      ),
  };
}

/** A secret as it is, and as it looks in a URL, in Basic credentials, and in JSON. */
function spellings(secret: string): readonly string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  return [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString("base64"),
    Buffer.from(secret).toString("base64url"),
    json,
  ];
}

/** S7: control characters and the marks that turn text around, shown as what they are. */
export const visible = (text: string): string =>
  text.replaceAll(
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** What an API double answers. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function jsonAnswer(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
}

/** An IMF-fixdate (RFC 9110, 5.6.7), as of the double's own clock. */
export const dateHeader = (wallMs: number): Readonly<Record<string, string>> => ({
  date: new Date(wallMs).toUTCString(),
});

export const notFound: Answer = jsonAnswer(404, { code: "not_found" });

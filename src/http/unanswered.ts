import type { ApiRequest } from "./connection.ts";

interface Asked {
  readonly request: ApiRequest;
  readonly origin: string;
  readonly startedMs: number;
}

/** An answer that takes longer than this is worth a word. */
const SLOW_MS = 3_000;

/** Characters of a path that are shown. */
const SHOWN = 80;

/** Requests that are on the wire, the oldest first. */
export class Unanswered {
  readonly #requests = new Set<Asked>();
  readonly #shown: (url: string) => string;

  /** @param shown an address as it may be shown (S6) */
  constructor(shown: (url: string) => string) {
    this.#shown = shown;
  }

  add(asked: Asked): Asked {
    this.#requests.add(asked);
    return asked;
  }

  delete(asked: Asked): void {
    this.#requests.delete(asked);
  }

  /** The one that is waited for the longest, when that is long, in words that follow "waiting for". */
  waitingFor(nowMs: number): string | undefined {
    const [oldest] = this.#requests;
    if (oldest === undefined || nowMs - oldest.startedMs < SLOW_MS) return undefined;
    const { request, origin, startedMs } = oldest;
    // Cut after it was redacted: a part of a secret is not recognised.
    const url = this.#shown(request.url);
    const path = url.startsWith(origin) ? url.slice(origin.length) : url;
    const shown = path.length > SHOWN ? `${path.slice(0, SHOWN)}...` : path;
    return `the answer of ${origin} to ${request.method} ${shown}, for ${Math.floor((nowMs - startedMs) / 1_000)} s`;
  }
}

import type { DestinationConfig } from "../config/config.ts";
import { jsonAnswer, type Answer } from "./answer.ts";

type Declared = NonNullable<DestinationConfig["create"]>["idempotencyKey"];

interface Keyed {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

interface Remembered {
  readonly request: string;
  readonly answer: Answer;
  readonly atMs: number;
}

/** The idempotency keys of a double, and the answers that they stand for. */
export class RememberedKeys {
  readonly #declared: Declared;
  readonly #wallMs: () => number;
  readonly #onBreach: (text: string) => void;
  readonly #keys = new Map<string, Remembered>();

  constructor(declared: Declared, wallMs: () => number, onBreach: (text: string) => void) {
    this.#declared = declared;
    this.#wallMs = wallMs;
    this.#onBreach = onBreach;
  }

  /** The key that a request bears, where one is declared. */
  keyOf({ headers }: Pick<Keyed, "headers">): string | undefined {
    return this.#declared && headers[this.#declared.header.toLowerCase()];
  }

  /** What the request has come to already under its key, or what its effect is. */
  once(request: Keyed, effect: () => Answer): Answer {
    const key = this.keyOf(request);
    if (this.#declared === undefined || key === undefined) return effect();
    const text = `${request.method} ${request.url.pathname} ${request.body}`;
    const known = this.#keys.get(key);
    if (known !== undefined && this.#wallMs() - known.atMs < this.#declared.retentionMs) {
      if (known.request === text) return known.answer;
      this.#onBreach(`the key ${key} came with two requests: ${known.request} and ${text}`);
      return jsonAnswer(422, { code: "key_mismatch" });
    }
    const answer = effect();
    if (answer.status < 300) this.#keys.set(key, { request: text, answer, atMs: this.#wallMs() });
    return answer;
  }
}

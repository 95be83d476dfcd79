import { dateHeader, jsonAnswer, notFound, type Answer } from "./answer.ts";
import type { DestinationShape } from "./shape.ts";

/** A record in the destination. `ref` is the external id, which the mapping writes. */
export interface Item {
  readonly id: string;
  readonly ref: number;
  readonly name: string;
  readonly edit: number;
  readonly createdMs: number;
}

/** Something that the destination did, as it saw it. */
export interface Effect {
  readonly atMs: number;
  readonly kind: "created" | "replaced";
  readonly ref: number;
  readonly edit: number;
}

export interface WriteRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

interface Remembered {
  readonly body: string;
  readonly answer: Answer;
  readonly atMs: number;
}

/** Records with this name are refused for good. */
export const REFUSED_NAME = "refuse me";

/** The destination API. Everything happens at the instant at which a request arrives. */
export class DestinationDouble {
  readonly effects: Effect[] = [];
  /** What an engine must never do, whatever happens. */
  readonly breaches: string[] = [];
  readonly #shape: DestinationShape;
  readonly #wallMs: () => number;
  readonly #items = new Map<string, Item>();
  readonly #keys = new Map<string, Remembered>();
  #ids = 0;

  constructor(shape: DestinationShape, wallMs: () => number) {
    this.#shape = shape;
    this.#wallMs = wallMs;
  }

  get items(): readonly Item[] {
    return [...this.#items.values()];
  }

  answer(request: WriteRequest): Answer {
    const made = request.method === "GET" ? this.#look(request.url) : this.#write(request);
    return { ...made, headers: { ...dateHeader(this.#wallMs()), ...made.headers } };
  }

  #look({ pathname, searchParams }: URL): Answer {
    const [, , id] = pathname.split("/");
    if (id !== undefined) {
      const item = this.#items.get(decodeURIComponent(id));
      return item === undefined ? notFound : jsonAnswer(200, item);
    }
    const ref = Number(searchParams.get("ref"));
    const seenMs = this.#wallMs() - this.#shape.visibilityLagMs;
    const data = this.items.filter((item) => item.ref === ref && item.createdMs <= seenMs);
    return jsonAnswer(200, { data });
  }

  #write({ method, url, headers, body }: WriteRequest): Answer {
    const [, , id] = url.pathname.split("/");
    const sent = JSON.parse(body ?? "{}") as { ref: number; name: string; edit: number };
    if (id === undefined && method !== "POST") return notFound;
    const effect = (): Answer => (id === undefined ? this.#create(sent) : this.#replace(decodeURIComponent(id), sent));
    const key = headers["idempotency-key"];
    return key === undefined ? effect() : this.#once(key, body ?? "", effect);
  }

  #replace(id: string, sent: { ref: number; name: string; edit: number }): Answer {
    const before = this.#items.get(id);
    const isOwn = this.#shape.writes === "upsert" || this.#shape.writes === "keyedUpsert";
    if (before === undefined && !isOwn) return notFound;
    if (sent.name === REFUSED_NAME) return refusal;
    this.#items.set(id, { id, createdMs: before?.createdMs ?? this.#wallMs(), ...sent });
    this.#note(before === undefined ? "created" : "replaced", sent);
    return jsonAnswer(before === undefined ? 201 : 200, { id });
  }

  #once(key: string, body: string, effect: () => Answer): Answer {
    const known = this.#keys.get(key);
    if (known !== undefined && this.#wallMs() - known.atMs < this.#shape.retentionMs) {
      if (known.body === body) return known.answer;
      this.breaches.push(`the key ${key} came with two bodies: ${known.body} and ${body}`);
      return jsonAnswer(422, { code: "key_mismatch" });
    }
    const answer = effect();
    if (answer.status < 300) this.#keys.set(key, { body, answer, atMs: this.#wallMs() });
    return answer;
  }

  #create(sent: { ref: number; name: string; edit: number }): Answer {
    if (this.#shape.unique && this.items.some(({ ref }) => ref === sent.ref))
      return jsonAnswer(409, { code: "exists" });
    if (sent.name === REFUSED_NAME) return refusal;
    this.#ids += 1;
    const id = `i${this.#ids}`;
    this.#items.set(id, { id, createdMs: this.#wallMs(), ...sent });
    this.#note("created", sent);
    return jsonAnswer(201, { id });
  }

  #note(kind: Effect["kind"], { ref, edit }: { ref: number; edit: number }): void {
    this.effects.push({ atMs: this.#wallMs(), kind, ref, edit });
  }
}

const refusal = jsonAnswer(422, { code: "invalid", message: "no such name" });

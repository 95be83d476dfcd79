/** Which records an engine has reason to look at or write again, since it cannot know what became of their writes. */
export class Doubts {
  readonly #lateWriteMs: number;
  readonly #wallMs: () => number;
  /** When a record was doubted last. */
  readonly #records = new Map<number, number>();
  #isGeneral = false;

  constructor(lateWriteMs: number, wallMs: () => number) {
    this.#lateWriteMs = lateWriteMs;
    this.#wallMs = wallMs;
  }

  has(id: number): boolean {
    return this.#isGeneral || this.#records.has(id);
  }

  /** Whoever sent writes of these has reason to doubt what they came to. */
  add(ids: Iterable<number>): void {
    for (const id of ids) this.#records.set(id, this.#wallMs());
  }

  /** A process has died, and what it sent is in doubt. */
  addAll(): void {
    this.#isGeneral = true;
  }

  /** A run has called everything level: all that it may doubt now is whether something given up lands late. */
  settle(): void {
    this.#isGeneral = false;
    const landedMs = this.#wallMs() - this.#lateWriteMs;
    for (const [id, atMs] of this.#records) if (atMs < landedMs) this.#records.delete(id);
  }
}

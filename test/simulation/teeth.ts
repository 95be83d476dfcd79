import type { Shares } from "./worlds.ts";

/** Deliberate breaks of the engine: each leaves out one rule, by a change of its source while it is loaded (T5). */
export interface Tooth {
  readonly name: string;
  readonly breaks: readonly {
    /** Under `src/`. */
    readonly file: string;
    readonly replace: readonly (readonly [from: string, to: string])[];
  }[];
  /** It is about what only such worlds have; the others are looked for in worlds without deletes, batches, versions, or records from before. */
  readonly shares?: Partial<Shares>;
  /** Why it takes many worlds: it is left out of the quick test, and `npm run teeth` plays it. */
  readonly slow?: string;
  /** Why a thousand worlds do not show it, and what does. */
  readonly blind?: string;
}

export const TEETH: readonly Tooth[] = [
  {
    name: "K1: an intent is not flushed before its write leaves",
    breaks: [
      {
        file: "sqlite/disk.ts",
        replace: [["if (running === undefined) return start();", "return Promise.resolve();"]],
      },
    ],
  },
  {
    name: "K1: the intent of a keyed write has neither bytes nor key",
    breaks: [
      {
        file: "pipeline/journal.ts",
        replace: [["context.partial || decision.lookFirst || write?.repeatable !== true", "context.partial"]],
      },
    ],
  },
  {
    name: "K1: what an earlier run left is sent without becoming an intent again",
    breaks: [
      {
        file: "pipeline/recover.ts",
        replace: [["if (taken.length > 0) await", "if (taken.length < 0) await"]],
      },
    ],
  },
  {
    name: "K3: a key made of the content alone",
    breaks: [
      {
        file: "pipeline/journal.ts",
        replace: [["? chance.uuid() : undefined", "? (write?.url ?? '') + (write?.body ?? '') : undefined"]],
      },
    ],
    // What somebody else has deleted is created as it was.
    shares: { repairs: 1 },
  },
  {
    name: "K2: a key made anew for each attempt",
    breaks: [
      {
        file: "pipeline/attempt.ts",
        replace: [
          ["{ idempotencyKey, ...based,", "{ idempotencyKey: idempotencyKey && context.ports.chance.uuid(), ...based,"],
        ],
      },
    ],
  },
  {
    name: "K4: a key is trusted for ever",
    breaks: [
      {
        file: "pipeline/attempt.ts",
        replace: [["(progress.firstSentMs ?? wallMs) + keptMs - wallMs", "keptMs + 1"]],
      },
    ],
  },
  {
    name: "R2: a refusal clears what was unknown",
    blind: "what was applied counts as refused, which only `src/core/retry.test.ts` shows",
    breaks: [
      {
        file: "core/retry.ts",
        replace: [
          ["if (state.everUnknown && !may.keyed) {", "if (state.everUnknown && !may.keyed && state.attempts < 0) {"],
        ],
      },
    ],
  },
  {
    name: "R2: a write of unknown outcome counts as refused",
    breaks: [
      {
        file: "core/retry.ts",
        replace: [
          [
            '    case "unknown":\n',
            '    case "unknown":\n      return { kind: "rejected", reason: "other", message: outcome.message };\n',
          ],
        ],
      },
    ],
  },
  {
    name: "R2: a write of unknown outcome counts as applied",
    breaks: [
      {
        file: "core/retry.ts",
        replace: [['    case "unknown":\n', '    case "unknown":\n      return { kind: "applied" };\n']],
      },
    ],
  },
  {
    name: "R2: a bare write of unknown outcome is sent again",
    breaks: [
      {
        file: "core/retry.ts",
        replace: [
          ["if (!may.repeatable && !may.keyed)\n", "if (!may.repeatable && !may.keyed && state.attempts < 0)\n"],
        ],
      },
      {
        file: "pipeline/deliver.ts",
        replace: [
          ["if (!operation.progress.everUnknown) return false;", "if (operation.progress.attempts >= 0) return false;"],
        ],
      },
    ],
  },
  {
    name: "R4: the lane waits for a tenth of what Retry-After says",
    breaks: [
      {
        file: "core/lane.ts",
        replace: [
          [
            'this.#pauseUntil(endedMs + report.retryAfterMs, "asked");',
            'this.#pauseUntil(endedMs + report.retryAfterMs / 10, "asked");',
          ],
          [
            'if (report.retryAfterMs !== undefined) this.#pauseUntil(endedMs + report.retryAfterMs, "asked");',
            'if (report.retryAfterMs !== undefined) this.#pauseUntil(endedMs + report.retryAfterMs / 10, "asked");',
          ],
        ],
      },
    ],
  },
  {
    name: "L7: how long an API asked to be left alone is written down at the end of a run",
    breaks: [
      {
        file: "kept-lanes.ts",
        replace: [["(memory) => this.#keep(memory)", "(_memory) => undefined"]],
      },
    ],
  },
  {
    name: "U3, U6: one miss is an absence",
    breaks: [
      {
        file: "pipeline/search.ts",
        replace: [["lastSentMs + traits.lateWriteMs + lagMs", "0"]],
      },
    ],
  },
  {
    name: "K5: what could not be looked for is created by the next run all the same",
    shares: { found: 1 },
    breaks: [{ file: "pipeline/recover.ts", replace: [["|| mayCreate || isNew,", "|| mayCreate,"]] }],
  },
  {
    name: "U6: what lands at the last moment is shown at once",
    slow: "it takes a lagging search, and a write that lands when nearly all the time for it has passed",
    breaks: [
      {
        file: "pipeline/search.ts",
        replace: [["lastSentMs + traits.lateWriteMs + lagMs", "lastSentMs + Math.max(traits.lateWriteMs, lagMs)"]],
      },
    ],
  },
  {
    name: "U6: what exists is shown at once",
    slow: "it takes a lagging search by a unique id, and an answer lost at the right moment",
    breaks: [
      {
        file: "pipeline/search.ts",
        replace: [["context.ports.clock.wallMs() + lagMs", "0"]],
      },
    ],
  },
  {
    name: "U1: a left-over write is planned as unchanged",
    breaks: [
      {
        file: "core/plan.ts",
        replace: [
          [
            "if (operation !== undefined) return behindOperation",
            "if (operation?.ours === true) return behindOperation",
          ],
        ],
      },
    ],
  },
  {
    name: "U1: what took the place of a left-over write leaves no doubt",
    slow: "it takes a change to and fro, a crash and a write that never leaves, in a row",
    breaks: [
      {
        file: "sqlite/sync-ledger.ts",
        replace: [["else entries.doubt(intent.key);", ""]],
      },
    ],
  },
  {
    name: "U2: a newer version does not wait for the one before it",
    breaks: [
      {
        file: "core/plan.ts",
        replace: [
          [
            'return record.hash === latestHash ? { kind: "unchanged" } : { kind: "wait" };',
            'return record.hash === latestHash ? { kind: "unchanged" } : replaceOperation(record, known, operation, context, undefined);',
          ],
        ],
      },
    ],
  },
  {
    name: "U3: a write that is overtaken by an older one is not written again",
    slow: "it takes a request that is held up and a newer version within that time",
    breaks: [
      {
        file: "pipeline/resolution.ts",
        replace: [["if (atMs <= nowMs) return undefined;", "if (atMs >= 0) return undefined;"]],
      },
    ],
  },
  {
    name: "P2: the checkpoint moves before the outcomes",
    breaks: [
      {
        file: "pipeline/settle.ts",
        replace: [
          ["this.#watermark.open(end, operations)", "this.#watermark.open(end, 0)"],
          ["if (page !== undefined) this.#watermark.settle(page);", "if (page === -1) this.#watermark.settle(page);"],
        ],
      },
    ],
  },
  {
    name: "P2: the checkpoint passes a page whose last record is settled, whatever is left before",
    slow: "it takes a crash between the last record of a page and one before it",
    breaks: [
      {
        file: "core/watermark.ts",
        replace: [
          [
            "while (this.#pages[0]?.unsettled === 0) {",
            "while (this.#pages.some(({ unsettled }) => unsettled === 0)) {",
          ],
          [
            "invariant(open !== undefined && open.unsettled > 0,",
            "if (open === undefined) return;\n    invariant(open.unsettled > 0,",
          ],
        ],
      },
    ],
  },
  {
    name: "P3: no look-back",
    breaks: [
      {
        file: "core/read-window.ts",
        replace: [["subtractFromCursor(spec.type, cursor, spec.lookback)", "cursor"]],
      },
    ],
  },
  {
    name: "P3: an unsorted read moves the cursor to all that it has met",
    slow: "it takes a record that is committed late, behind a read without an order",
    breaks: [
      {
        file: "core/read-window.ts",
        replace: [
          ["spec.sorted ? pageMs : pageMs - Math.max(0, nowMs - readStartedMs)", "pageMs"],
          ["if (!hasOrder(spec) && !moment.isFirst) return undefined;", ""],
        ],
      },
    ],
  },
  {
    name: "P3: an unsorted read without a clock moves the cursor to all that it has met",
    slow: "it takes a record that is committed late, behind a read without an order",
    breaks: [
      {
        file: "core/read-window.ts",
        replace: [["if (!hasOrder(spec) && !moment.isFirst) return undefined;", ""]],
      },
    ],
  },
  {
    name: "P5: an answer that is no JSON is an empty page",
    breaks: [
      {
        file: "http/source.ts",
        replace: [
          [
            "if (!parsed.ok)\n",
            'if (!parsed.ok) return { kind: "page", page: emptyPage(asking, evidence, answer) };\n    if (!parsed.ok)\n',
          ],
        ],
      },
    ],
  },
  {
    name: "P7: an expired position is the end of the read",
    breaks: [
      {
        file: "pipeline/selection.ts",
        replace: [["|| isFromBeginning) throw error;", "|| isFromBeginning) throw error;\n    return;"]],
      },
    ],
  },
  {
    name: "P4: a page that names itself as the next one is the last",
    breaks: [
      {
        file: "http/source.ts",
        replace: [
          [
            'follows.kind === "next" ? follows.position : undefined',
            'follows.kind === "next" && !decodeURIComponent(url).includes(JSON.parse(follows.position) as string) ? follows.position : undefined',
          ],
        ],
      },
    ],
  },
  {
    name: "P11: a record that is left alone keeps its reject",
    shares: { createOnly: 1, invalids: 1 },
    slow: "it takes a record that was created before it was invalid, and is as it was again",
    breaks: [
      {
        file: "pipeline/stage.ts",
        replace: [['decision.kind !== "unchanged" && decision.kind !== "skipped"', 'decision.kind !== "unchanged"']],
      },
    ],
  },
  {
    name: "U7: two processes have the ledger at once",
    breaks: [
      {
        file: "sqlite/lease.ts",
        replace: [["if (isBusy(error)) return undefined;", "if (isBusy(error)) return { free: () => undefined };"]],
      },
    ],
  },
  {
    name: "P2: outcomes after a failed commit are waited for",
    breaks: [
      {
        file: "pipeline/settle.ts",
        replace: [
          [
            "for (const each of group) each.committed(false);\n      return;\n    }\n    for",
            "return;\n    }\n    for",
          ],
        ],
      },
    ],
  },
  {
    name: "P11: an older write that is applied clears the refusal of a newer version",
    slow: "it takes a crash and a record that becomes invalid before the next run",
    breaks: [
      { file: "sqlite/settling.ts", replace: [["rejects.clearPlanned(resolutions", "rejects.clear(resolutions"]] },
    ],
  },
  {
    name: "D1, D2: one read that misses a record is enough, though it was resumed",
    shares: { deletes: 1 },
    breaks: [
      {
        file: "pipeline/absence.ts",
        replace: [
          ["!resumed", "resumed !== undefined"],
          ["missed !== undefined && missed >= this.#scopeRead", "missed !== null"],
        ],
      },
    ],
  },
  {
    name: "D3: the guard is not asked",
    shares: { deletes: 1 },
    breaks: [
      {
        file: "pipeline/sweep.ts",
        replace: [["if (deletes <= allowed) return undefined;", "if (deletes >= allowed) return undefined;"]],
      },
    ],
  },
  {
    name: "U5: a delete of what is not there was refused",
    shares: { deletes: 1 },
    slow: "it takes a delete whose answer is lost, or that arrives twice, and nobody to ask",
    breaks: [
      {
        file: "pipeline/attempt.ts",
        replace: [["|| isGone(operation, outcome))", "|| isGone(operation, made.outcome) === undefined)"]],
      },
    ],
  },
  {
    name: "U4: a version that is not the current one is not learned anew",
    slow: "it takes a write by somebody else, or one whose answer was lost, between two of the same record",
    shares: { fences: 1 },
    breaks: [
      {
        file: "pipeline/after-search.ts",
        replace: [
          [
            'return { kind: "send", operation: { ...operation, kind, ...basisOf(found) } };',
            'return { kind: "send", operation };',
          ],
        ],
      },
    ],
  },
  {
    name: "U4: what a batch was refused for a version counts as refused for good",
    shares: { batches: 1, fences: 1, fencedBatches: 1 },
    breaks: [{ file: "http/many.ts", replace: [["status === 412 || status === 428", "status === 412"]] }],
  },
  {
    name: "R1: what the answer to a batch leaves out counts as written",
    shares: { batches: 1, partialResults: 1 },
    breaks: [
      {
        file: "http/many.ts",
        replace: [['unknown("the answer has no result of it")', '({ kind: "applied", status: 200 } as const)']],
      },
    ],
  },
  {
    name: "R1: what a batch answers with 503 for one record counts as refused",
    shares: { batches: 1, partialResults: 1 },
    breaks: [{ file: "http/many.ts", replace: [["status === 409 || status >= 500", "status === 409"]] }],
  },
  {
    name: "U4: what was found to be gone is written again without saying so",
    shares: { fences: 1, repairs: 1 },
    breaks: [
      {
        file: "pipeline/attempt.ts",
        replace: [['isNew: kind === "create" || isAbsent', 'isNew: kind === "create" || (isAbsent && false)']],
      },
    ],
  },
  {
    name: "U4: where a record was is forgotten while an older write of it may land",
    shares: { assigned: 1, fences: 1, deletes: 1 },
    slow: "it takes a delete, an older write that may still land, and a run that verifies it",
    breaks: [
      {
        file: "sqlite/operations.ts",
        replace: [["destination_id = ifnull(?, destination_id)", "destination_id = ?"]],
      },
    ],
  },
  {
    name: "what was adopted counts as level before it was read back",
    shares: { adopted: 1 },
    breaks: [
      {
        file: "core/plan.ts",
        replace: [
          [
            "if (entry.hash === record.hash && entry.address === record.address)",
            "if (entry.operation === ADOPTED || (entry.hash === record.hash && entry.address === record.address))",
          ],
        ],
      },
    ],
  },
  {
    name: "an update that took the place of a look-up keeps no bytes",
    shares: { adopted: 1 },
    breaks: [
      {
        file: "pipeline/journal.ts",
        replace: [["held: { source: planned.record.body, mapped: planned.record.mapped, write: planned.write },", ""]],
      },
    ],
  },
  {
    name: "R1: what a batch says of one record counts for its neighbour",
    shares: { batches: 1 },
    breaks: [
      {
        file: "pipeline/batches.ts",
        replace: [["each?.[index] ?? attempt.outcome", "each?.[Math.max(0, index - 1)] ?? attempt.outcome"]],
      },
    ],
  },
  {
    name: "a repair takes its ledger's word for what was found astray",
    shares: { repairs: 1 },
    breaks: [
      {
        file: "pipeline/repair.ts",
        replace: [["return { ...page, corrections };", "return { ...page, corrections: corrections.slice(0, 0) };"]],
      },
    ],
  },
  {
    name: "D2: a repair deletes what others have added, though no mirror is asked for",
    shares: { repairs: 1, deletes: 1 },
    breaks: [
      {
        file: "pipeline/extras.ts",
        replace: [['sync.deletes.mode !== "mirror"\n', 'sync.deletes.mode === "never"\n']],
      },
    ],
  },
  {
    name: "a read of the parents' lists goes on at its place, whichever parents are there now",
    shares: { parents: 1 },
    slow: "it takes a run that dies in the middle of a list, and another list of parents at that place when it goes on",
    breaks: [
      {
        file: "http/nested.ts",
        replace: [
          [
            "if (at.digest !== place.digest || at.list[place.parent]?.key !== place.key) return this.#leading(at, place.met);",
            "if (at.list[place.parent] === undefined) return this.#leading(at, place.met);\n      here = { ...place, digest: at.digest };",
          ],
          ["here = { ...place, inner: undefined, count: 0 }", "here = { ...here, inner: undefined, count: 0 }"],
        ],
      },
    ],
  },
  {
    name: "a plan is applied whatever has moved",
    shares: { plans: 1 },
    breaks: [
      {
        file: "plans.ts",
        replace: [["?? whyMoved(name, store, isWhole);", "?? (whyMoved(name, store, isWhole) && undefined);"]],
      },
    ],
  },
  {
    name: "P2: a run of a plan moves the checkpoint",
    shares: { plans: 1 },
    breaks: [
      {
        file: "pipeline/opening.ts",
        replace: [
          ["    choice.repair !== undefined ||\n    choice.plan !== undefined;", "    choice.repair !== undefined;"],
        ],
      },
    ],
  },
  {
    name: "D3: the guard is not asked about half a list",
    slow: "it takes a mirror that has much, and whose source is asked twice while it lists half",
    shares: { deletes: 1, lapses: 1 },
    breaks: [
      {
        file: "pipeline/sweep.ts",
        replace: [
          [
            "if (deletes <= allowed) return undefined;",
            "if (deletes <= allowed || sync.deletes.guard.count > 0) return undefined;",
          ],
        ],
      },
    ],
  },
  {
    name: "P9: that records have moved between overlapping pages is not noticed",
    slow: "it takes more deletions between two pages than their overlap has records",
    shares: { overlaps: 1, deletes: 1 },
    breaks: [
      {
        file: "core/page-rules.ts",
        replace: [
          ["(key, index) => key !== itemKeys[index])", "(key, index) => key !== itemKeys[index] && index < 0)"],
        ],
      },
      // Otherwise what has moved no further than the overlap is met all the same.
      {
        file: "pipeline/read.ts",
        replace: [
          ["is !== undefined && canonical(was) === canonical(is)", "is !== undefined && canonical(was) !== ''"],
        ],
      },
    ],
  },
  {
    name: "U6: what the mapping has left out may be there",
    shares: { notes: 1, adopted: 1 },
    breaks: [
      {
        file: "core/sync.ts",
        replace: [['omitted === "cleared" ?', 'omitted === "cleared" && mapping.fingerprint === "" ?']],
      },
    ],
  },
  {
    name: "what a crash left of an update is sent, whether there is anything to update or not",
    shares: { updateOnly: 1 },
    breaks: [{ file: "pipeline/recover.ts", replace: [["write === undefined || mayCreate", "write === undefined"]] }],
  },
  {
    name: "a record goes before the one that it refers to",
    shares: { refers: 1 },
    breaks: [
      {
        file: "means.ts",
        replace: [
          ["if (entry === undefined || !wasThere(entry)) return undefined;", "if (entry === undefined) return key;"],
        ],
      },
    ],
  },
  {
    name: "P11: what waited for a reference is not tried again by a later run",
    slow: "it takes a reference that is still missing when its run ends",
    shares: { refers: 1 },
    breaks: [{ file: "pipeline/references.ts", replace: [["(!isWhole || reject.run === run)", "reject.run === run"]] }],
  },
];

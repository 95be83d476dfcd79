import type { Finding } from "../core/destination.ts";
import { observeEtag } from "../core/etag-observations.ts";
import { isObject, type JsonObject } from "../core/json.ts";
import { advice, fact, trouble, type Observation } from "../core/observation.ts";
import type { Outcome } from "../core/outcome.ts";
import { refuseUnusable } from "./api-errors.ts";
import type { RunContext } from "./context.ts";

/** How long a look at one record may wait for its lane. */
const PATIENCE_MS = 60_000;

/** Records that are looked for in the destination before it counts as without them. */
const LOOKS_MAX = 3;

/** Reads single records by the requests that are declared for it, to see what their answers say. */
export const lookSingle = {
  /** Asks the source for one of the records that it listed. */
  async source(
    { sync, stop, kill, counts }: RunContext,
    records: readonly JsonObject[],
  ): Promise<readonly Observation[]> {
    const { readOne } = sync.source;
    const [listed] = records;
    const key = listed && (await sync.key(listed));
    if (readOne === undefined || key?.ok !== true) return [];
    counts.requests += 1;
    const { outcome, evidence, record } = await readOne(key.key, listed, { signal: kill, stop });
    if (record !== undefined)
      return [observeEtag(evidence.answer?.headers["etag"], { end: "source", declared: false })];
    const change = "Check `source.read`: a record that is listed must be found by it, or it counts as gone.";
    return [
      trouble("records", `\`read\` does not give the record ${key.key}, which is listed: ${wordsOf(outcome)}`, change),
    ];
  },

  /** Looks for a few of the source's records in the destination. */
  async destination(
    context: RunContext,
    records: readonly JsonObject[],
    hasEtagPrecondition: boolean,
  ): Promise<readonly Observation[]> {
    const { destination } = context.sync;
    if (destination.readBack === undefined && destination.lookUp === undefined) return [];
    let looked = 0;
    let first: Extract<Finding, { kind: "found" }> | undefined;
    for (const record of records.slice(0, LOOKS_MAX)) {
      const finding = await lookFor(record, context);
      if (finding === undefined) continue;
      looked += 1;
      if (finding.kind === "absent") continue;
      if (finding.kind === "unclear") {
        refuseUnusable(finding.attempt, destination.connection);
        return [
          trouble(
            "records",
            `a record cannot be looked up: ${wordsOf(finding.attempt.outcome)}`,
            "Check `read` and `find` of the destination.",
          ),
        ];
      }
      const { destinationId: id } = finding;
      if (first !== undefined && id !== undefined && id === first.destinationId)
        return [
          trouble(
            "records",
            `\`find\` gives two records of the source the same one of the destination (${id})`,
            "Check the parameter of `find`: an API that does not know it may ignore it, and show everybody the first record that it has.",
          ),
        ];
      first ??= finding;
      // Only a search can show the same one for two.
      if (id === undefined || destination.traits.find === undefined) break;
    }
    if (first !== undefined)
      return [
        // A search's answer has no ETag of the record that it found.
        destination.readBack === undefined
          ? fact("records", "a record of the source was found with `find`")
          : observeEtag(first.etag, { end: "destination", declared: hasEtagPrecondition }),
      ];
    if (looked === 0)
      return records.length === 0
        ? []
        : [
            advice(
              "records",
              "no record could be mapped and looked up",
              "`evenkeel plan --limit 10` shows what is wrong with them.",
            ),
          ];
    return [
      fact(
        "records",
        `${looked === 1 ? "one record of the source was" : `${looked} records of the source were`} looked up, and none is there yet`,
      ),
    ];
  },
};

/** One look-up; where the destination assigns ids, one to find the record and one to read it. Undefined for a record that cannot be mapped. */
async function lookFor(body: JsonObject, { sync, stop, kill, counts }: RunContext): Promise<Finding | undefined> {
  const { destination, mapping } = sync;
  const key = await sync.key(body);
  const mapped = key.ok ? await mapping.map(body) : undefined;
  if (!key.ok || mapped?.ok !== true) return undefined;
  const plain = { key: key.key, mapped: mapped.mapped, body };
  const addressed = await destination.address(plain);
  if (!addressed.ok) return undefined;
  const record = { ...plain, address: addressed.address };
  const sending = { signal: kill, stop, patienceMs: PATIENCE_MS };
  if (destination.traits.addressing === "own" && destination.readBack !== undefined) {
    counts.requests += 1;
    return destination.readBack(record, undefined, sending);
  }
  if (destination.lookUp === undefined) return undefined;
  counts.requests += 1;
  const found = await destination.lookUp(record, undefined, sending);
  if (found.kind !== "found" || found.destinationId === undefined || destination.readBack === undefined) return found;
  counts.requests += 1;
  return destination.readBack(record, found.destinationId, sending);
}

const wordsOf = (outcome: Outcome): string =>
  outcome.kind === "applied"
    ? `status ${outcome.status}, and ${isObject(outcome.body) ? "another record" : "no record"}`
    : outcome.message;

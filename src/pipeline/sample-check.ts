import { unheldFields } from "../core/difference.ts";
import { EvenkeelError } from "../core/errors.ts";
import { destinationIdOf } from "../core/ledger.ts";
import { FRESH, type Operation } from "../core/operation.ts";
import type { DesiredRecord } from "../core/record.ts";
import { clearedFields } from "../core/sync.ts";
import type { Comparison } from "./compare.ts";
import type { RunContext } from "./context.ts";
import { LIST, READ } from "./live.ts";
import { search, type Search } from "./search.ts";

/** Look-ups that are under way at once; the lane decides how many are on the wire. */
const UNDER_WAY = 50;

/**
 * Compares `size` of the records, each with the same chance, by looking them up one by one. What the destination holds besides them it does not
 * see. Returns of how many they were taken.
 */
export async function compareSample(
  pages: AsyncIterable<{ readonly records: readonly DesiredRecord[] }>,
  size: number,
  compared: Comparison,
): Promise<number> {
  const { sync, ports } = compared.context;
  if (sync.destination.lookUp === undefined && sync.destination.readBack === undefined)
    throw new EvenkeelError("USAGE", `the destination of ${sync.name} declares neither \`read\` nor \`find\``, {
      next: `Declare one of them, such as \`${READ}\`, so that a record can be looked up; or, to compare all, \`${LIST}\`.`,
    });
  const chosen: DesiredRecord[] = [];
  let number = 0;
  for await (const { records } of pages)
    for (const record of records) {
      // Vitter's algorithm R: the n-th record takes a place with the chance of size / n.
      const place = number < size ? number : Math.floor(ports.chance.random() * (number + 1));
      if (place < size) chosen[place] = record;
      number += 1;
    }
  for (let from = 0; from < chosen.length; from += UNDER_WAY) {
    const batch = chosen.slice(from, from + UNDER_WAY);
    const known = await ports.ledger.lookup(batch.map(({ key }) => key));
    await Promise.all(batch.map((record) => compareOne(record, destinationIdOf(known.get(record.key)), compared)));
  }
  return number;
}

async function compareOne(
  record: DesiredRecord,
  destinationId: string | undefined,
  { context, tally, tell }: Comparison,
): Promise<void> {
  const found = await lookAt(record, destinationId, context);
  switch (found.kind) {
    case "level":
      tally.equal += 1;
      return;
    case "different":
      return tell({
        kind: "different",
        key: record.key,
        differences: unheldFields(found.record, record.mapped, clearedFields(context.sync)),
      });
    case "absent":
      return tell({ kind: "missing", key: record.key });
    case "stopped":
      throw new EvenkeelError("RUN_INTERRUPTED", "it was stopped before its end");
    case "unclear":
      throw new EvenkeelError("API_FAILED", `record ${record.key} cannot be compared: ${found.message}`);
  }
}

/** Looks a record up in the live destination, where it should be or by what is known of it. */
export function lookAt(record: DesiredRecord, destinationId: string | undefined, context: RunContext): Promise<Search> {
  const { traits, lookUp, readBack } = context.sync.destination;
  const isKnown = destinationId !== undefined || traits.addressing === "own";
  const look = isKnown ? (readBack ?? lookUp) : lookUp;
  return search(lookingFor(record, destinationId), "before", context, { look });
}

const lookingFor = (record: DesiredRecord, destinationId: string | undefined): Operation => ({
  number: 0,
  kind: "update",
  state: "sent",
  record,
  destinationId,
  write: undefined,
  idempotencyKey: undefined,
  progress: FRESH,
});

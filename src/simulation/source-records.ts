import { Unusable, type Catalogue, type Version } from "./catalogue.ts";
import type { Scene } from "./scene.ts";
import { BEFORE, BEGINNING, type Content, type World } from "./world.ts";

/** What the source holds at first, and how that changes. */
export interface SourceRecords {
  readonly versions: readonly Version[];
  /** What the destination has before the first run. */
  readonly adopted: readonly Version[];
  readonly edits: readonly {
    /** ms from the start of the world. */
    readonly seenMs: number;
    readonly id: number;
    /** Undefined deletes it. */
    readonly version: Version | undefined;
    /** What the source shows of it once it is deleted. */
    readonly tombstone?: Version | undefined;
  }[];
}

/** The source's first records are older than the world. */
const FIRST_EDIT_MS = -86_400_000;

/** Makes all versions of all records of a world; those of which the config can make nothing are left out. */
export async function recordsOf(
  { records, adopted: adoptedMax, edits, resolutionMs }: World,
  { record, tombstoneOf }: Scene,
  catalogue: Catalogue,
  epochMs: number,
  note: (text: string) => void,
): Promise<SourceRecords> {
  const stamp = (stampedMs: number): number => Math.floor(stampedMs / resolutionMs) * resolutionMs;
  const marked = (id: number, stampedMs: number): Version | undefined => {
    const last = catalogue.versionsOf(id).at(-1);
    if (last === undefined || tombstoneOf === undefined) return undefined;
    const changedMs = stamp(stampedMs);
    return { ...last, changedMs, record: tombstoneOf(record(id, last.content, changedMs)) };
  };
  const made = async (id: number, content: Content, stampedMs: number): Promise<readonly Version[]> => {
    const changedMs = stamp(stampedMs);
    try {
      return [await catalogue.add({ id, content, changedMs }, record(id, content, changedMs))];
    } catch (error) {
      if (!(error instanceof Unusable)) throw error;
      note(`record ${id} is left out: ${error.message}`);
      return [];
    }
  };
  const versions: Version[] = [];
  const adopted: Version[] = [];
  for (let id = 1; id <= records; id++) {
    const atMs = epochMs + FIRST_EDIT_MS + id * 1_000;
    if (id <= adoptedMax && id % 2 === 0) adopted.push(...(await made(id, BEFORE, atMs - 1_000)));
    const first = await made(id, BEGINNING, atMs);
    versions.push(...first);
    if (id <= adoptedMax && id % 2 === 1) adopted.push(...first);
  }
  const changes: SourceRecords["edits"][number][] = [];
  for (const { atMs, id, content, lagMs } of edits) {
    const seenMs = atMs + lagMs;
    if (content === undefined) changes.push({ seenMs, id, version: undefined, tombstone: marked(id, epochMs + atMs) });
    else for (const version of await made(id, content, epochMs + atMs)) changes.push({ seenMs, id, version });
  }
  return { versions, adopted, edits: changes };
}

import type { DestinationTraits } from "./destination.ts";
import type { Paging } from "./source.ts";
import type { CursorSpec, Sync } from "./sync.ts";

/** What a sync can promise, and on what ground; printed by `validate`, `plan` and `run`. */
export interface Guarantee {
  /** One line. */
  readonly summary: string;
  readonly delivery: Delivery;
  /** Reasons and assumptions, a sentence each. */
  readonly because: readonly string[];
  /** What is not promised, and what to declare to get it, a sentence each. */
  readonly weaknesses: readonly string[];
}

export type Delivery = "effectively once" | "at least once, searched" | "at least once";

type Declared = Pick<Sync, "source" | "destination" | "cursor" | "deletes">;

/** Derives the guarantee from what the config declares; promises nothing that the rules do not carry. */
export function guaranteeOf({ source, destination, cursor, deletes }: Declared): Guarantee {
  const { traits } = destination;
  const delivery = deliveryOf(traits);
  const reading = readingOf(source.paging, cursor);
  const fence = fenceOf(traits);
  const removal = removalOf(deletes.mode, source.readOne !== undefined);
  const summary = `${delivery.name} (${delivery.ground}); late writes: ${fence.name}; deletes: ${removal.name}`;
  return {
    summary,
    delivery: delivery.name,
    because: [delivery.because, togetherOf(traits), fence.because, reading.because, removal.because].filter(
      (because) => because !== "",
    ),
    weaknesses: [
      delivery.weakness,
      fence.weakness,
      unpagedOf(source.paging),
      reading.weakness,
      removal.weakness,
    ].filter((weakness) => weakness !== undefined),
  };
}

interface Part<Name extends string = string> {
  readonly name: Name;
  readonly because: string;
  readonly weakness: string | undefined;
}

type Delivered = Part<Delivery> & { readonly ground: string };

function deliveryOf(traits: DestinationTraits): Delivered {
  if (traits.upsert?.isRepeatable === true)
    return {
      name: "effectively once",
      ground: `${traits.upsert.method} to the record's own address`,
      because: "Each record has its own address, so a write that is repeated after a lost answer changes nothing.",
      weakness: undefined,
    };
  if (traits.idempotencyKey !== undefined) return byKey(traits.idempotencyKey, traits);
  if (traits.upsert !== undefined) return notRepeatable(traits.upsert, traits);
  if (traits.find !== undefined) {
    return traits.find.unique
      ? {
          name: "effectively once",
          ground: "found by a unique external id",
          because:
            "A create of unknown outcome is looked up by its external id, which the destination keeps unique, before it is sent again.",
          weakness: undefined,
        }
      : {
          name: "at least once, searched",
          ground: "found by external id",
          because: "A create of unknown outcome is looked up by its external id before it is sent again.",
          weakness:
            "If the destination neither keeps that id unique nor shows a new record within `visibilityLag`, a second one is possible; declare `unique: true` if it does, or an `idempotencyKey`.",
        };
  }
  return {
    name: "at least once",
    ground: "a bare create",
    because: "A create whose answer is lost is kept as unknown and never sent again by itself.",
    weakness: "Deciding to send an unknown create again may make a duplicate; declare `idempotencyKey` or `find`.",
  };
}

function byKey(
  { retentionMs }: { readonly retentionMs: number },
  { upsert, find, readBack }: DestinationTraits,
): Delivered {
  const hours = Math.round((retentionMs / 3_600_000) * 10) / 10;
  const [what, isSeen, look] =
    upsert === undefined ? ["create", find !== undefined, "find"] : ["write", readBack, "read"];
  return {
    name: "effectively once",
    ground: `idempotency key, kept ${hours} h`,
    because: `A ${what} of unknown outcome is repeated under the same idempotency key, within 80 % of the ${hours} h that the destination remembers it.`,
    weakness: isSeen
      ? undefined
      : `A ${what} that stays unknown for longer than that is kept for a person to decide; declare \`${look}\` to have it looked up.`,
  };
}

/** Twice would be more than once, though the record has its own name. */
function notRepeatable({ method }: { readonly method: string }, { readBack }: DestinationTraits): Delivered {
  if (readBack)
    return {
      name: "effectively once",
      ground: `${method}, looked up before it is sent again`,
      because: "A write of unknown outcome is looked up at the record's own address before it is sent again.",
      weakness: undefined,
    };
  return {
    name: "at least once",
    ground: `${method}, not declared \`idempotent\``,
    because: "A write whose answer is lost is kept as unknown and never sent again by itself.",
    weakness:
      "What became of an unknown write only a person can say; declare `idempotent: true` if sending it twice does no harm, or `read`, or an `idempotencyKey`.",
  };
}

function fenceOf(traits: DestinationTraits): Part {
  const { lateWriteMs } = traits;
  if (traits.precondition !== undefined) return FENCED;
  const late = lateWriteMs < 60_000 ? `${lateWriteMs / 1_000} s` : `${Math.round(lateWriteMs / 6_000) / 10} min`;
  const isSeen = traits.readBack || traits.find !== undefined;
  return {
    name: isSeen ? "read back and repaired" : "written again",
    because: `A write that was given up may land up to ${late} later (\`lateWrite\`): a newer version sent meanwhile is ${
      isSeen ? "read back and repaired" : "sent again"
    } after that time.`,
    weakness: isSeen
      ? undefined
      : "Without `read`, an overtaken write cannot be seen, only written over; declare `read`.",
  };
}

const FENCED: Part = {
  name: "refused by the destination",
  because:
    "A write bears the version that it is based on, so one that was given up and lands late, or that would overwrite somebody else's change, is refused.",
  weakness: undefined,
};

const togetherOf = ({ together }: DestinationTraits): string =>
  together === undefined
    ? ""
    : `Up to ${together} records go in one request; what became of each after a lost answer is found out for each alone, and never in the company of others again.`;

/** D1, D2: what an absence is believed on. */
function removalOf(mode: Sync["deletes"]["mode"], isAsked: boolean): Part {
  switch (mode) {
    case "never":
      return {
        name: "none",
        because: "",
        weakness: "Records that vanish from the source stay in the destination.",
      };
    case "tombstone":
      return {
        name: "by tombstone",
        because: "What the source marks as deleted is deleted, at the end of the read that shows it, under the guard.",
        weakness:
          "A record that vanishes from the source without a mark stays in the destination; `deletes: { mode: mirror }` looks for those.",
      };
    case "mirror":
      return {
        name: isAsked ? "by absence, asked for" : "by absence in two complete reads",
        because: isAsked
          ? "A record that a complete read misses is asked for by its key, and deleted when the source does not know it, under the guard."
          : "A record that two complete reads in a row miss is deleted, under the guard.",
        weakness: undefined,
      };
  }
}

/** P5: a list that is cut by the API ends where its first page does, and nothing else tells. */
const unpagedOf = ({ type, isUnpaged = type === "none" }: Paging): string | undefined =>
  isUnpaged
    ? "Without `pagination`, one page is taken for all there is: of a list that the API cuts, the rest is not read. `evenkeel probe` looks for signs of a next page."
    : undefined;

function readingOf(paging: Paging, cursor: CursorSpec | undefined): Part {
  const name = paging.type;
  if (paging.overlaps === true) {
    return {
      name,
      because:
        "Reading follows offsets to the declared end, and pages overlap, so that a read in which records moved does not count as complete.",
      weakness: undefined,
    };
  }
  if (paging.shifts) {
    return {
      name,
      because: "Reading follows page numbers or offsets to the declared end.",
      weakness:
        "Records may move between numbered pages while the source changes, and one can be missed until the next full refresh; use cursor, keyset or link paging where the API has it.",
    };
  }
  if (cursor === undefined)
    return { name, because: "Every run reads everything, to the declared end of paging.", weakness: undefined };
  return {
    name,
    because: `Incremental reading by \`${cursor.field}\` asks inclusively, from a little before the last position, so ties and late rows are met again.`,
    weakness:
      cursor.lookback === 0
        ? "Without `lookback`, a record committed after a newer one was read is missed until the next full refresh."
        : undefined,
  };
}

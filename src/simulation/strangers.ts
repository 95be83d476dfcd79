import type { JsonObject } from "../core/json.ts";
import { Unusable, type Catalogue, type Version } from "./catalogue.ts";
import type { DestinationDouble } from "./destination-double.ts";
import { shownOf, type Item } from "./item.ts";
import type { Scene } from "./scene.ts";
import { BEGINNING, type Drift } from "./world.ts";

interface Options {
  readonly scene: Scene;
  readonly catalogue: Catalogue;
  readonly destination: DestinationDouble;
  readonly wallMs: () => number;
  readonly note: (text: string, about: readonly string[]) => void;
}

/** Ids of what somebody else adds: no record of the source has one. */
const FOREIGN_IDS = 1_000_000;

/** Begins the ledger's key of what a repair deletes and no record of the source is. */
const FOREIGN_KEY = "\u0001";

/** Whoever else has access to the destination, and changes, deletes and adds records there. */
export class Strangers {
  readonly #options: Options;
  /** Keys of records that are not as they were written, since somebody else changed them, and no repair has mended it. */
  readonly drifted: Set<string> = new Set();
  /** What was added, by its key; with the key under which the ledger has its delete. */
  readonly added: Map<string, string> = new Map();
  /** The same of what was changed: where that is kept, it is theirs. */
  readonly #changed = new Map<string, string>();
  #ids = FOREIGN_IDS;

  constructor(options: Options) {
    this.#options = options;
  }

  async act(drift: readonly Drift[]): Promise<void> {
    for (const each of drift) await this.#do(each);
  }

  /** The key under which the ledger has the delete of what is theirs. */
  theirs(key: string): string {
    return this.added.get(key) ?? this.#changed.get(key) ?? "";
  }

  /** What is level after a repair. */
  mended(keys: Iterable<string>): void {
    for (const key of keys) this.drifted.delete(key);
  }

  async #do({ kind, which }: Drift): Promise<void> {
    const { destination, note } = this.#options;
    const own = destination.items.filter(({ version }) => !this.added.has(version.key));
    // U5: into a destination that holds nothing of the ledger's, the first run is refused.
    if (kind === "add") return own.length === 0 ? undefined : this.#add();
    const item = own[Math.floor(which * own.length)];
    if (item === undefined) return;
    const { key } = item.version;
    this.drifted.add(key);
    this.#changed.set(key, foreignKey(item.version, item.name));
    note(`somebody ${kind === "edit" ? "changes" : "deletes"} record ${key} in the destination`, [key]);
    if (kind === "delete") destination.remove(item);
    else destination.edit(item, this.#edited(item));
  }

  /** What identifies the record stays; a field that the mapping names and leaves out of this record is filled in, or else another one is another text. */
  #edited(item: Item): JsonObject {
    const shown = shownOf(item);
    const leftOut = [...this.#options.scene.sync.mapping.owned.fields.within.keys()].find(
      (each) => !Object.hasOwn(shown, each),
    );
    const name = leftOut ?? Object.keys(shown).find((member) => typeof shown[member] === "string") ?? "name";
    return { ...shown, [name]: `changed by hand ${item.tag}` };
  }

  async #add(): Promise<void> {
    const { scene, catalogue, destination, wallMs, note } = this.#options;
    const id = (this.#ids += 1);
    let version: Version;
    try {
      const made = { id, content: BEGINNING, changedMs: wallMs() };
      version = await catalogue.add(made, scene.record(id, BEGINNING, wallMs()));
    } catch (error) {
      if (error instanceof Unusable) return;
      throw error;
    }
    const name = await destination.hold(version);
    this.added.set(version.key, foreignKey(version, name));
    note(`somebody adds record ${version.key} to the destination`, [version.key]);
  }
}

const foreignKey = ({ key, address }: Version, name: string): string =>
  FOREIGN_KEY + (address === undefined ? name : key);

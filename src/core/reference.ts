import { EvenkeelError } from "./errors.ts";
import { listed } from "./observation.ts";

/** A record, as others refer to it (`$ref`). */
export interface Reference {
  readonly sync: string;
  readonly key: string;
}

/** What is referred to is not in its destination yet. */
export class ReferenceMissing extends EvenkeelError {
  readonly reference: Reference;

  constructor(reference: Reference) {
    super("RUN_REFERENCE_MISSING", `record ${reference.key} of ${reference.sync} is not in its destination yet`);
    this.reference = reference;
  }
}

/** `customers 4 and categories toys` */
export const referencesText = (references: readonly Reference[]): string =>
  listed([...new Set(references.map(({ sync, key }) => `${sync} ${key}`))]);

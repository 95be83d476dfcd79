export { defineConfig, type ConfigInput } from "./config/define.ts";
export { EvenkeelError, type ErrorCode, type Place } from "./core/errors.ts";
export type { Counts, RunEvent } from "./core/events.ts";
export type { Guarantee } from "./core/guarantee.ts";
export type { Reject } from "./core/reject.ts";
export type { Evidence } from "./core/outcome.ts";
export type {
  Adopted,
  Adopting,
  Adoption,
  AdoptOptions,
  Check,
  Checked,
  CheckOptions,
  Drift,
  Evenkeel,
  Explanation,
  Imported,
  KeyConflict,
  KeyMapping,
  Observed,
  Plan,
  PlannedChange,
  PlanOptions,
  PlanSummary,
  Probe,
  Probed,
  ReadingProgress,
  Run,
  RunOptions,
  RunResult,
  State,
  SyncInfo,
  SyncResult,
  SyncStatus,
} from "./evenkeel.ts";
export type { Draft } from "./draft.ts";
export {
  draft,
  open,
  openState,
  rehearse,
  type DraftOptions,
  type OpenOptions,
  type RehearseOptions,
} from "./library.ts";
export type { RehearsalResult, Rehearsals } from "./simulation/rehearse.ts";

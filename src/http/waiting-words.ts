import type { LaneWait } from "../core/lane.ts";

/** Nobody goes until then. */
export type Standstill = Exclude<LaneWait, "pace">;

export const REASONS: Readonly<Record<Standstill, string>> = {
  asked: "asked to wait",
  throttled: "refuses more requests just now",
  quota: "has used up its quota",
  circuit: "is down",
};

/** Why a request was not let in, in words. */
export function blockedBy(name: string, { why, forMs }: { readonly why: Standstill; readonly forMs: number }): string {
  return `${name} ${REASONS[why]}; ${secondsOf(forMs)} more`;
}

export const secondsOf = (ms: number): string => `${Math.max(1, Math.ceil(ms / 1_000))} s`;

/** `20/s`, `1.5/s`, and `30/min` below one a second. */
export function rateText(perSecond: number | undefined): string {
  if (perSecond === undefined) return "requests";
  const perMinute = perSecond < 1;
  return `${Number((perMinute ? perSecond * 60 : perSecond).toPrecision(3))}/${perMinute ? "min" : "s"}`;
}

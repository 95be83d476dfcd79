import type { Dispatcher } from "undici";
import { fakeDispatcher, type FakeRequest, type FakeScript } from "../testing/fake-dispatcher.ts";
import type { SeededChance } from "../testing/seeded-chance.ts";
import type { VirtualClock } from "../testing/virtual-clock.ts";
import { limiter, type Verdict } from "./announced-limit.ts";
import { jsonAnswer, type Answer } from "./answer.ts";
import type { DestinationDouble } from "./destination-double.ts";
import { READ_FAULTS, TOLD, WRITE_FAULTS, type Fault, type Outage } from "./faults.ts";
import { DESTINATION_ORIGIN, FOREIGN_ORIGIN, SOURCE_ORIGIN } from "./scene.ts";
import type { SourceDouble } from "./source-double.ts";
import type { Wording } from "./wording.ts";
import type { Limited, World } from "./world.ts";

export interface NetworkOptions {
  readonly clock: VirtualClock;
  readonly chance: SeededChance;
  readonly source: SourceDouble;
  readonly destination: DestinationDouble;
  readonly faults: ReadonlySet<Fault>;
  /** Share of requests that one happens to. */
  readonly rate: number;
  /** No more than so many happen. */
  readonly faultsMax: number;
  readonly outages: readonly Outage[];
  readonly limits: World["limits"];
  readonly wording: Readonly<Record<"source" | "destination", Pick<Wording, "throttled">>>;
  /** How late a write may arrive that was given up. */
  readonly lateWriteMs: number;
  readonly note: (text: string, about?: readonly string[]) => void;
  /** Called when a write leaves, before anything else happens to it, with the keys of the records that it may be of. */
  readonly onWrite: (number: number, keys: readonly string[], isDelete: boolean) => void;
}

/** The wires between the process and both APIs, which outlive it. */
export interface SimulatedNetwork extends Pick<Dispatcher, "dispatch"> {
  readonly requests: number;
  readonly counts: ReadonlyMap<Fault, number>;
  readonly limited: readonly Limited[];
  readonly breaches: readonly string[];
  /** From now on nothing fails. */
  calm(): void;
  /** The process is gone: nobody hears what is answered from now on. */
  leave(): void;
  /** It died, or could write nothing down, and with it goes what it was told about waiting from this moment on (monotonic clock). */
  forget(fromMs: number): void;
}

/** A request on its way. */
interface Sent {
  readonly request: FakeRequest;
  readonly url: URL;
  readonly side: "source" | "destination";
  /** Keys of the records that it may be about. */
  readonly about: readonly string[];
  readonly chance: SeededChance;
  /** How long it takes until the answer is there. */
  readonly afterMs: number;
  /** The number of the process that sent it. */
  readonly asker: number;
  readonly isWrite: boolean;
}

/** The longest that one way takes on a good day, and what an API thinks about an answer, ms. */
const WAY_MS = 20;
const WORK_MS = 40;

/** A refused connection is as frequent as any other fault. */
const REFUSED_SHARE = 0.1;

const HTML = "<!doctype html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>";

export function simulatedNetwork(options: NetworkOptions): SimulatedNetwork {
  const { clock, source, destination, note } = options;
  const counts = new Map<Fault, number>();
  const breaches: string[] = [];
  let happened = 0;
  let isCalm = false;
  let connections = 0;

  /** What happens to a request: it depends on its number alone, so that leaving out one fault changes no other. */
  const chosen = (number: number, label: string, possible: readonly Fault[], share = 1): Fault | undefined => {
    if (isCalm || happened >= options.faultsMax) return undefined;
    const enabled = possible.filter((fault) => options.faults.has(fault));
    const chance = options.chance.fork(`${label} ${number}`);
    if (enabled.length === 0 || chance.random() >= options.rate * share) return undefined;
    const fault = chance.pick(enabled);
    happened += 1;
    counts.set(fault, (counts.get(fault) ?? 0) + 1);
    return fault;
  };

  const outageOf = (origin: string): Outage | undefined => {
    const nowMs = clock.monotonicMs();
    const side = origin === SOURCE_ORIGIN ? "source" : "destination";
    return isCalm
      ? undefined
      : options.outages.find((each) => each.side === side && each.fromMs <= nowMs && nowMs < each.toMs);
  };

  const { limits } = options;
  const gates = {
    source: limits.source && limiter(limits.source),
    destination: limits.destination && limiter(limits.destination),
  };
  const asked = { source: 0, destination: 0 };
  const refused = { source: 0, destination: 0 };

  /** R4: until when an API has asked to be left alone, once its answer is there. */
  let quiet: readonly { readonly origin: string; readonly toldMs: number; readonly untilMs: number }[] = [];
  let processes = 0;
  const asksToWait = (status: number, origin: string, seconds: number, afterMs: number, asker: number): FakeScript => {
    const onHeard = (): void => {
      const toldMs = clock.monotonicMs();
      if (asker === processes) quiet = [...quiet, { origin, toldMs, untilMs: toldMs + seconds * 1_000 }];
    };
    return { ...script(jsonAnswer(status, { code: "wait" }, { "retry-after": `${seconds}` }), afterMs), onHeard };
  };

  const handle = async (request: FakeRequest): Promise<FakeScript> => {
    const { method, number, origin, path } = request;
    const url = new URL(path, origin);
    const side = origin === SOURCE_ORIGIN ? "source" : "destination";
    const about = side === "source" ? [] : destination.keysOf({ ...request, url });
    const what = `${number} ${method} ${side} ${path}`;
    note(request.body === undefined ? what : `${what} ${request.body}`, about);
    if (origin !== SOURCE_ORIGIN && origin !== DESTINATION_ORIGIN) {
      breaches.push(
        `a request to ${origin}${request.headers["authorization"] === undefined ? "" : ", with credentials"}`,
      );
      return { kind: "drop" };
    }
    const isWrite = side === "destination" && destination.isWrite({ ...request, url });
    if (isWrite)
      for (const keys of destination.writtenKeys({ ...request, url }))
        options.onWrite(number, keys, destination.isDelete({ ...request, url }));
    const chance = options.chance.fork(`way ${number}`);
    const wayMs = Math.ceil(chance.random() * WAY_MS);
    const afterMs = Math.ceil(chance.random() * WORK_MS) + Math.ceil(chance.random() * WAY_MS);
    const sent: Sent = { request, url, side, about, chance, afterMs, asker: processes, isWrite };
    if (outageOf(origin)?.kind === "unavailable") {
      note(`  ${number} is answered 503: the API is down`, about);
      destination.doubt({ ...request, url });
      return script(jsonAnswer(503, { code: "down" }), afterMs);
    }
    const possible: readonly Fault[] = isWrite ? WRITE_FAULTS : READ_FAULTS;
    const fault = chosen(
      number,
      "fault",
      possible.filter((each) => each !== "refused"),
    );
    if (fault !== undefined) {
      note(`  ${number} ${TOLD[fault]}`, about);
      destination.doubt({ ...request, url });
    }
    await clock.sleep(wayMs);
    asked[side] += 1;
    const verdict = gates[side]?.(clock.wallMs());
    const answered = verdict?.isServed === false ? overLimit(sent, verdict) : await arrived(sent, fault);
    if (verdict === undefined || answered.kind !== "answer") return answered;
    return { ...answered, headers: { ...answered.headers, ...verdict.headers } };
  };

  const overLimit = ({ request, about, side, afterMs, asker }: Sent, { headers }: Verdict): FakeScript => {
    note(`  ${request.number} is answered 429: the limit is used up`, about);
    refused[side] += 1;
    const seconds = headers["retry-after"];
    if (seconds !== undefined) return asksToWait(429, request.origin, Number(seconds), afterMs, asker);
    return script(options.wording[side].throttled, afterMs);
  };

  /** What a request meets where it goes, and on its way back. */
  const arrived = async (sent: Sent, fault: Fault | undefined): Promise<FakeScript> => {
    const { request, url, side, about, chance, afterMs, asker, isWrite } = sent;
    const { method, number, origin } = request;
    const applied = async (): Promise<Answer> => {
      const answer = await (side === "source" ? source.answer(method, url) : destination.answer({ ...request, url }));
      if (isWrite)
        note(`  ${number} ${answer.status < 300 ? "takes effect" : "has no effect"}: ${answer.status}`, about);
      return answer;
    };
    switch (fault) {
      case undefined:
      case "refused":
        return script(await applied(), afterMs);
      case "lostRequest":
        return { kind: "drop", afterMs };
      case "lostAnswer":
        await applied();
        return { kind: "drop", afterMs };
      case "hang":
        await applied();
        return { kind: "hang" };
      case "late": {
        const arrivesMs = chance.random() * (options.lateWriteMs - WAY_MS);
        clock.after(arrivesMs, () => void applied());
        return chance.random() < 0.5 ? { kind: "hang" } : { kind: "drop", afterMs };
      }
      case "twice": {
        const first = await applied();
        const second = await applied();
        return script(chance.random() < 0.5 ? first : second, afterMs);
      }
      case "failedBefore":
        return script(jsonAnswer(500, { code: "failed" }), afterMs);
      case "failedAfter":
        await applied();
        return script(jsonAnswer(500, { code: "failed" }), afterMs);
      case "denied":
        // An API that honours keys looks there first.
        return script(
          destination.hasKey({ ...request, url }) ? await applied() : jsonAnswer(400, { code: "denied" }),
          afterMs,
        );
      case "unavailable":
        return asksToWait(503, origin, 1 + chance.integer(3), afterMs, asker);
      case "throttled":
        return chance.random() < 0.5
          ? script(options.wording[side].throttled, afterMs)
          : asksToWait(429, origin, 1 + chance.integer(3), afterMs, asker);
      case "cutAnswer": {
        const { status, headers, body } = await applied();
        return {
          kind: "answer",
          afterMs,
          status,
          headers,
          body: body.slice(0, Math.floor(body.length / 2)),
          cut: true,
        };
      }
      case "html":
        return script({ status: 200, headers: { "content-type": "text/html" }, body: HTML }, afterMs);
      case "badPosition": {
        const isFollowing = side === "source" && source.isFollowing(url);
        return script(isFollowing ? jsonAnswer(410, { code: "expired" }) : await applied(), afterMs);
      }
      case "samePosition":
        return script(side === "source" ? source.answer(method, url, true) : await applied(), afterMs);
      case "foreignNext": {
        const { status, headers, body } = await applied();
        const moved = (text: string): string => text.replaceAll(SOURCE_ORIGIN, FOREIGN_ORIGIN);
        const link = headers["link"];
        return script(
          { status, headers: link === undefined ? headers : { ...headers, link: moved(link) }, body: moved(body) },
          afterMs,
        );
      }
    }
  };

  const wires = fakeDispatcher({
    clock,
    connect: ({ origin }) => {
      connections += 1;
      const afterMs = 1;
      quiet = quiet.filter(({ untilMs }) => clock.monotonicMs() < untilMs);
      // A wall clock in fractions of a ms is not exact.
      if (quiet.some((each) => each.origin === origin && clock.monotonicMs() < each.untilMs - 1))
        breaches.push(`R4: a request to ${origin} before it was welcome again`);
      if (outageOf(origin)?.kind === "refused") return { kind: "fail", afterMs, code: "ECONNREFUSED" };
      return chosen(connections, "connection", ["refused"], REFUSED_SHARE) === undefined
        ? { kind: "open", afterMs }
        : { kind: "fail", afterMs, code: "ECONNREFUSED" };
    },
    handle,
  });
  return {
    dispatch: wires.dispatch,
    get requests() {
      return wires.requests.length;
    },
    counts,
    get limited() {
      return (["source", "destination"] as const).flatMap((side) => {
        const limit = limits[side];
        return limit === undefined ? [] : [{ kind: limit.kind, requests: asked[side], refused: refused[side] }];
      });
    },
    breaches,
    calm: () => (isCalm = true),
    leave: () => void (processes += 1),
    forget(fromMs) {
      destination.doubts.addAll();
      quiet = quiet.filter(({ toldMs }) => toldMs < fromMs);
    },
  };
}

const script = ({ status, headers, body }: Answer, afterMs: number): Extract<FakeScript, { kind: "answer" }> => ({
  kind: "answer",
  afterMs,
  status,
  headers,
  body,
});

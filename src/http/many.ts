import type { BatchItem, ManyWrites, RenderedWrite } from "../core/destination.ts";
import { EvenkeelError } from "../core/errors.ts";
import { andThen, type Eventual } from "../core/eventual.ts";
import type { Expression } from "../core/expression.ts";
import { isObject, scalarText, type Json } from "../core/json.ts";
import type { Outcome } from "../core/outcome.ts";
import type { RequestTemplate } from "../core/url-template.ts";
import type { Connection } from "./connection.ts";

/** Where an answer says what became of each record of a batch. */
export interface ResultsRequest {
  /** Selects the list of results in the answer's body. */
  readonly each: Expression;
  /** The value by which a result and a mapped record belong together; undefined for their position. */
  readonly key: Expression | undefined;
  /** Whether a result says that its record was written; undefined where every result does. */
  readonly ok: Expression | undefined;
  /** Whether a result says that there is no such record, or that it is there already. */
  readonly missing: Expression | undefined;
  readonly exists: Expression | undefined;
  /** The status of a result, as HTTP has it. */
  readonly status: Expression | undefined;
  readonly error: Expression | undefined;
  /** The id that the destination gave a record. */
  readonly id: Expression | undefined;
}

/** Many writes of one kind, as the config declares them. */
export interface ManyRequest {
  readonly template: RequestTemplate;
  readonly size: number;
  readonly bytes: number;
  /** The body, over the list of mapped records; the list itself when undefined. */
  readonly body: Expression | undefined;
  /** Undefined where a 2xx answer says that all were written. */
  readonly results: ResultsRequest | undefined;
  readonly repeatable: boolean;
}

/** Characters of a result that a message shows. */
const SHOWN = 300;

export function createManyWrites(request: ManyRequest, isOnly: boolean, connection: Connection): ManyWrites {
  const { size, bytes, template, results, repeatable } = request;

  const render = (items: readonly BatchItem[]): Eventual<RenderedWrite> =>
    andThen(template.render({ mapped: {}, key: "", source: {} }), (rendered) => {
      if (!rendered.ok) return { ok: false, code: "ADDRESS_UNUSABLE", reason: rendered.reason };
      return andThen(bodyOf(request, items), (body) => {
        if (body === undefined)
          return {
            ok: false,
            code: "MAPPING_FAILED",
            reason: `the expression of \`body\` gives nothing: ${request.body?.text}`,
          };
        const headers = { ...rendered.headers, "content-type": "application/json" };
        const url = connection.baseUrl + rendered.path;
        return { ok: true, write: { method: template.method, url, headers, body: JSON.stringify(body), repeatable } };
      });
    });

  const send: ManyWrites["send"] = async (write, items, options) => {
    const { method, url, headers, body } = write;
    const sent = { method, url, headers, body, repeatable, purpose: "write", keyHeader: undefined } as const;
    const { attempt } = await connection.exchange(sent, options);
    const { outcome } = attempt;
    if (outcome.kind !== "applied" || results === undefined) return { attempt, each: undefined };
    try {
      return { attempt, each: await outcomesOf(results, outcome, items) };
    } catch (error) {
      // R1: it was taken, and what became of each is not told.
      const message = error instanceof EvenkeelError ? error.message : String(error);
      return {
        attempt,
        each: items.map(() => unknown(`what became of it cannot be read from the answer: ${message}`)),
      };
    }
  };

  return { size, bytes, isOnly, render, send };
}

function bodyOf({ body }: ManyRequest, items: readonly BatchItem[]): Eventual<Json | undefined> {
  const list = items.map(({ record }) => record.mapped);
  if (body === undefined) return list;
  return body.evaluate(list, {
    key: items.map(({ record }) => record.key),
    id: items.map(({ destinationId }) => destinationId ?? null),
    source: items.map(({ record }) => record.body),
  });
}

type Applied = Extract<Outcome, { kind: "applied" }>;

async function outcomesOf(
  results: ResultsRequest,
  answer: Applied,
  items: readonly BatchItem[],
): Promise<readonly Outcome[]> {
  const found = answer.body === undefined ? undefined : await results.each.evaluate(answer.body);
  // What is one item of a list is sometimes written without it.
  const list = Array.isArray(found) ? (found as readonly Json[]) : isObject(found) ? [found] : undefined;
  if (list === undefined) return items.map(() => unknown("the answer has no results"));
  const of = await matching(results, list, items);
  return Promise.all(
    items.map(async (_, index) => {
      const result = of(index);
      return result === undefined
        ? unknown("the answer has no result of it")
        : outcomeOf(results, result, answer.status);
    }),
  );
}

/** Which result is whose. */
async function matching(
  { key }: ResultsRequest,
  list: readonly Json[],
  items: readonly BatchItem[],
): Promise<(index: number) => Json | undefined> {
  // By position alone, a result more or less would make each of them another one's.
  if (key === undefined) return list.length === items.length ? (index) => list[index] : () => undefined;
  const textsOf = (values: readonly Json[]): Promise<readonly (string | undefined)[]> =>
    Promise.all(values.map(async (value) => scalarText(await key.evaluate(value))));
  const resultOf = onlyOnes(await textsOf(list), list);
  const keys = await textsOf(items.map(({ record }) => record.mapped));
  const itemOf = onlyOnes(keys, items);
  return (index) => {
    const text = keys[index];
    // Of two results or two records with the same value, nobody can say which belongs to which.
    return text === undefined || !itemOf.has(text) ? undefined : resultOf.get(text);
  };
}

/** Each value by its text, without those whose text another has too. */
function onlyOnes<Value>(texts: readonly (string | undefined)[], values: readonly Value[]): ReadonlyMap<string, Value> {
  const only = new Map<string, Value>();
  const met = new Set<string>();
  for (const [index, text] of texts.entries()) {
    if (text === undefined) continue;
    if (met.has(text)) only.delete(text);
    else only.set(text, values[index] as Value);
    met.add(text);
  }
  return only;
}

async function outcomeOf(rules: ResultsRequest, result: Json, whole: number): Promise<Outcome> {
  try {
    return await judged(rules, result, whole);
  } catch (error) {
    // R1: it was taken, and what became of it is not told.
    return unknown(`what became of it cannot be read from its result: ${EvenkeelError.from(error).message}`);
  }
}

async function judged(rules: ResultsRequest, result: Json, whole: number): Promise<Outcome> {
  const { missing, exists, status, error, id } = rules;
  const isTrue = async (rule: Expression | undefined): Promise<boolean> =>
    rule !== undefined && (await rule.evaluate(result)) === true;
  const own = status === undefined ? undefined : statusIn(await status.evaluate(result));
  const isWritten = await wasWritten(rules, result, own);
  const code = own ?? whole;
  if (isWritten === true) {
    const destinationId = scalarText(await id?.evaluate(result));
    return { kind: "applied", status: code, body: result, ...(destinationId === undefined ? {} : { destinationId }) };
  }
  const message = await wordsOf(error, result);
  if (isWritten === undefined) return unknown(`its result does not say: ${message}`);
  if (await isTrue(missing)) return { kind: "refused", status: code, reason: "missing", message };
  if (await isTrue(exists)) return { kind: "refused", status: code, reason: "exists", message };
  return own === undefined ? { kind: "refused", status: code, reason: "other", message } : refusedWith(own, message);
}

/** Undefined where it does not say. */
async function wasWritten(
  { ok, status, error }: ResultsRequest,
  result: Json,
  own: number | undefined,
): Promise<boolean | undefined> {
  if (ok !== undefined) return (await ok.evaluate(result)) as boolean | undefined;
  if (status !== undefined) return own === undefined ? undefined : own >= 200 && own < 300;
  // A result that says what was wrong with its record is none of a record that was written.
  return error === undefined || isNothing(await error.evaluate(result));
}

const isNothing = (value: Json | undefined): boolean =>
  value === undefined ||
  value === null ||
  value === false ||
  value === "" ||
  (Array.isArray(value) && value.length === 0);

/** R1, for the one record: as the same statuses of a whole answer. */
function refusedWith(status: number, message: string): Outcome {
  if (status === 429) return { kind: "throttled", status, message };
  if (status === 408 || status === 409 || status >= 500) return { kind: "unknown", status, message };
  if (status === 412 || status === 428) return { kind: "refused", status, reason: "conflict", message };
  return { kind: "refused", status, reason: "other", message };
}

/** `422`, or as an API writes the line of a status: `422 Unprocessable Entity`. */
function statusIn(value: Json | undefined): number | undefined {
  const [digits] = /^[1-5]\d\d(?=$|\s)/.exec(scalarText(value) ?? "") ?? [];
  return digits === undefined ? undefined : Number(digits);
}

async function wordsOf(error: Expression | undefined, result: Json): Promise<string> {
  const said = await error?.evaluate(result);
  const text =
    said === undefined || said === null ? JSON.stringify(result) : (scalarText(said) ?? JSON.stringify(said));
  return text.slice(0, SHOWN);
}

const unknown = (message: string): Outcome => ({ kind: "unknown", message });

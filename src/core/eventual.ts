/**
 * A value that is there, or on its way. What is computed once a record is mostly there at once, and awaiting it would cost more than
 * computing it.
 */
export type Eventual<Value> = Value | Promise<Value>;

/** Goes on with a value: at once when it is there. */
export function andThen<Value, Result>(
  value: Eventual<Value>,
  then: (value: Value) => Eventual<Result>,
): Eventual<Result> {
  return value instanceof Promise ? value.then(then) : then(value);
}

/** What `make` gives, or what `recover` makes of its error, thrown at once or later. */
export function orElse<Value>(make: () => Eventual<Value>, recover: (error: unknown) => Value): Eventual<Value> {
  try {
    const made = make();
    return made instanceof Promise ? made.catch(recover) : made;
  } catch (error) {
    return recover(error);
  }
}

/** All of them, at once when all are there. None is left behind to fail unheard when another one fails first. */
export function allOf<Value>(values: readonly Eventual<Value>[]): Eventual<readonly Value[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as readonly Value[]);
}

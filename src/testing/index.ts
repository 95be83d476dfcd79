export {
  fakeDispatcher,
  type FakeConnection,
  type FakeDispatcher,
  type FakeOptions,
  type FakeRequest,
  type FakeScript,
} from "./fake-dispatcher.ts";
export { seededChance, type SeededChance } from "./seeded-chance.ts";
export { VirtualClock } from "./virtual-clock.ts";

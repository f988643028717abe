/**
 * Runs before the program (`deno run --preload`). At SIGURG something goes wrong where nobody catches
 * it, in the way that `TEST_FAULT` names.
 */
import { EventEmitter } from "node:events";
import { Socket } from "node:net";

/** With all that a terminal or a reader of lines must not be given. */
const MESSAGE = "on purpose \x1b[2J\n\u202e level=info";

function fail(): never {
  throw new Error(MESSAGE);
}

/** Fails in whatever listens to the next bytes from the broker. */
function failInSocketListener(): void {
  const emit = Socket.prototype.emit;
  Socket.prototype.emit = function (this: Socket, event: string | symbol, ...args: unknown[]): boolean {
    if (event !== "data") return emit.call(this, event, ...args);
    Socket.prototype.emit = emit;
    fail();
  };
}

const FAULTS: Readonly<Record<string, () => void>> = {
  "in a timer": () => void setTimeout(fail, 0),
  "in a microtask": () => queueMicrotask(fail),
  "in process.nextTick()": () => process.nextTick(fail),
  "in a promise that nobody awaits": () => void Promise.reject(new Error(MESSAGE)),
  "in an event listener of the broker's socket": failInSocketListener,
  "as an error event without a listener": () => void new EventEmitter().emit("error", new Error(MESSAGE)),
  "in several places at once": () => {
    queueMicrotask(fail);
    queueMicrotask(fail);
    setTimeout(fail, 0);
  },
  "as something that is no error": () => void Promise.reject({ __proto__: null, password: "pw-1234" }),
  "for lack of memory": () => {
    for (const kept: number[][] = [];;) kept.push(new Array<number>(1_000_000).fill(0.5));
  },
};

const fault = FAULTS[Deno.env.get("TEST_FAULT") ?? ""];
if (fault === undefined) throw new RangeError("TEST_FAULT names no fault");
Deno.addSignalListener("SIGURG", fault);

import type { Clock } from "../../src/time/mod.ts";
import type { Rig } from "./rig.ts";

/** What is done to the agent's world, and for how long at most; it is put right again at the end of each. */
const FAULTS = {
  "broker killed": { mostS: 30, inflict: killBroker },
  "broker frozen": { mostS: 30, inflict: freezeBroker },
  "link dead": { mostS: 40, inflict: killLink },
  "connection reset": { mostS: 1, inflict: resetConnections },
  "agent frozen": { mostS: 20, inflict: freezeAgent },
} as const;

/** A kind of fault. */
export type FaultKind = keyof typeof FAULTS;

/** Every kind, in the order of the report. */
export const FAULT_KINDS = Object.keys(FAULTS) as FaultKind[];

/** A fault to come. */
export interface PlannedFault {
  readonly kind: FaultKind;
  /** How long all is well before it. */
  readonly afterS: number;
  readonly lastsS: number;
}

/** A fault that was. */
export interface Fault {
  readonly kind: FaultKind;
  /** When it began, seconds from the start of the run. */
  readonly atS: number;
  readonly lastedS: number;
  /** From its end to the first message read after it; null: none came in time. */
  readonly recoveredAfterS: number | null;
}

const LEAST_QUIET_S = 10;
const MOST_QUIET_S = 80;
const LEAST_S = 0.5;
const RECOVERY_TIMEOUT_S = 60;
const POLL_MS = 50;

/** Faults for ever, in random order, every kind as often as any other. */
export function* planFaults(random: () => number): Generator<PlannedFault, never> {
  while (true) {
    const round = FAULT_KINDS.map((kind) => ({ kind, order: random() })).sort((a, b) => a.order - b.order);
    for (const { kind } of round) {
      const lastsS = LEAST_S + random() * (FAULTS[kind].mostS - LEAST_S);
      yield { kind, afterS: LEAST_QUIET_S + random() * (MOST_QUIET_S - LEAST_QUIET_S), lastsS };
    }
  }
}

/** Inflicts one fault and sees whether messages come again. */
export async function inflict(fault: PlannedFault, rig: Rig, clock: Clock, startMs: number): Promise<Fault> {
  const { kind, lastsS } = fault;
  const atS = (clock.monotonicMs() - startMs) / 1000;
  await FAULTS[kind].inflict(rig, () => clock.sleep(lastsS * 1000));
  const endWallMs = clock.wallMs();
  const endMs = clock.monotonicMs();
  const recovered = { kind, atS, lastedS: (endMs - startMs) / 1000 - atS };
  while (clock.monotonicMs() - endMs < RECOVERY_TIMEOUT_S * 1000) {
    if (rig.tally.lastReportMs >= endWallMs) {
      return { ...recovered, recoveredAfterS: (clock.monotonicMs() - endMs) / 1000 };
    }
    await clock.sleep(POLL_MS);
  }
  return { ...recovered, recoveredAfterS: null };
}

/** As after a power cut: nothing is saved, nobody listens. Clients find it only once the subscriber is there. */
async function killBroker({ broker, proxy, tally }: Rig, lasts: () => Promise<void>): Promise<void> {
  proxy.refuse();
  await broker.stop("SIGKILL");
  await lasts();
  await broker.start();
  await tally.connect();
  proxy.accept();
}

async function freezeBroker({ broker }: Rig, lasts: () => Promise<void>): Promise<void> {
  broker.signal("SIGSTOP");
  await lasts();
  broker.signal("SIGCONT");
}

/** The cable is pulled: nothing passes, nothing is closed. */
async function killLink({ proxy }: Rig, lasts: () => Promise<void>): Promise<void> {
  proxy.block();
  await lasts();
  proxy.unblock();
}

/** Closing with bytes unread makes the kernel send a reset. */
async function resetConnections({ proxy }: Rig, lasts: () => Promise<void>): Promise<void> {
  proxy.block();
  await lasts();
  proxy.closeAll();
  proxy.unblock();
}

async function freezeAgent({ agent }: Rig, lasts: () => Promise<void>): Promise<void> {
  agent.kill("SIGSTOP");
  await lasts();
  agent.kill("SIGCONT");
}

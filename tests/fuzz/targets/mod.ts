import type { Target } from "../fuzzer.ts";
import { agentTarget } from "./agent.ts";
import { brokerTarget } from "./broker.ts";
import { configTarget } from "./config.ts";
import { httpTarget } from "./http.ts";
import { linkTarget } from "./link.ts";
import { readerTarget } from "./reader.ts";
import { replayTarget } from "./replay.ts";

/** Everything that takes bytes from elsewhere. */
export const TARGETS: readonly Target[] = [
  readerTarget,
  agentTarget,
  linkTarget,
  replayTarget,
  brokerTarget,
  configTarget,
  httpTarget,
];

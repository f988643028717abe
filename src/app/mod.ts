/** Puts the program together: what the configuration means to each part, and the parts wired to each other.
 *
 * @module
 */
export { type Change, changes, type Effect, effectOf } from "./effects.ts";
export { failureCode } from "./failure.ts";
export { type MemoryGiver } from "./giving_back.ts";
export { type Host } from "./host.ts";
export { type ListenEnd, Listening, type ListeningOptions, type ListeningParts } from "./listening.ts";
export { agentOptions, homeAssistantTopic, messagesFilter, mqttOptions } from "./options.ts";
export { type ConfigInForce, type ConfigReading } from "./reloads.ts";
export { newRunId } from "./run_id.ts";
export { createScanner, hciSource, type ScannerHost } from "./scanner.ts";

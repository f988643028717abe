/**
 * Chosen by measurement (docs/performance.md): a young generation of 1 MB, for what a report leaves behind
 * is garbage at once. `gc()`, so that the agent can give memory back (src/app/collecting.ts). Bytecode is
 * interpreted, and nothing is kept that would help to compile it: the air carries 1,000 reports a second at most,
 * so memory is worth more than speed.
 */
export const V8_FLAGS = "--v8-flags=--max-semi-space-size=1,--expose-gc,--lite-mode";

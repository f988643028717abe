/**
 * Chosen by measurement (docs/binary.md): a young generation of 1 MB, for what a report leaves behind
 * is garbage at once, and no helper threads, whose stacks and arenas cost more than they help.
 */
export const V8_FLAGS = "--v8-flags=--max-semi-space-size=1,--single-threaded";

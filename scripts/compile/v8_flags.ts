/**
 * Chosen by measurement (docs/binary.md): a young generation of 1 MB, for what a report leaves behind
 * is garbage at once. Not `--single-threaded`: without helpers the marking of a full collection takes
 * so long that the heap doubles meanwhile.
 */
export const V8_FLAGS = "--v8-flags=--max-semi-space-size=1";

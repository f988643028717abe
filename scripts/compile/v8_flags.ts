/**
 * A young generation of 1 MB: most of what a report leaves behind is garbage at once, and a Pi has
 * little memory.
 */
export const V8_FLAGS = "--v8-flags=--max-semi-space-size=1";

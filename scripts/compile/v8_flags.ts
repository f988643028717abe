/**
 * Chosen by measurement (docs/performance.md): a young generation of 1 MB, for what a report leaves behind is garbage at
 * once. `gc()`, so that the agent can give memory back (src/app/giving_back.ts). What is known of a function's calls is
 * kept only once it was called 200 times, and neither of the compilers is used that optimise with it.
 */
export const V8_FLAGS =
  "--v8-flags=--max-semi-space-size=1,--expose-gc,--invocation-count-for-feedback-allocation=200,--no-turbofan,--no-maglev";

import { ConfigError, loadConfig, renderConfig, renderExample, renderProblem } from "../../../src/config/mod.ts";
import type { Target } from "../fuzzer.ts";

const HARMFUL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const encoder = new TextEncoder();
const WORDS = [
  "&a ",
  "*a",
  "<<: *a",
  "!!js/function ",
  "? ",
  "- ",
  "{",
  "[",
  '"\\u001b[2J"',
  "|\n  ",
  "\t",
  "---\n",
  "__proto__: 1\n",
]
  .concat([
    "constructor: {}\n",
    "scanner: { id: s1 }\n",
    "  labels: { room: attic, __proto__: x }\n",
    "mqtt: { client: { qos: 2 } }\n",
    "null",
    "1e999",
    "0x10",
    "\u202e",
  ]);

/** Configuration files. What is wrong is told, in lines that can be shown; nothing else is thrown. */
export const configTarget: Target = {
  name: "config",
  share: 1,
  seeds: [
    [encoder.encode("scanner: { id: s1 }\n")],
    renderExample("s1").split("\n\n").map((part) => encoder.encode(`${part}\n`)),
  ],
  words: WORDS.map((word) => encoder.encode(word)),
  async execute(input) {
    const text = new TextDecoder().decode(Uint8Array.from(input.flatMap((piece) => [...piece])));
    const sources = {
      flags: {},
      env: {},
      file: "c.yaml",
      readTextFile: () => Promise.resolve(text),
      hostname: () => "pi",
    };
    try {
      const { config, origins } = await loadConfig(sources);
      renderConfig(config, origins);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const problem of [...error.problems, ...error.warnings]) {
        if (HARMFUL.test(renderProblem(problem))) {
          throw new Error("a problem is told in characters that harm a terminal");
        }
      }
    }
  },
};

/**
 * Every target of `deno task fuzz`, for a moment, and with what was once found. `FUZZ_SEED` repeats a
 * run; the seed is in the name of each test's step.
 */
import assert from "node:assert/strict";
import { Random } from "../../src/hci/simulated/random.ts";
import { test } from "../support/test.ts";
import { Fuzzer, type Target } from "./fuzzer.ts";
import { type Input, inputFromText, inputToText } from "./input.ts";
import { TARGETS } from "./targets/mod.ts";

const CORPUS = new URL("./corpus/", import.meta.url);
const seed = Number(Deno.env.get("FUZZ_SEED") ?? Date.now() % 2 ** 31);

function fuzzer(target: Target, randomSeed = seed): Fuzzer {
  return new Fuzzer(target, { random: new Random(randomSeed), guidance: null, begin: () => {}, stray: () => null });
}

/** A target that does not like the byte 0x42 in second place. */
function planted(): Target & { readonly inputs: Input[] } {
  const inputs: Input[] = [];
  return {
    name: "planted",
    share: 1,
    seeds: [[Uint8Array.of(1, 2, 3), Uint8Array.of(4)]],
    words: [Uint8Array.of(9, 0x42, 9)],
    inputs,
    execute(input) {
      inputs.push(input);
      const at = input.findIndex((piece) => piece[1] === 0x42);
      return at === -1 ? Promise.resolve() : Promise.reject(new Error(`piece ${at} is bad`));
    },
  };
}

for (const target of TARGETS) {
  test(`the fuzz target "${target.name}" keeps its promises for inputs as they usually are, and changed ones`, async (t) => {
    for (const input of target.seeds) await target.execute(input);
    await t.step(`FUZZ_SEED=${seed}`, async () => {
      const found = await fuzzer(target).round();
      assert.deepEqual(found.map(({ error, input }) => [error, inputToText(input)]), []);
    });
  });

  for (const name of filesOf(target.name)) {
    test(`the fuzz target "${target.name}" keeps its promises for fuzz/corpus/${target.name}/${name}`, async () => {
      await target.execute(inputFromText(await Deno.readTextFile(new URL(`${target.name}/${name}`, CORPUS))));
    });
  }
}

function filesOf(target: string): string[] {
  try {
    return [...Deno.readDirSync(new URL(target, CORPUS))].map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

test("Fuzzer finds an input that breaks a promise, once, and makes it small", async () => {
  const target = planted();
  const subject = fuzzer(target, 1);
  const found = [];
  for (let rounds = 0; rounds < 100; rounds++) found.push(...await subject.round());
  assert.equal(found.length, 1);
  assert.deepEqual(found[0]?.input.map((piece) => piece.length), [2]);
  assert.equal(subject.executions, target.inputs.length);
});

test("Fuzzer makes the same inputs of the same seed, and others of another", async () => {
  const inputs = await Promise.all([1, 1, 2].map(async (each) => {
    const target = planted();
    await fuzzer(target, each).round();
    return target.inputs;
  }));
  assert.deepEqual(inputs[0], inputs[1]);
  assert.notDeepEqual(inputs[0], inputs[2]);
});

test("Fuzzer goes on from inputs that reach new code", async () => {
  const executed: Input[] = [];
  const target = { ...planted(), execute: (input: Input) => Promise.resolve(void executed.push(input)) };
  const answers = [true, false, false, true]; // after the round, then after each of its inputs
  const guidance = { somethingNew: () => Promise.resolve(answers.shift() ?? false), learn: () => {} };
  const subject = new Fuzzer(target, { random: new Random(1), guidance, begin: () => {}, stray: () => null });
  await subject.round();
  assert.deepEqual(subject.corpus.slice(1), [executed[2]]);
});

test("inputs are the same after they were text", () => {
  const input = [Uint8Array.of(1, 0xab), new Uint8Array(), Uint8Array.of(0)];
  assert.deepEqual(inputFromText(inputToText(input, ["two\nlines"])), input);
  assert.equal(inputToText(input, ["two\nlines"]), "# two\n# lines\n01ab\n\n00\n");
});

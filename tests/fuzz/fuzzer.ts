import type { Random } from "../../src/hci/simulated/random.ts";
import type { Guidance } from "./guidance.ts";
import type { Input } from "./input.ts";
import { Mutator } from "./mutator.ts";

/** Something that is fed inputs, and must not mind any. */
export interface Target {
  readonly name: string;
  /** How much of the time it gets, relative to the others. */
  readonly share: number;
  /** Inputs as they usually are. */
  readonly seeds: readonly Input[];
  /** Pieces of input that mean something. */
  readonly words: readonly Uint8Array[];
  /** @throws {Error} where a promise of the code under test is broken */
  execute(input: Input): Promise<void>;
}

/** An input that broke a promise. */
export interface Finding {
  readonly target: string;
  /** As small as it could be made. */
  readonly input: Input;
  readonly error: Error;
}

/** What a {@linkcode Fuzzer} works with. */
export interface FuzzerParts {
  /** Makes every choice. */
  readonly random: Random;
  /** null: every input is as good as any other. */
  readonly guidance: Guidance | null;
  /** Told of each input before it is executed. */
  readonly begin: (input: Input) => void;
  /** What was thrown past the target since this was asked last. */
  readonly stray: () => Error | null;
}

/** So many inputs are looked at together before the guidance is asked. */
const BATCH = 16;
const MOST_REDUCTIONS = 500;

/** Feeds a target with changed inputs; keeps those that reach new code, and goes on from them. */
export class Fuzzer {
  readonly corpus: Input[] = [];
  readonly #mutator: Mutator;
  readonly #known = new Set<string>();
  #executions = 0;

  constructor(private readonly target: Target, private readonly parts: FuzzerParts) {
    this.#mutator = new Mutator(parts.random, target.words);
    this.corpus.push(...target.seeds);
  }

  /** How many inputs were executed. */
  get executions(): number {
    return this.#executions;
  }

  /** Executes a batch; returns what it has found that is unlike what was found before. */
  async round(): Promise<Finding[]> {
    const batch = Array.from({ length: BATCH }, () => this.#mutator.mutate(this.#pick(), this.#pick()));
    const findings: Finding[] = [];
    for (const input of batch) {
      const error = await this.#execute(input);
      if (error === null || this.#known.has(kindOf(error))) continue;
      this.#known.add(kindOf(error));
      findings.push({ target: this.target.name, input: await this.#reduce(input, kindOf(error)), error });
    }
    await this.#keep(batch);
    return findings;
  }

  async #keep(batch: readonly Input[]): Promise<void> {
    const { guidance } = this.parts;
    if (guidance === null || !await guidance.somethingNew()) return;
    for (const input of batch) {
      await this.#execute(input);
      if (!await guidance.somethingNew()) continue;
      guidance.learn();
      this.corpus.push(input);
    }
  }

  async #execute(input: Input): Promise<Error | null> {
    this.#executions++;
    this.parts.begin(input);
    try {
      await this.target.execute(input);
      return this.parts.stray();
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  /** Takes away what is not needed for the same kind of error. */
  async #reduce(input: Input, kind: string): Promise<Input> {
    let smallest = input;
    const stillFails = async (candidate: Input) => {
      const error = await this.#execute(candidate);
      return error !== null && kindOf(error) === kind;
    };
    let left = MOST_REDUCTIONS;
    for (let improved = true; improved;) {
      improved = false;
      for (const candidate of smallerThan(smallest)) {
        if (left-- <= 0) return smallest;
        if (!await stillFails(candidate)) continue;
        smallest = candidate;
        improved = true;
        break;
      }
    }
    return smallest;
  }

  #pick(): Input {
    return this.corpus[this.parts.random.below(this.corpus.length)] ?? [];
  }
}

/** Without half of its pieces, without one, with one piece cut. */
function* smallerThan(input: Input): Generator<Input> {
  if (input.length > 1) {
    yield input.slice(input.length >> 1);
    yield input.slice(0, input.length >> 1);
    for (let at = 0; at < input.length; at++) yield input.toSpliced(at, 1);
  }
  for (const [at, piece] of input.entries()) {
    for (let cut = piece.length >> 1; cut > 0; cut >>= 1) yield input.with(at, piece.subarray(0, piece.length - cut));
  }
}

/** Errors that differ in numbers alone are of one kind. */
function kindOf({ name, message }: Error): string {
  return `${name}: ${message.split("\n", 1)[0]}`.replaceAll(/[0-9a-f]*[0-9][0-9a-f]*/gi, "#");
}

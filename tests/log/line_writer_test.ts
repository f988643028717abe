import assert from "node:assert/strict";
import { type ByteOutput, LineWriter } from "../../src/log/mod.ts";
import { test } from "../support/test.ts";

/** An output that takes bytes only when told to. */
class Gate implements ByteOutput {
  text = "";
  writes = 0;
  #open: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(private readonly mostBytes = Infinity) {}

  async write(bytes: Uint8Array): Promise<number> {
    this.writes++;
    await this.#open.promise;
    const taken = bytes.subarray(0, this.mostBytes);
    this.text += new TextDecoder().decode(taken);
    return taken.length;
  }

  open(): void {
    this.#open.resolve();
  }
}

const never = new AbortController().signal;

test("LineWriter writes every line once, in order, those of one moment together", async () => {
  const output = new Gate();
  const lines = new LineWriter(output);
  for (const line of ["one\n", "two\n", "drei ü\n"]) assert.equal(lines.write(line), true);
  output.open();
  await lines.flush(never);
  lines.write("later\n");
  await lines.flush(never);
  assert.equal(output.text, "one\ntwo\ndrei ü\nlater\n");
  assert.equal(output.writes, 2);
});

test("LineWriter goes on where the output takes only a part", async () => {
  const output = new Gate(3);
  output.open();
  const lines = new LineWriter(output);
  lines.write("0123456789\n");
  await lines.flush(never);
  assert.equal(output.text, "0123456789\n");
});

test("LineWriter refuses lines beyond its bound, and takes them again when the output has moved on", async () => {
  const output = new Gate();
  const lines = new LineWriter(output, 10);
  assert.deepEqual(["1234\n", "6789\n", "x\n"].map((line) => lines.write(line)), [true, true, false]);
  await Promise.resolve();
  assert.equal(lines.write("y\n"), false, "what is being written counts too");
  output.open();
  await lines.flush(never);
  assert.equal(lines.write("z\n"), true);
  await lines.flush(never);
  assert.equal(output.text, "1234\n6789\nz\n");
});

test("LineWriter goes on after an output that fails or takes nothing", async () => {
  const outcomes = [() => Promise.reject(new Error("broken pipe")), () => Promise.resolve(0)];
  const taken: string[] = [];
  const lines = new LineWriter({
    write(bytes) {
      const outcome = outcomes.shift();
      if (outcome !== undefined) return outcome();
      taken.push(new TextDecoder().decode(bytes));
      return Promise.resolve(bytes.length);
    },
  });
  for (const line of ["a\n", "b\n", "c\n"]) {
    lines.write(line);
    await lines.flush(never);
  }
  assert.deepEqual(taken, ["c\n"]);
});

test("LineWriter.flush() gives up with its signal", async () => {
  const output = new Gate();
  const lines = new LineWriter(output);
  lines.write("stuck\n");
  const controller = new AbortController();
  const flushed = lines.flush(controller.signal);
  controller.abort();
  await flushed;
  await lines.flush(AbortSignal.abort());
  assert.equal(output.text, "");
  output.open();
});

test("a log whose stderr nobody reads neither holds up nor grows the program, and says what it lost", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", new URL("stalled_stderr.ts", import.meta.url).href],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stdout = child.stdout.getReader();
  const { value } = await stdout.read();
  const report = JSON.parse(new TextDecoder().decode(value));
  assert.equal(report.logged, 20_000);
  assert.ok(report.refused > 15_000, `only ${report.refused} lines refused`);

  const stderr = new Response(child.stderr).text(); // from here on somebody reads
  const stdin = child.stdin.getWriter();
  await stdin.write(new TextEncoder().encode("reading\n"));
  await stdin.close();
  const lines = (await stderr).trimEnd().split("\n").map((line) => JSON.parse(line));
  await stdout.cancel();
  assert.equal((await child.status).code, 0);
  assert.ok(lines.length > 100);
  // On a busy machine what the pipe holds is written in between, and lines are lost twice.
  const notices = lines.filter(({ event }) => event === "log lines dropped");
  assert.equal(notices.reduce((sum, { fields }) => sum + fields.count, 0), report.refused);
  assert.equal(lines.at(-1)?.event, "last");
  assert.equal(lines.length - notices.length - 1 + report.refused, report.logged);
});

test("a program whose stderr nobody reads can still end", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", new URL("stalled_stderr.ts", import.meta.url).href, "end"],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  assert.equal((await child.status).code, 3);
  await child.stderr.cancel();
});

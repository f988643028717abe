/** The tests that documents name, as in `tests/mqtt/sender_test.ts`: "Sender settles …". */

const ROOT = new URL("../../", import.meta.url);

/** A test that a document names. `…` in the name stands for a part that is filled in. */
export interface NamedTest {
  readonly file: string;
  readonly name: string;
}

/** Which tests a text names. */
export function testsNamedIn(text: string): NamedTest[] {
  return [...oneLineEach(text).matchAll(/`(tests\/[\w/]+\.ts)`: "([^"]+)"/g)].map(([, file = "", name = ""]) => ({
    file,
    name,
  }));
}

/** The text with each paragraph and each item on one line. */
export function oneLineEach(text: string): string {
  return text.replaceAll(/\n(?!\n|- |#)\s*/g, " ");
}

/** Whether its file has a test of this name. */
export function testExists({ file, name }: NamedTest): boolean {
  return namesIn(Deno.readTextFileSync(new URL(file, ROOT))).some((pattern) => pattern.test(name));
}

/** The names that a file gives its tests: a regular expression for each, since a name may have parts filled in. */
function namesIn(source: string): RegExp[] {
  return [...source.matchAll(/\b\w*[tT]est\w*\(\s*(?:\[[^\]]*\],\s*)?(["`])((?:\\.|(?!\1)[^\\])*)\1/g)].map(
    ([, , name = ""]) => {
      const parts = name.split(/\$\{.*?\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
      return new RegExp(`^${parts.join(".+")}$`);
    },
  );
}

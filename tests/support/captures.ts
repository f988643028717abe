import { fileURLToPath } from "node:url";

/** A btsnoop file that tests read. */
export interface Capture {
  readonly name: string;
  readonly path: string;
}

const OWN = fileURLToPath(new URL("../captures/", import.meta.url));

/** The project's captures, and those of the folder that `BT_SCANNER_TEST_CAPTURES` names, if it does. */
export function captures(): Capture[] {
  const folders = [OWN, Deno.env.get("BT_SCANNER_TEST_CAPTURES") ?? ""].filter((folder) => folder !== "");
  return folders.flatMap((folder) =>
    [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".btsnoop"))
      .map(({ name }) => ({ name, path: `${folder}/${name}` }))
  ).sort((a, b) => a.name < b.name ? -1 : 1);
}

import type { Metafile } from "esbuild";

/** One of the texts that the program is made of. */
export interface Part {
  readonly contents: Uint8Array;
  /** What something of is in it, as paths below the project's folder. */
  readonly files: readonly string[];
}

/**
 * The files of which something is in what esbuild has made.
 *
 * @throws {Error} where one is from outside of the project's folder
 */
export function filesOf({ inputs, outputs }: Metafile): string[] {
  const outside = Object.keys(inputs).filter((path) => path.startsWith("../"));
  if (outside.length > 0) throw new Error(`Not of this project: ${outside.join(", ")}`);
  return Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path)
  );
}

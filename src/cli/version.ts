import project from "../../deno.json" with { type: "json" };

/** Inserted by the build: version, commit, and the kind of executable. */
declare const BT_SCANNER_VERSION: string | undefined;

/** Version of this program (Semantic Versioning), and what kind of executable it is. */
export const VERSION: string = typeof BT_SCANNER_VERSION === "undefined"
  ? `${project.version} (source)`
  : BT_SCANNER_VERSION;

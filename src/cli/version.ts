import project from "../../deno.json" with { type: "json" };

/** Version of this program (Semantic Versioning). */
export const VERSION: string = project.version;

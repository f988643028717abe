/**
 * Permission to write is baked in for `record`, which writes the file it is told to, and for what `run` may be configured
 * to write (see `giveUpWriting()` in `src/main.ts`). Everything else gives it back before it begins.
 */
if (Deno.args[0] !== "record" && Deno.args[0] !== "run") Deno.permissions.revokeSync({ name: "write" });

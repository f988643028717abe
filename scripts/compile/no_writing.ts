/**
 * `record` writes the file it is told to; permission to write is baked in for it alone. Everything
 * else gives that permission back before it begins.
 */
if (Deno.args[0] !== "record") Deno.permissions.revokeSync({ name: "write" });

// An empty program, for what the runtime itself takes; with an argument it ends at once.
if (Deno.args.length === 0) setInterval(() => {}, 60_000);

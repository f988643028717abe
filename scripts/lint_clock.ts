/**
 * Lint plugin `clock`: the time is asked for in `src/time` alone. Everywhere else under `src/` it
 * comes from a `Clock`, which says whether a time is for stamps (`wallMs`) or for intervals
 * (`monotonicMs`), and which a test can replace.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

const SRC = fileURLToPath(new URL("../src/", import.meta.url));

const CLOCKS: ReadonlySet<string> = new Set([
  "Date.now",
  "performance.now",
  "performance.timeOrigin",
  "process.hrtime",
  "process.uptime",
  "Temporal.Now",
]);

const injected: Deno.lint.Rule = {
  create(context) {
    if (!context.filename.startsWith(SRC) || context.filename.startsWith(`${SRC}time/`)) return {};

    function report(node: Deno.lint.Node, what: string): void {
      context.report({ node, message: `${what} is for src/time; take the time from a Clock that is passed in` });
    }

    return {
      MemberExpression(node) {
        const { object, property } = node;
        if (object.type !== "Identifier" || property.type !== "Identifier") return;
        const name = `${object.name}.${property.name}`;
        if (CLOCKS.has(name)) report(node, name);
      },
      NewExpression(node) {
        if (isDate(node.callee) && node.arguments.length === 0) report(node, "new Date()");
      },
      CallExpression(node) {
        if (isDate(node.callee)) report(node, "Date()");
      },
    };
  },
};

function isDate(node: Deno.lint.Node): boolean {
  return node.type === "Identifier" && node.name === "Date";
}

const plugin: Deno.lint.Plugin = { name: "clock", rules: { injected } };
export default plugin;

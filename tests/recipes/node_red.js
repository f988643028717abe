/**
 * `node_red.js FOLDER`: Node-RED without its editor, with the flows in `FOLDER/flows.json`, until it is ended.
 *
 * @module
 */
import runtime from "@node-red/runtime";
import util from "@node-red/util";
import { createRequire } from "node:module";
import { createServer } from "node:http";
import { dirname } from "node:path";

const settings = {
  userDir: Deno.args[0],
  flowFile: "flows.json",
  // Neither the editor nor nodes that answer HTTP: it listens nowhere.
  httpAdminRoot: false,
  httpNodeRoot: false,
  disableEditor: true,
  credentialSecret: false,
  coreNodesDir: dirname(createRequire(import.meta.url).resolve("@node-red/nodes/package.json")),
  logging: { console: { level: "info" } },
};
util.init(settings);
runtime.init(settings, createServer(), undefined);
await runtime.start();

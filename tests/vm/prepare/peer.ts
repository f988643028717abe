/**
 * Gets, on the host, what the case `peer` runs in the guest: `peer.ts FOLDER` leaves in FOLDER/peer this machine's
 * Node.js, the program of `tests/bench/peer`, and the packages that it is made of. They are not among those of
 * `tests/deno.json`, so that nobody fetches them who does not compare.
 */
import { fileURLToPath } from "node:url";
import { findProgram, run } from "../../support/programs.ts";

const PACKAGES = ["@stoprocent/noble@2.8.0", "@stoprocent/bluetooth-hci-socket@2.3.0", "mqtt@5.16.0"];

const folder = `${Deno.args[0]}/peer`;
const node = findProgram("node");
if (node === null) throw new Error("Node.js is not installed");
await Deno.mkdir(folder, { recursive: true });
await Deno.copyFile(node, `${folder}/node`);
await Deno.copyFile(fileURLToPath(new URL("../../bench/peer/peer.cjs", import.meta.url)), `${folder}/peer.cjs`);
// The addon of bluetooth-hci-socket comes built; no package runs anything while it is installed.
const options = ["--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--silent"];
await run("npm", "install", "--prefix", folder, ...options, ...PACKAGES);

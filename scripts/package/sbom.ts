import { Buffer } from "node:buffer";
import { sha256 } from "../compile/self_extracting.ts";
import { RUNTIME_VERSION, type Target } from "../compile/targets.ts";
import type { Component } from "./components.ts";

/** The JavaScript engine in {@linkcode RUNTIME_VERSION} of the runtime, as `deno --version` names it. */
export const ENGINE_VERSION = "15.0.245.2-rusty";

/** What is described. */
export interface SbomFacts {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly executable: Uint8Array;
  readonly target: Target;
  readonly components: readonly Component[];
  /** When it was made, in seconds since 1970. */
  readonly epochS: number;
}

/**
 * What is in an executable, as CycloneDX 1.6 in JSON. The same facts give the same bytes.
 *
 * @see https://cyclonedx.org/docs/1.6/json/
 */
export function renderSbom(facts: SbomFacts): string {
  const { name, version, license, executable, components, epochS } = facts;
  const hashes = [{ alg: "SHA-256", content: sha256(executable) }];
  const body = {
    version: 1,
    metadata: {
      timestamp: new Date(epochS * 1000).toISOString(),
      lifecycles: [{ phase: "build" }],
      component: {
        type: "application",
        "bom-ref": name,
        name,
        version,
        hashes,
        licenses: [{ license: { id: license } }],
      },
    },
    components: [...components.map(libraryEntry), ...runtimeEntries(facts)],
    dependencies: [
      { ref: name, dependsOn: [...components.filter(({ direct }) => direct).map(reference), "deno"] },
      ...components.map((one) => ({
        ref: reference(one),
        dependsOn: components.filter((other) => one.dependencies.includes(other.name)).map(reference),
      })),
      { ref: "deno", dependsOn: ["v8"] },
      { ref: "v8", dependsOn: [] },
    ],
  };
  const start = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(body))}`,
  };
  return `${JSON.stringify({ ...start, ...body }, null, 2)}\n`;
}

function libraryEntry(component: Component) {
  const { name, version, license, integrity } = component;
  const content = Buffer.from(integrity.replace(/^sha512-/, ""), "base64").toString("hex");
  return {
    type: "library",
    "bom-ref": reference(component),
    name,
    version,
    hashes: [{ alg: "SHA-512", content }],
    licenses: [{ license: { id: license } }],
    purl: reference(component),
  };
}

/**
 * The runtime and its engine. Of a compiled executable's runtime no digest is known, and where another Deno
 * has compiled it, no version either.
 */
function runtimeEntries({ executable, target }: SbomFacts) {
  const isScript = executable[0] === 0x23; // #!
  const bytes = Buffer.from(executable.buffer, executable.byteOffset, executable.byteLength);
  if (!isScript && !bytes.includes(`Deno/${RUNTIME_VERSION}`)) return unknownRuntimeEntries();
  const engine = ENGINE_VERSION.replace("-rusty", "");
  return [
    {
      type: "platform",
      "bom-ref": "deno",
      name: "deno",
      version: RUNTIME_VERSION,
      ...isScript ? { hashes: [{ alg: "SHA-256", content: target.runtimeDigest }] } : {},
      licenses: [{ license: { id: "MIT" } }],
      cpe: `cpe:2.3:a:deno:deno:${RUNTIME_VERSION}:*:*:*:*:*:*:*`,
      purl: isScript ? npmPurl(target.runtime, RUNTIME_VERSION) : `pkg:github/denoland/deno@v${RUNTIME_VERSION}`,
    },
    {
      type: "library",
      "bom-ref": "v8",
      name: "v8",
      version: engine,
      licenses: [{ license: { id: "BSD-3-Clause" } }],
      cpe: `cpe:2.3:a:google:v8:${engine}:*:*:*:*:*:*:*`,
      purl: `pkg:github/v8/v8@${engine}`,
    },
  ];
}

function unknownRuntimeEntries() {
  return [
    { type: "platform", "bom-ref": "deno", name: "deno", licenses: [{ license: { id: "MIT" } }] },
    { type: "library", "bom-ref": "v8", name: "v8", licenses: [{ license: { id: "BSD-3-Clause" } }] },
  ];
}

function reference({ name, version }: Component): string {
  return npmPurl(name, version);
}

function npmPurl(name: string, version: string): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

/** A UUID (version 8: of its maker's own making) that is the same for the same text. */
function uuidOf(text: string): string {
  const digits = sha256(new TextEncoder().encode(text));
  const parts = [digits.slice(0, 8), digits.slice(8, 12), `8${digits.slice(13, 16)}`, `8${digits.slice(17, 20)}`];
  return [...parts, digits.slice(20, 32)].join("-");
}

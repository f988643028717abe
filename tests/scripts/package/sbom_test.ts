import assert from "node:assert/strict";
import { RUNTIME_VERSION, type Target, TARGETS } from "../../../scripts/compile/targets.ts";
import type { Component } from "../../../scripts/package/components.ts";
import { renderCopyright } from "../../../scripts/package/copyright.ts";
import { ENGINE_VERSION, renderSbom } from "../../../scripts/package/sbom.ts";
import { test } from "../../support/test.ts";

const [TARGET] = TARGETS as readonly [Target];
const SCRIPT = new TextEncoder().encode("#!/bin/sh\n");
const ELF = new TextEncoder().encode(`\x7fELF … Deno/${RUNTIME_VERSION} …`);
const FOREIGN_ELF = new TextEncoder().encode("\x7fELF … Deno/2.6.10 …");
const COMPONENTS: readonly Component[] = [
  {
    name: "@scope/direct",
    version: "1.2.3-4",
    integrity: `sha512-${btoa("\x01".repeat(64))}`,
    license: "MIT",
    licenseText: "Copyright (c) 2020 Somebody\n\nDo what you like.",
    direct: true,
    dependencies: ["indirect"],
  },
  {
    name: "indirect",
    version: "4.5.6",
    integrity: `sha512-${btoa("\x02".repeat(64))}`,
    license: "ISC",
    licenseText: "Copyright Somebody Else\n\nDo as well.",
    direct: false,
    dependencies: [],
  },
];

interface Sbom {
  readonly serialNumber: string;
  readonly components: readonly {
    readonly "bom-ref": string;
    readonly purl: string;
    readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

function render(executable = SCRIPT): Sbom & Record<string, unknown> {
  const facts = { name: "bt-scanner", version: "0.1.0", license: "MIT", target: TARGET, epochS: 1_800_000_000 };
  return JSON.parse(renderSbom({ ...facts, executable, components: COMPONENTS }));
}

test("renderSbom() says what is in the executable, and of what it was asked by", () => {
  const { bomFormat, specVersion, components, dependencies } = render();
  assert.deepEqual([bomFormat, specVersion], ["CycloneDX", "1.6"]);
  assert.deepEqual(components.map(({ purl }) => purl), [
    "pkg:npm/%40scope/direct@1.2.3-4",
    "pkg:npm/indirect@4.5.6",
    "pkg:npm/%40deno/linux-arm64-glibc@2.9.5",
    "pkg:github/v8/v8@15.0.245.2",
  ]);
  assert.deepEqual(components[1]?.hashes, [{ alg: "SHA-512", content: "02".repeat(64) }]);
  assert.deepEqual(dependencies, [
    { ref: "bt-scanner", dependsOn: ["pkg:npm/%40scope/direct@1.2.3-4", "deno"] },
    { ref: "pkg:npm/%40scope/direct@1.2.3-4", dependsOn: ["pkg:npm/indirect@4.5.6"] },
    { ref: "pkg:npm/indirect@4.5.6", dependsOn: [] },
    { ref: "deno", dependsOn: ["v8"] },
    { ref: "v8", dependsOn: [] },
  ]);
});

test("renderSbom() gives the runtime's digest where it was packed as it came", () => {
  const runtime = (sbom: Sbom) => sbom.components.find((component) => component["bom-ref"] === "deno");
  assert.deepEqual(runtime(render(SCRIPT))?.hashes, [{ alg: "SHA-256", content: TARGET.runtimeDigest }]);
  assert.equal(runtime(render(ELF))?.hashes, undefined);
  assert.equal(runtime(render(ELF))?.purl, "pkg:github/denoland/deno@v2.9.5");
});

test("renderSbom() claims no version for a runtime that another Deno has compiled in", () => {
  const own = render(FOREIGN_ELF).components.filter((component) => ["deno", "v8"].includes(component["bom-ref"]));
  assert.equal(own.length, 2);
  assert.doesNotMatch(
    JSON.stringify(own),
    new RegExp(`${RUNTIME_VERSION}|${ENGINE_VERSION.split("-")[0]}|version|cpe`),
  );
});

test("renderSbom() gives the same for the same facts, and another serial number for others", () => {
  assert.deepEqual(render(), render());
  assert.match(render().serialNumber, /^urn:uuid:[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/);
  assert.notEqual(render(ELF).serialNumber, render(SCRIPT).serialNumber);
});

test("ENGINE_VERSION is that of the runtime which is packed", () => {
  if (Deno.version.deno === RUNTIME_VERSION) assert.equal(Deno.version.v8, ENGINE_VERSION);
});

test("renderCopyright() has every licence word by word", () => {
  const own = "MIT License\n\nCopyright (c) 2026 us\n\nPermission is hereby granted\n\nto all\n";
  const text = renderCopyright(own, "Copyright 2014, V8\n    * indented\n", COMPONENTS);
  assert.match(text, /^Files: \*\nCopyright: 2026 us\nLicense: Expat\n Permission is hereby granted\n \.\n to all\n/m);
  assert.match(text, /^Files: v8\n.*\nLicense: BSD-3-clause\n Copyright 2014, V8\n {5}\* indented\n/m);
  assert.match(
    text,
    /^Files: @scope\/direct@1\.2\.3-4\nCopyright: 2020 Somebody\nLicense: Expat\n Copyright .*\n \.\n Do what you like\.\n/m,
  );
  assert.match(text, /^Files: indirect@4\.5\.6\nCopyright: Somebody Else\nLicense: ISC\n/m);
});

/** How many lines with code there are, and how many of them ran. */
export interface LineCoverage {
  readonly covered: number;
  readonly lines: number;
}

/** Reads an LCOV report into the coverage of each folder directly below `src`, sorted by name. */
export function coverageByFolder(lcov: string, src: string): Map<string, LineCoverage> {
  const folders = new Map<string, LineCoverage>();
  for (const record of lcov.split("end_of_record")) {
    const file = /^SF:(.+)$/m.exec(record)?.[1];
    if (file === undefined || !file.startsWith(src)) continue;
    const folder = file.slice(src.length).split("/", 1)[0] ?? "";
    const before = folders.get(folder) ?? { covered: 0, lines: 0 };
    folders.set(folder, {
      covered: before.covered + number(record, "LH"),
      lines: before.lines + number(record, "LF"),
    });
  }
  return new Map([...folders].sort(([a], [b]) => a < b ? -1 : 1));
}

/** Adds up. */
function totalCoverage(parts: Iterable<LineCoverage>): LineCoverage {
  let [covered, lines] = [0, 0];
  for (const part of parts) {
    covered += part.covered;
    lines += part.lines;
  }
  return { covered, lines };
}

/** Lines that ran, in percent of all; 0 where none were seen. */
function percent({ covered, lines }: LineCoverage): number {
  return lines === 0 ? 0 : 100 * covered / lines;
}

/** Lays coverage out as a table, a folder a line and the total below. */
export function coverageTable(folders: ReadonlyMap<string, LineCoverage>): string {
  const rows = [...folders, ["total", totalCoverage(folders.values())] as const];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, part]) => {
    return `  ${name.padEnd(width)}  ${percent(part).toFixed(1).padStart(5)} %  ${part.covered}/${part.lines}`;
  }).join("\n");
}

function number(record: string, key: string): number {
  return Number(new RegExp(`^${key}:(\\d+)$`, "m").exec(record)?.[1] ?? 0);
}

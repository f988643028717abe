import { clipToWidth, displayWidth, escapeInvisible, padToWidth } from "../../text/mod.ts";

/** Limits text, which strangers can make arbitrarily long. */
const MAX_TEXT_WIDTH = 60;
const GAP = "  ";

/** A column of a table. */
export interface Column<Row> {
  readonly heading: string;
  /** How wide it is; text, at least. */
  readonly width: number;
  /** Numbers stand to the right; text is as wide as it is, and shares the available room. */
  readonly holds: "fixed" | "number" | "text";
  /** The widest that text gets; default: 60. */
  readonly mostWidth?: number;
  /** What a row has there; need not be escaped. */
  readonly cell: (row: Row) => string;
}

/** The columns of a table. */
export interface TableLayout<Row> {
  /** From left to right. */
  readonly columns: readonly Column<Row>[];
  /** In the order in which they are dropped where there is no room. */
  readonly givingWay: readonly Column<Row>[];
}

/**
 * A heading and a line for each row, none wider than `width`, with visible characters only. If there is no room for all
 * columns, they are dropped one by one, whatever they hold: none comes and goes with the rows.
 */
export function renderRows<Row>(rows: readonly Row[], layout: TableLayout<Row>, width: number): string[] {
  const columns = fitting(layout, width);
  const lines = [
    columns.map(({ heading }) => heading),
    ...rows.map((row) =>
      columns.map(({ cell, mostWidth = MAX_TEXT_WIDTH }) => clipToWidth(escapeInvisible(cell(row)), mostWidth))
    ),
  ];
  const widths = widthsOf(columns, lines, width);
  return lines.map((cells) => {
    const padded = cells.map((cell, i) =>
      columns[i]?.holds === "number" ? cell.padStart(widths[i] ?? 0) : padToWidth(cell, widths[i] ?? 0)
    );
    return clipToWidth(padded.join(GAP).trimEnd(), width);
  });
}

function fitting<Row>({ columns, givingWay }: TableLayout<Row>, width: number): readonly Column<Row>[] {
  let left = columns;
  for (const next of givingWay) {
    if (totalWidth(left.map((column) => column.width)) <= width) break;
    left = left.filter((column) => column !== next);
  }
  return left;
}

/** Text is as wide as it is, until there is no room: then the widest becomes narrower. */
function widthsOf<Row>(
  columns: readonly Column<Row>[],
  lines: readonly (readonly string[])[],
  width: number,
): number[] {
  const widest = (i: number) => lines.reduce((most, cells) => Math.max(most, displayWidth(cells[i] ?? "")), 0);
  const widths = columns.map(({ holds, width }, i) => holds === "text" ? widest(i) : width);
  for (let over = totalWidth(widths) - width; over > 0; over--) {
    let at = -1;
    columns.forEach((column, i) => {
      const canShrink = column.holds === "text" && (widths[i] ?? 0) > column.width;
      if (canShrink && (widths[i] ?? 0) > (widths[at] ?? 0)) at = i;
    });
    if (at < 0) break;
    widths[at] = (widths[at] ?? 0) - 1;
  }
  return widths;
}

function totalWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, (widths.length - 1) * GAP.length);
}

/** A duration in at most four characters: seconds up to two minutes, and so on. */
export function shortDuration(ms: number): string {
  const s = Math.floor(ms / 1000);
  if (s < 120) return `${s}s`;
  if (s < 7_200) return `${Math.floor(s / 60)}m`;
  return s < 172_800 ? `${Math.floor(s / 3_600)}h` : `${Math.floor(s / 86_400)}d`;
}

/** A number in at most five characters, up to a hundred million. */
export function shortCount(count: number): string {
  return count < 100_000 ? String(count) : `${Math.floor(count / 1000)}k`;
}

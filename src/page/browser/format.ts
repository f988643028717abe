/** A count, in groups of three digits. */
export function count(value: number): string {
  return value.toLocaleString("en");
}

/** A count where there is little room: `99,999`, `100K`, `1.2M`. */
export function shortCount(value: number): string {
  return value < 100_000 ? count(value) : value.toLocaleString("en", { notation: "compact", maximumFractionDigits: 1 });
}

/** A rate: two digits or more, none of them pretended. */
export function rate(perS: number): string {
  return perS === 0 || perS >= 10 ? count(Math.round(perS)) : perS.toFixed(1);
}

/** How long something takes or took: `45 s`, `3 min`, `5 h 12 min`, `3 days`. */
export function duration(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  const min = Math.floor(s / 60);
  if (min < 60) return `${min} min`;
  const h = Math.floor(min / 60);
  if (h < 24) return min % 60 === 0 ? `${h} h` : `${h} h ${min % 60} min`;
  const days = Math.floor(h / 24);
  return days === 1 ? "1 day" : `${days} days`;
}

/** How long ago something was. */
export function ago(ms: number): string {
  return ms < 2_000 ? "just now" : `${duration(ms)} ago`;
}

/** The time of day where the reader is. */
export function timeOfDay(epochMs: number): string {
  return new Date(epochMs).toLocaleTimeString([], {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
}

/** A moment: its time of day, with the date where that is not today. */
export function moment(epochMs: number, nowMs: number): string {
  const date = new Date(epochMs);
  const isToday = date.toDateString() === new Date(nowMs).toDateString();
  return isToday ? timeOfDay(epochMs) : `${date.toLocaleDateString()} ${timeOfDay(epochMs)}`;
}

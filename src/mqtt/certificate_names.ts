/** A certificate that has many names belongs to many; nobody reads them all. */
const MOST_NAMES = 8;

/** The names that a certificate has, as `node:tls` tells of it, in short; null: it says none. */
export function certificateNames(certificate: unknown): string | null {
  if (typeof certificate !== "object" || certificate === null || !("subjectaltname" in certificate)) return null;
  const names = String(certificate.subjectaltname).split(", ").map((name) => name.replace(/^[A-Za-z ]+:/, ""));
  const shown = names.slice(0, MOST_NAMES).join(", ");
  return names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} more` : shown;
}

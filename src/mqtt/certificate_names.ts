/** Shared certificates can have very many names; nobody reads them all. */
const MOST_NAMES = 8;

/** The names in a certificate as described by `node:tls`, shortened; null: none. */
export function certificateNames(certificate: unknown): string | null {
  if (typeof certificate !== "object" || certificate === null || !("subjectaltname" in certificate)) return null;
  const names = String(certificate.subjectaltname).split(", ").map((name) => name.replace(/^[A-Za-z ]+:/, ""));
  const shown = names.slice(0, MOST_NAMES).join(", ");
  return names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} more` : shown;
}

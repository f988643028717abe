/**
 * What the Bluetooth SIG's numbers stand for, where that is known here: companies and services in a word or two.
 *
 * @module
 */
export { companyName, namedCompanies } from "./companies.ts";
export { namedServices, serviceName } from "./services.ts";

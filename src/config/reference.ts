import { type ConfigSection, configTree, keysOf } from "./keys.ts";

/** A key of the configuration, for documentation and completion. */
export interface ConfigKeyInfo {
  /** `mqtt.broker.port` */
  readonly path: string;
  /** `BT_SCANNER_MQTT_BROKER_PORT` */
  readonly environment: string;
  /** What it does, in a sentence or two. */
  readonly description: string;
  /** Completes "expected …": `a whole number from 1 to 65535`. */
  readonly expects: string;
  /** Its default; undefined if it has none. */
  readonly fallback: unknown;
  /** Whether its value is never shown. */
  readonly secret: boolean;
}

/** Every key, in the order of the configuration file. */
export function listConfigKeys(): ConfigKeyInfo[] {
  return keysOf(configTree()).map(({ path, environment, description, expects, fallback, secret }) => ({
    path,
    environment,
    description,
    expects,
    fallback,
    secret,
  }));
}

/** A section that has keys of its own, for documentation. */
export interface ConfigSectionInfo {
  /** `mqtt.broker` */
  readonly path: string;
  /** What it is about, in a sentence or two. */
  readonly description: string;
}

/** Every section that has keys of its own, in the order of the configuration file. */
export function listConfigSections(): ConfigSectionInfo[] {
  return sectionsBelow(configTree());
}

function sectionsBelow({ children }: ConfigSection): ConfigSectionInfo[] {
  return [...children.values()].filter((child) => "children" in child).flatMap((section) => {
    const hasKeys = [...section.children.values()].some((child) => !("children" in child));
    const { path, description } = section;
    return [...hasKeys ? [{ path, description }] : [], ...sectionsBelow(section)];
  });
}

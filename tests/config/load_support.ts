import { ConfigError, type ConfigSources, loadConfig, type LoadedConfig } from "../../src/config/mod.ts";

/** Loads with nothing but what a test gives; `yaml` stands for the file `c.yaml`. */
export function load(
  { yaml, ...sources }: Partial<Omit<ConfigSources, "readTextFile">> & { readonly yaml?: string },
): Promise<LoadedConfig> {
  return loadConfig({
    flags: {},
    env: {},
    file: yaml === undefined ? null : "c.yaml",
    readTextFile: () => Promise.resolve(yaml ?? ""),
    hostname: () => "pi-kitchen",
    ...sources,
  });
}

/** What is wrong with these sources, one line a problem; empty: nothing. */
export async function problemsOf(sources: Parameters<typeof load>[0]): Promise<string[]> {
  try {
    await load(sources);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split("\n").slice(1).map((line) => line.trim());
  }
}

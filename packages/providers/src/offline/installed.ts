import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const installed = createRequire(import.meta.url);

/** Where a file of an optional package lies; undefined where the package was not installed. */
export function fileOf(package_name: string, file: string): string | undefined {
  try {
    return join(dirname(installed.resolve(`${package_name}/package.json`)), file);
  } catch {
    return undefined;
  }
}

/** Whether an optional package can be loaded here. */
export function isInstalled(package_name: string): boolean {
  try {
    installed.resolve(package_name);
    return true;
  } catch {
    return false;
  }
}

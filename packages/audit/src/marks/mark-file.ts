import { appendFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { Mark } from './mark.ts';

/** A file is thinned when it has grown past this many lines: some 2 MB. */
const LINES_MAX = 4_000;
const LATEST_KEPT = 1_000;
const FILES_MAX = 50;
/** What was found missing is kept beside, as evidence. */
const ARCHIVES_MAX = 10;
const NAME = /\.marks$/;

/** Adds a mark to a server's own file; the folder is made when it is missing. */
export async function appendMark(folder: string, name: string, mark: Mark, lines: number): Promise<number> {
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, `${name}.marks`);
  if (lines <= LINES_MAX) {
    await appendFile(file, `${JSON.stringify(mark)}\n`, { mode: 0o600 });
    return lines + 1;
  }
  const kept = thinned([...(await marksIn(file)), mark]);
  await writeFile(`${file}.part`, kept.map((one) => `${JSON.stringify(one)}\n`).join(''), { mode: 0o600 });
  await rename(`${file}.part`, file);
  return kept.length;
}

/** All of the latest, and of the older ones every second: each thinning makes the past coarser. */
function thinned(marks: readonly Mark[]): Mark[] {
  const from = Math.max(0, marks.length - LATEST_KEPT);
  return [...marks.slice(0, from).filter((_, index) => index % 2 === 0), ...marks.slice(from)];
}

/** The marks of all servers that keep theirs in these folders, oldest first. A folder that is not there holds none. */
export async function readMarks(folders: readonly string[]): Promise<Mark[]> {
  const files = (await Promise.all(folders.map((folder) => filesIn(folder, NAME)))).flat();
  const marks = (await Promise.all(files.slice(0, FILES_MAX).map(marksIn))).flat();
  return marks.toSorted((one, other) => Temporal.Instant.compare(one.at, other.at));
}

/** Puts aside all files of these folders, so that marks begin anew; they stay as evidence, ten of them at most. */
export async function putAside(folders: readonly string[], now: Temporal.Instant): Promise<void> {
  const stamp = now.round('second').toString().replaceAll(':', '-');
  for (const folder of folders) {
    for (const file of await filesIn(folder, NAME)) await rename(file, `${file}.missing-${stamp}`);
    for (const file of (await filesIn(folder, /\.missing-[^/]*$/)).slice(ARCHIVES_MAX)) await rm(file, { force: true });
  }
}

/** Newest first. */
async function filesIn(folder: string, name: RegExp): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  const files = await Promise.all(
    names
      .filter((one) => name.test(one))
      .map(async (one) => {
        const file = path.join(folder, one);
        return { file, changed_ms: (await stat(file).catch(() => undefined))?.mtimeMs ?? 0 };
      }),
  );
  return files.toSorted((one, other) => other.changed_ms - one.changed_ms).map(({ file }) => file);
}

/** A line that was cut by a crash is passed over. */
async function marksIn(file: string): Promise<Mark[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    try {
      const parsed = Mark.safeParse(JSON.parse(line));
      return parsed.success ? [parsed.data] : [];
    } catch {
      return [];
    }
  });
}

import { Fault } from './fault.ts';

const WHY: Readonly<Record<string, string>> = {
  EACCES: 'this user may not',
  EDQUOT: 'the quota of the disk is used up',
  EEXIST: 'there is a file of this name already; name another',
  EISDIR: 'it is a folder',
  ENOENT: 'there is no such file or folder',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of its path is not a folder',
  EPERM: 'this user may not',
  EROFS: 'the disk is read-only',
};

/** What the disk refused, in one line that says of which file; whatever else went wrong stays what it is. */
export function fileTrouble(what: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error) || !('errno' in error)) return error;
  const why = WHY[String(error.code)];
  return why === undefined ? error : new Fault(`${what}: ${why}`, { retryable: false, cause: error });
}

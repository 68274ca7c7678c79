import { type ExportVerification, formatHead, type Head, parseHead } from '@purser/audit';
import { isRefusal } from '@purser/base';
import { InvalidArgumentError } from 'commander';

/** Reads `--head`. */
export function headArgument(text: string): Head {
  const head = parseHead(text);
  if (isRefusal(head)) throw new InvalidArgumentError(head.detail);
  return head;
}

/** Prints the verdict on a trail; exit 1 when it is broken. */
export function printTrailVerdict({ intact, entries, head, first_broken }: ExportVerification): void {
  console.log(`${intact ? 'intact' : 'NOT intact'}: ${entries} sealed rows`);
  console.log(head === null ? 'nothing is sealed yet' : `head: ${formatHead(head)}`);
  if (first_broken !== undefined) console.log(`  block ${first_broken.seq}: ${first_broken.reason}`);
  if (!intact) process.exitCode = 1;
}

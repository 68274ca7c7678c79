import type { Operation } from '@purser/api';
import { t } from '../../../words/translate.ts';

const EXAMPLE = t(
  'Our bakery in Porto opens a second shop in March. It will be smaller, closer to the station and open from six. We bake everything by hand, with flour from a mill forty kilometers away. Regulars ask for the rye loaf; visitors for pastéis. We want commuters to stop for breakfast and take a loaf home.',
);

/** An operation's own name as a label: `social_post` is "Social post". */
export function operationLabel(name: string): string {
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A task to try an operation with, when the reader has none at hand. */
export function exampleFor(operation: Operation | undefined): string {
  return operation?.example ?? EXAMPLE;
}

/** What a prompt can ask for: the operations that write text and that the workspace may use, the first with an example in front. */
export function askable(operations: readonly Operation[]): readonly Operation[] {
  const able = operations.filter(({ task, available }) => task === 'text' && available !== false);
  const first = able.find(({ example }) => example !== undefined);
  return first === undefined ? able : [first, ...able.filter((one) => one !== first)];
}

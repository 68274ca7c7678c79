import { fasterThanLinear, growthOf, HOSTILE_TEXTS } from '@purser/core/testing';
import { expect, test } from 'vitest';

import { assess } from './assess.ts';
import { chat } from './chat.ts';
import { draft } from './draft.ts';
import { embedText } from './embed.ts';
import { outline } from './outline.ts';
import { refine } from './refine.ts';
import { readRequest } from './request.ts';
import { research } from './research.ts';
import { rewrite } from './rewrite.ts';
import { summarise } from './summarise.ts';

const OPERATIONS = { summarise, rewrite, outline, draft, assess, research, refine, chat };
const FEW = 'Cold brew is coffee. It steeps for 12 hours. What is it?';

/** As the material, as what was said before, and as the system's words. */
function workOnAll(text: string): void {
  for (const [name, work] of Object.entries(OPERATIONS)) {
    work(readRequest([{ role: 'user', content: text }], name));
    work(
      readRequest(
        [
          { role: 'system', content: text },
          { role: 'user', content: text },
          { role: 'user', content: FEW },
        ],
        name,
      ),
    );
  }
}

test.each(Object.entries(HOSTILE_TEXTS))('time grows as the text does, in every operation: %s', (_, textOf) => {
  expect(fasterThanLinear(growthOf((size) => workOnAll(textOf(size)), { size_max: 1 << 15 }))).toBeUndefined();
  expect(fasterThanLinear(growthOf((size) => embedText(textOf(size), 64), { size_max: 1 << 15 }))).toBeUndefined();
});

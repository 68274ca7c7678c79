import { countTokens } from '@purser/providers';
import { promptBounds, serialisedBounds } from '@purser/routing';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.lorem({ maxCount: 40 }),
  fc.constantFrom('กาแฟสกัดเย็น 12 ชั่วโมง', '咖啡很好喝。', 'a1b22 c-d'),
);

test('what the offline provider counts never exceeds what is held for it, through either door', () => {
  fc.assert(
    fc.property(fc.array(text), (contents) => {
      const messages = contents.map((content) => ({ content }));
      const counted = contents.reduce((sum, content) => sum + countTokens(content), 0);
      expect(promptBounds(messages).input_tokens_max).toBeGreaterThan(counted);
      expect(serialisedBounds(JSON.stringify({ messages }), messages.length).input_tokens_max).toBeGreaterThan(counted);
    }),
  );
});

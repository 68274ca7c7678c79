import { expect, test } from 'vitest';
import { readRequest } from './request.ts';
import { ARTICLE, requestOf, THAI } from './testing.ts';

test.each([
  [`Summarise this: ${ARTICLE}`, 'summarise', ARTICLE],
  [`Please summarize in 2 sentences:\n\n${ARTICLE}`, 'summarise', ARTICLE],
  [`Rewrite for Instagram in a playful tone\n\n${ARTICLE}`, 'rewrite', ARTICLE],
  [`ช่วยสรุปข้อความนี้:\n${THAI}`, 'summarise', THAI],
  [`เขียนใหม่สำหรับเฟซบุ๊ก\n${THAI}`, 'rewrite', THAI],
  ['Write a short blog post about home espresso.', 'draft', 'home espresso'],
  ['Write a LinkedIn post about cold brew in a formal tone', 'draft', 'cold brew'],
  ['Create an outline about home espresso for beginners', 'outline', 'home espresso for beginners'],
  ['Could you improve this text: teh text', 'refine', 'teh text'],
  ['เขียนบทความเกี่ยวกับกาแฟสกัดเย็น', 'draft', 'กาแฟสกัดเย็น'],
  [ARTICLE, 'chat', ARTICLE],
])('%j is read as %s', (content, operation, material) => {
  expect(requestOf(content)).toMatchObject({ operation, material });
});

test('the catalog’s operation wins over what the words say', () => {
  expect(requestOf(`Write about this: ${ARTICLE}`, 'assess')).toMatchObject({ operation: 'assess', material: ARTICLE });
});

test('platform, tone, count and keywords are read from the instruction, style lines and system words', () => {
  expect(requestOf(`Rewrite as a tweet, professional, in two sentences:\n${ARTICLE}`)).toMatchObject({
    platform: { id: 'x' },
    tone: 'professional',
    count: 2,
  });
  const lines = requestOf(`Tone: friendly\nPlatform: Facebook\nKeywords: cold brew, coffee\n\n${ARTICLE}`, 'rewrite');
  expect(lines).toMatchObject({
    platform: { id: 'facebook' },
    tone: 'friendly',
    keywords: ['cold brew', 'coffee'],
    material: ARTICLE,
  });
  const system = readRequest(
    [
      { role: 'system', content: 'You write for LinkedIn.' },
      { role: 'user', content: ARTICLE },
    ],
    'rewrite',
  );
  expect(system.platform?.id).toBe('linkedin');
});

test('a word of the text itself is no platform', () => {
  expect(requestOf(`${ARTICLE} Follow us on Instagram.`, 'rewrite').platform).toBeNull();
});

test('a few words are a topic, a text is not', () => {
  expect(requestOf('Write about cold brew').topic).toBe(true);
  expect(requestOf(ARTICLE, 'outline').topic).toBe(false);
});

import { expect, test } from 'vitest';

import { mergeHtml, mergeText } from './merge-fields.ts';
import { textOfHtml } from './text-of-html.ts';

test('the text of an HTML message keeps its words, links with their addresses, items and paragraphs, and nothing that is not shown', () => {
  const html = `<html><head><title>No</title><style>p { color: red }</style></head><body><h1>New &amp; old</h1>
    <p>See <a href="https://a.example/x">here</a>, or <a href="https://a.example">https://a.example</a>.</p>
    <ul><li>one</li><li>two &#252;</li></ul><script>alert(1)</script><!-- hidden --><p>End<br>of it</p></body></html>`;
  expect(textOfHtml(html)).toBe(
    'New & old\n\nSee here (https://a.example/x), or https://a.example.\n\n- one\n- two ü\n\nEnd\nof it',
  );
});

test('hostile HTML of the greatest size is read in a moment', () => {
  for (const part of ['<script', '<a href=x>', '<!--', '&#', '<p ', '<<', '<style><', '</a>']) {
    const began = performance.now();
    textOfHtml(part.repeat(Math.ceil(90_000 / part.length)));
    expect(performance.now() - began).toBeLessThan(2_000);
  }
});

test('a merged value is text in HTML whatever it holds, one line in a subject, and nothing where it is not known', () => {
  const data = { name: '"><script>alert(1)</script>', lines: 'a\r\nBcc: b@example.com' };
  expect(mergeHtml('<a title="{{ name }}">{{missing}}</a>', data)).not.toMatch(/<script|title=""/);
  expect(mergeText('Hi {{lines}}', data, true)).toBe('Hi a Bcc: b@example.com');
  expect(mergeText('{{__proto__}}{{constructor}}{{toString}}', data)).toBe('{{__proto__}}');
});

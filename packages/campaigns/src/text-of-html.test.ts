import { fasterThanLinear, growthOf, HOSTILE_TEXTS } from '@purser/core/testing';
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

test('what is left open, closed twice or nested within itself is read as people see it', () => {
  expect(textOfHtml('<head><title>No</title><body>Yes')).toBe('Yes');
  expect(textOfHtml('</script></title>Yes<template>No</template> and <b>more')).toBe('Yes and more');
  expect(textOfHtml('<a href="https://a.example" href="https://b.example">one<a href=#x> two</a> three')).toBe(
    'one (https://a.example) two three',
  );
  expect(textOfHtml('<A HREF="https://a.example/?b=1&amp;c=2">One</A><P>Two')).toBe('One (https://a.example/?b=1&c=2)\nTwo');
});

const HOSTILE_HTML: Readonly<Record<string, (size: number) => string>> = {
  ...Object.fromEntries(
    ['<script', '<a href=x>', '<!--', '&#', '<p ', '<<', '<style><', '</a>', '<b>', '<a href=x>y</a>', '<form>', '<p><svg>'].map(
      (part) => [part, (size: number) => part.repeat(Math.ceil(size / part.length))],
    ),
  ),
  'tags that are closed in another order': (size) => '<b>'.repeat(size / 8) + '</i>'.repeat(size / 8),
  'nested tags': (size) => '<b>'.repeat(size / 8) + '</b>'.repeat(size / 8),
  'nested links': (size) => '<a href=x>y'.repeat(size / 16) + '</a>'.repeat(size / 16),
};

test.each(Object.entries({ ...HOSTILE_TEXTS, ...HOSTILE_HTML }))(
  'HTML is read in time that grows as it does: %s',
  (_, textOf) => {
    const texts = new Map<number, string>();
    const html = (size: number): string => {
      const known = texts.get(size) ?? textOf(size);
      texts.set(size, known);
      return known;
    };
    expect(fasterThanLinear(growthOf((size) => textOfHtml(html(size)), { size_max: 1 << 17 }))).toBeUndefined();
  },
);

test('a merged value is text in HTML whatever it holds, one line in a subject, and nothing where it is not known', () => {
  const data = { name: '"><script>alert(1)</script>', lines: 'a\r\nBcc: b@example.com' };
  expect(mergeHtml('<a title="{{ name }}">{{missing}}</a>', data)).not.toMatch(/<script|title=""/);
  expect(mergeText('Hi {{lines}}', data, true)).toBe('Hi a Bcc: b@example.com');
  expect(mergeText('{{__proto__}}{{constructor}}{{toString}}', data)).toBe('{{__proto__}}');
});

import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { afterEach, describe, expect, it } from 'vitest';

import { rich, speak, t } from './translate.ts';

afterEach(() => speak('en', {}));

describe('a message', () => {
  it('is what stands in the code, with its values put in', () => {
    expect(t('Sign in')).toBe('Sign in');
    expect(t('{left} of {cap} left', { left: '3', cap: '1,000' })).toBe('3 of 1,000 left');
  });

  it('follows the number it counts, however that is written', () => {
    const rows = (count: number | string): string =>
      t('{count, plural, =0 {No rows} one {# row} other {# rows}} here', { count });
    expect([rows(0), rows(1), rows(2), rows('1,234')]).toEqual(['No rows here', '1 row here', '2 rows here', '1,234 rows here']);
  });

  it('is in the language that was chosen, and English where that has no words for it', () => {
    speak('th', { 'Sign in': 'ลงชื่อเข้าใช้', '{count, plural, one {# row} other {# rows}}': '{count, plural, other {# แถว}}' });
    expect([t('Sign in'), t('Sign out'), t('{count, plural, one {# row} other {# rows}}', { count: 1 })]).toEqual([
      'ลงชื่อเข้าใช้',
      'Sign out',
      '1 แถว',
    ]);
  });

  it('keeps its parts in the order of its language', () => {
    const link = createElement('a', { href: '/plan' });
    const written = (message: string, values = {}): string => renderToStaticMarkup(rich(message, { link }, values));
    expect(written('See <link>the plans</link>, {name}.', { name: 'Ann' })).toBe('See <a href="/plan">the plans</a>, Ann.');
    speak('xx', { 'See <link>the plans</link>.': '<link>Plans</link> see.' });
    expect(written('See <link>the plans</link>.')).toBe('<a href="/plan">Plans</a> see.');
  });
});

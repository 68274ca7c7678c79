import { expect, test } from 'vitest';

import { defineSettings, parseSettings, text, whole } from './index.ts';

const NOTES = defineSettings({ NOTES_MAX: whole(1, 100).default(10), NOTES_TITLE: text('a title').optional() });

test('settings of a module are parsed with those of the platform, and handed to who has the table', () => {
  const settings = parseSettings({ NOTES_MAX: '7', NOTES_TITLE: ' ' }, [NOTES]);
  expect(settings.of(NOTES)).toEqual({ NOTES_MAX: 7 });
  expect(settings.port).toBe(4780);
});

test('wrong settings of a module stand in the one line of all that are wrong', () => {
  expect(() => parseSettings({ PORT: 'x', NOTES_MAX: '200' }, [NOTES])).toThrow(
    /^wrong setting: PORT: [^\n]*; NOTES_MAX: got "200", want a whole number from 1 to 100$/,
  );
});

test('a setting that two define, and a table that was not read, are mistakes of ours', () => {
  expect(() => parseSettings({}, [NOTES, NOTES])).toThrow('the setting NOTES_MAX is defined twice');
  expect(() => parseSettings({}, [defineSettings({ PORT: text('a port') })])).toThrow('the setting PORT is defined twice');
  expect(() => parseSettings({}).of(NOTES)).toThrow('the settings NOTES_MAX, NOTES_TITLE were not read');
});

/** Of about `size` UTF-16 units each. */
type TextOfSize = (size: number) => string;

const filled = (unit: string, size: number): string => unit.repeat(Math.ceil(size / unit.length));

const again =
  (unit: string, before = '', after = ''): TextOfSize =>
  (size) =>
    before + filled(unit, size) + after;

function neverRepeated(size: number, piece: (word: string) => string): string {
  let text = '';
  for (let count = 0; text.length < size; count += 1) text += piece(`w${count.toString(36)}`);
  return text;
}

/** Texts that make a careless reader go through the same characters again and again, by what they are made of. */
export const HOSTILE_TEXTS: Readonly<Record<string, TextOfSize>> = {
  'marks of two classes': (size) => `a${'\u0300'.repeat(size / 2)}${'\u0316'.repeat(size / 2)}`,
  'one letter': again('a'),
  spaces: again(' ', 'a', 'b'),
  'mixed spaces': again(' \t\u00A0', 'a', 'b'),
  'empty lines': again('\n', 'a', 'b'),
  'lines of one letter': again('x\n'),
  'lines of spaces': again(' \n', 'a', 'b'),
  'carriage returns': again('\r\u2028', 'a', 'b'),
  quotes: again('"'),
  'single quotes': again("'"),
  backslashes: again('\\'),
  'escaped quotes': again(String.raw`\"`),
  dots: again('.'),
  'dots after letters': again('a.'),
  abbreviations: again('dr. '),
  'commas and joints': again('a, and '),
  questions: again('what is it? '),
  exclamations: again('!'),
  'opening brackets': again('['),
  'nested brackets': again('[{"a":'),
  'balanced brackets': (size) => '['.repeat(size / 2) + ']'.repeat(size / 2),
  digits: again('1'),
  'digits and spaces': again('1 '),
  zeros: again('0', '1'),
  'exponent digits': again('9', '1e'),
  signs: again('-+'),
  'dollar patterns': again("$&$1$`$'"),
  hashes: again('# '),
  'list marks': again('- '),
  'style lines': again('tone:'),
  keywords: again('a,', 'keywords: '),
  'polite words': again('please '),
  'small words': again('me a the ', 'write '),
  'Thai without a space': again('ก'),
  'Thai clauses': again('กา 1 '),
  Han: again('漢'),
  Hangul: again('각'),
  'halves of pairs': again('\uD800'),
  'joined emoji': again('👨‍👩‍👧'),
  flags: again('🇦'),
  joiners: again('\u200D'),
  'words never repeated': (size) => neverRepeated(size, (word) => `${word} `),
  'keys never repeated': (size) => neverRepeated(size, (word) => `${word}: 1\n`),
  'sentences without end': again('lorem ipsum dolor sit amet '),
  'key and value pairs': again('a=b&'),
  'percent signs': again('%25'),
  'broken percent signs': again('%'),
  'cookie pairs': again('a=b; '),
  semicolons: again(';'),
  colons: again(':'),
  slashes: again('/'),
  'parent folders': again('../'),
  'at signs': again('a@'),
  'dashes in words': again('a-'),
  'stream lines': again('data: {}\n\n'),
  'tiny stream lines': again('d\n'),
  'YAML aliases': (size) => `a: &a [x]\n${filled('b: *a\n', size)}`,
  'YAML nesting': (size) => filled('- ', size),
  'cells of a table': again('a,"b""c",\r\n'),
  'upper case': again('A'),
  'upper and other letters': again('AÄ'),
  'beginnings of tokens': again('eyJ-'),
  'beginnings of keys': again('sk-'),
  'addresses with passwords': again('://a:'),
  'parameters of keys': again('?key='),
  nulls: again('\0'),
};

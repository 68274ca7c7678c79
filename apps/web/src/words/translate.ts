import { cloneElement, createElement, Fragment, type ReactElement, type ReactNode } from 'react';

/*
 * Every word of the page goes through here. A message is written in English where it is shown, with `{names}` for what is put in, and
 * stands in `languages/messages.json`, which translators work from; a translation is a file of data under `public/languages`.
 */

/** The languages there are, by their own names. A new one is a line here and a file. */
export const LANGUAGES: Readonly<Record<string, string>> = { en: 'English' };

type Value = string | number;
type Values = Readonly<Record<string, Value>>;

let language = 'en';
let translations: Readonly<Record<string, string>> = {};

/** From now on messages are in that language; what it has no translation of stays English. */
export function speak(of: string, messages: Readonly<Record<string, string>>): void {
  language = of;
  translations = messages;
}

export function spokenLanguage(): string {
  return language;
}

/** The names in braces that a message wants values for. */
type NamesIn<Message extends string> = Message extends `${string}{${infer Name}}${infer Rest}`
  ? (Name extends `${infer Counted}, plural${string}` ? Counted : Name) | NamesIn<Rest>
  : never;

type Given<Message extends string> = string extends Message
  ? [values?: Values]
  : [NamesIn<Message>] extends [never]
    ? [values?: Values]
    : [values: Values];

/** A message in the reader’s language, with its values put in: `t('{count} of {total}', { count, total })`. */
export function t<const Message extends string>(message: Message, ...[values]: Given<Message>): string {
  return fill(translations[message] ?? message, values ?? {});
}

/** A name from the server’s data, such as a quota’s: in the reader’s language where their messages have it. */
export function named(name: string): string {
  return translations[name] ?? name;
}

/** A message with parts that are more than text: `rich('See <link>the plans</link>', { link: <Link to="/plan">{''}</Link> })`. */
export function rich(message: string, parts: Readonly<Record<string, ReactElement>>, values: Values = {}): ReactNode {
  const pieces = fill(translations[message] ?? message, values).split(/<(\w+)>(.*?)<\/\1>/);
  const nodes = pieces.map((piece, place): ReactNode => {
    if (place % 3 === 0) return piece;
    const part = place % 3 === 2 ? parts[pieces[place - 1] ?? ''] : undefined;
    return part === undefined ? null : cloneElement(part, {}, piece);
  });
  return createElement(Fragment, {}, ...nodes);
}

/** `{count, plural, one {# row} other {# rows}}`: braces within its forms are not known. */
const PLURAL = /\{(\w+), plural,((?:\s*[=\w]+\s*\{[^{}]*\})+)\s*\}/g;
const FORM = /([=\w]+)\s*\{([^{}]*)\}/g;

function fill(message: string, values: Values): string {
  return message
    .replaceAll(PLURAL, (_, name: string, forms: string) => {
      const value = values[name] ?? '';
      const count = Number(String(value).replaceAll(/[^\d.-]/g, ''));
      const rule = new Intl.PluralRules(language).select(count);
      const by = new Map([...forms.matchAll(FORM)].map(([, form = '', text = '']) => [form, text]));
      return (by.get(`=${count}`) ?? by.get(rule) ?? by.get('other') ?? '').replaceAll('#', String(value));
    })
    .replaceAll(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

/** The names a message wants values for. */
export function fieldsOf(message: string): string[] {
  const plurals = [...message.matchAll(PLURAL)].map(([, name = '']) => name);
  const plain = [...message.replaceAll(PLURAL, '').matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  return [...new Set([...plurals, ...plain])];
}

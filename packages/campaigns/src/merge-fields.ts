/** Where a recipient's own data goes: `{{name}}`, `{{ first_name }}`. */
const FIELD = /\{\{\s*([A-Za-z][\w.-]{0,63})\s*\}\}/gu;

/** Values by their names; a name without a value becomes nothing. */
export type MergeData = Readonly<Record<string, string>>;

/** For texts that are no HTML. Line breaks in values become spaces where `line` is true, as in a subject. */
export function mergeText(text: string, data: MergeData, line = false): string {
  return text.replaceAll(FIELD, (_, name: string) => {
    const value = valueOf(data, name);
    return line ? value.replaceAll(/[\s\p{Cc}]+/gu, ' ') : value;
  });
}

/** For HTML: a value is text there, whatever it holds, also within quoted attributes. */
export function mergeHtml(html: string, data: MergeData): string {
  return html.replaceAll(FIELD, (_, name: string) =>
    valueOf(data, name).replaceAll(/[&<>"'`=]/gu, (sign) => `&#${sign.charCodeAt(0)};`),
  );
}

function valueOf(data: MergeData, name: string): string {
  return Object.hasOwn(data, name) ? (data[name] ?? '') : '';
}

/** The names of the fields of a text, in their order, with repeats. */
export function fieldsIn(text: string): string[] {
  return [...text.matchAll(FIELD)].map(([, name = '']) => name);
}

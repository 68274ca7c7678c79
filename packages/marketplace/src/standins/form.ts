/** What a form-encoded body says, nested as its names are: `a[b][0][c]=1`. */
export type Form = { [key: string]: Form | string };

export function readForm(body: string): Form {
  const form: Form = Object.create(null) as Form;
  for (const [name, value] of new URLSearchParams(body)) {
    const path = name.split(/\[|\]\[|\]/).filter((part) => part !== '');
    let at = form;
    for (const part of path.slice(0, -1)) {
      const next = at[part];
      at = typeof next === 'object' ? next : (at[part] = Object.create(null) as Form);
    }
    const last = path.at(-1);
    if (last !== undefined) at[last] = value;
  }
  return form;
}

export function within(form: Form, ...path: readonly string[]): Form {
  let at: Form | string | undefined = form;
  for (const part of path) at = typeof at === 'object' ? at[part] : undefined;
  return typeof at === 'object' ? at : {};
}

export function text(form: Form, ...path: readonly string[]): string | undefined {
  const last = path.at(-1);
  const value = last === undefined ? undefined : within(form, ...path.slice(0, -1))[last];
  return typeof value === 'string' ? value : undefined;
}

/** The members of a list, which a form names by number. */
export function list(form: Form, ...path: readonly string[]): Form[] {
  return Object.values(within(form, ...path)).filter((member) => typeof member === 'object');
}

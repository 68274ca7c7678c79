import { z } from 'zod';

type Parsed<Values> = { readonly values: Values } | { readonly mistakes: readonly string[] };

/** The settings that a module adds, by their names in the environment. */
export interface SettingsTable<out Values = unknown> {
  readonly names: readonly string[];
  readonly parse: (environment: Readonly<Record<string, string | undefined>>) => Parsed<Values>;
}

/**
 * Settings of a module: each name in the environment with what it can be (`whole`, `text`, `flag` …), and with `.default()` or
 * `.optional()` what it is when unset.
 */
export function defineSettings<Shape extends z.core.$ZodShape>(shape: Shape): SettingsTable<z.output<z.ZodObject<Shape>>> {
  const schema = z.object(shape);
  return {
    names: Object.keys(shape),
    parse(environment) {
      const parsed = schema.safeParse(environment);
      return parsed.success ? { values: parsed.data } : { mistakes: mistakesIn(parsed.error) };
    },
  };
}

/** Each wrong setting, with what it got and what it wants. */
export function mistakesIn(error: z.core.$ZodError): string[] {
  return error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
}

import type { InputHTMLAttributes } from 'react';

interface InputProps extends InputHTMLAttributes<HTMLInputElement> {
  readonly label: string;
}

/** One field by itself, with no form of `form/form.tsx` around it: on the first screen, where its script would be too much, and in the one dialog. */
export function TextField({ label, ...rest }: InputProps) {
  return (
    <label className="block min-w-0">
      <span className="label mb-1.5 block text-ink-soft">{label}</span>
      <input
        autoComplete="off"
        className="min-h-11 w-full rounded-md border border-edge bg-deck px-3 text-base text-ink placeholder:text-ink-faint"
        {...rest}
      />
    </label>
  );
}

import type { InputHTMLAttributes, ReactNode, SelectHTMLAttributes } from 'react';

const CONTROL = 'min-h-11 w-full rounded-md border border-edge bg-deck px-3 text-base text-ink placeholder:text-ink-faint';

function Labelled({ label, hint, children }: { readonly label: string; readonly hint: ReactNode; readonly children: ReactNode }) {
  return (
    <label className="block min-w-0">
      <span className="label mb-1.5 block text-ink-soft">
        {label}
        {hint === undefined ? null : <span className="font-normal text-ink-faint"> {hint}</span>}
      </span>
      {children}
    </label>
  );
}

interface InputProps extends InputHTMLAttributes<HTMLInputElement> {
  readonly label: string;
  readonly hint?: ReactNode;
}

export function TextField({ label, hint, className = '', ...rest }: InputProps) {
  return (
    <Labelled label={label} hint={hint}>
      <input autoComplete="off" className={`${CONTROL} ${className}`} {...rest} />
    </Labelled>
  );
}

interface SelectProps extends SelectHTMLAttributes<HTMLSelectElement> {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly options: readonly { readonly value: string; readonly label: string }[];
}

export function SelectField({ label, hint, options, className = '', ...rest }: SelectProps) {
  return (
    <Labelled label={label} hint={hint}>
      <select className={`${CONTROL} ${className}`} {...rest}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </Labelled>
  );
}

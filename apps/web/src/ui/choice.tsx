import type { ReactNode } from 'react';

interface Props<Value extends string> {
  readonly legend: string;
  readonly name: string;
  readonly options: readonly { readonly value: Value; readonly label: string }[];
  readonly value: Value;
  readonly onChange: (value: Value) => void;
  readonly hint?: ReactNode;
  readonly hide_legend?: boolean;
  /** On a phone the options stay in one row that scrolls. */
  readonly scroll?: boolean;
}

/** One of a few: radio buttons that look like a row of tallies. */
export function Choice<Value extends string>({
  legend,
  name,
  options,
  value,
  onChange,
  hint,
  hide_legend = false,
  scroll = false,
}: Props<Value>) {
  return (
    <fieldset className="min-w-0">
      <legend className={hide_legend ? 'sr-only' : 'label mb-1.5 text-ink-soft'}>{legend}</legend>
      <div
        className={
          scroll
            ? '-mx-4 flex gap-1.5 overflow-x-auto px-4 py-1 [scrollbar-width:none] sm:mx-0 sm:flex-wrap sm:overflow-visible sm:px-0'
            : 'flex flex-wrap gap-1.5'
        }
      >
        {options.map((option) => (
          <label
            key={option.value}
            className="relative flex min-h-10 cursor-pointer items-center rounded-md border border-edge bg-deck px-3 text-[0.9375rem] font-medium transition select-none hover:bg-well has-checked:border-store has-checked:bg-store has-checked:font-semibold has-checked:text-deck has-focus-visible:outline-3 has-focus-visible:outline-offset-2 has-focus-visible:outline-[light-dark(#0b6bd3,#ffc72c)]"
          >
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
              className="absolute inset-0 m-0 cursor-pointer appearance-none opacity-0"
            />
            {option.label}
          </label>
        ))}
      </div>
      {hint === undefined ? null : <div className="mt-1.5 text-sm text-ink-faint">{hint}</div>}
    </fieldset>
  );
}

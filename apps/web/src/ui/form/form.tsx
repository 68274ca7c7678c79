import { type FormEvent, type ReactNode, useCallback, useEffect, useId, useState } from 'react';

import { problemOf } from '../../api/client.ts';
import type { Problem } from '../../api/problem.ts';
import { guardLeaving } from '../../browser/route.ts';
import { fieldProblems } from '../../words/field-problem.ts';
import { t } from '../../words/translate.ts';
import { Button } from '../button.tsx';
import { Refused } from '../refused.tsx';

/** What stands in the fields, by their names. */
export type Values<Name extends string> = Readonly<Record<Name, string>>;
type Complaints<Name extends string> = Readonly<Partial<Record<Name, string>>>;

export interface Form<Name extends string> {
  readonly id: string;
  readonly values: Values<Name>;
  readonly complaints: Complaints<Name>;
  readonly set: (name: Name, value: string) => void;
  readonly busy: boolean;
  /** What is wrong and belongs to no field. */
  readonly problem: Problem | undefined;
  readonly done: boolean;
  readonly submit: (event: FormEvent) => void;
  /** Sends without another look at the fields: what a question was asked about. */
  readonly send: () => void;
}

interface Wanted<Name extends string> {
  readonly initial: Values<Name>;
  /** What is wrong with what was typed, by field; empty: nothing. */
  readonly check?: (values: Values<Name>) => Complaints<Name>;
  readonly save: (values: Values<Name>) => Promise<unknown>;
  /** Asked before it is sent: false holds it back, for a question. */
  readonly ready?: (values: Values<Name>) => boolean;
  /** What stays in the fields afterwards; without it the initial values come back. */
  readonly keep?: boolean;
  /** How the server names a field, where that is another name. */
  readonly named?: Readonly<Record<string, Name>>;
}

/**
 * The one form: it checks before it sends, puts what the server says of a field beside that field, leads the focus to the first one that
 * is wrong, and asks before what was typed is left behind.
 */
export function useForm<Name extends string>({
  initial,
  check,
  save,
  ready,
  keep = false,
  named = {},
}: Wanted<Name>): Form<Name> {
  const id = useId();
  const [values, setValues] = useState(initial);
  const [begun, setBegun] = useState(initial);
  const [complaints, setComplaints] = useState<Complaints<Name>>({} as Complaints<Name>);
  const [state, setState] = useState<'idle' | 'busy' | 'done' | 'failed'>('idle');
  const [problem, setProblem] = useState<Problem>();
  const dirty = (Object.keys(values) as Name[]).some((name) => values[name] !== begun[name]);

  useEffect(() => (dirty ? guardLeaving(() => true) : undefined), [dirty]);
  useEffect(() => {
    if (Object.values(complaints).every((complaint) => complaint === undefined)) return;
    document.getElementById(id)?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [complaints, id]);

  const send = useCallback(() => {
    setState('busy');
    setProblem(undefined);
    save(values).then(
      () => {
        setState('done');
        setBegun(keep ? values : initial);
        if (!keep) setValues(initial);
      },
      (error: unknown) => {
        setState('failed');
        const said = problemOf(error);
        const { fields, rest } = fieldProblems(said, Object.keys(values), named);
        setComplaints(fields as Complaints<Name>);
        setProblem(rest);
      },
    );
  }, [save, values, keep, initial, named]);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    event.stopPropagation();
    if (state === 'busy') return;
    const wrong = check?.(values) ?? ({} as Complaints<Name>);
    setComplaints(wrong);
    setProblem(undefined);
    if (Object.keys(wrong).length === 0 && ready?.(values) !== false) send();
  };
  const set = (name: Name, value: string): void => {
    setValues((before) => ({ ...before, [name]: value }));
    if (state === 'done' || state === 'failed') setState('idle');
    if (complaints[name] !== undefined) setComplaints((before) => ({ ...before, [name]: undefined }));
  };
  return { id, values, complaints, set, busy: state === 'busy', problem, done: state === 'done', submit, send };
}

interface ViewProps<Name extends string> {
  readonly form: Form<Name>;
  readonly label: string;
  readonly busy_label: string;
  /** Said when it was done. */
  readonly done?: ReactNode;
  readonly className?: string;
  readonly disabled?: boolean;
  readonly icon?: ReactNode;
  readonly children: ReactNode;
}

export function FormView<Name extends string>({
  form,
  label,
  busy_label,
  done,
  className = 'grid gap-3',
  disabled = false,
  icon,
  children,
}: ViewProps<Name>) {
  return (
    <form id={form.id} onSubmit={form.submit} noValidate className={className}>
      {children}
      <div className="col-span-full">
        <Button kind="act" type="submit" disabled={form.busy || disabled}>
          {icon}
          {form.busy ? busy_label : label}
        </Button>
        {form.done && done !== undefined ? (
          <p role="status" className="mt-2 font-semibold text-fair">
            {done}
          </p>
        ) : null}
        {form.problem === undefined ? null : <Refused problem={form.problem} />}
      </div>
    </form>
  );
}

interface FieldProps<Name extends string> {
  readonly form: Form<Name>;
  readonly name: Name;
  readonly label: string;
  readonly hint?: string | undefined;
  readonly className?: string;
}

const CONTROL =
  'min-h-11 w-full rounded-md border border-edge bg-deck px-3 text-base text-ink placeholder:text-ink-faint aria-invalid:border-2 aria-invalid:border-oxide-paint';

/** Label, hint and complaint around a control, each tied to it. */
function Around<Name extends string>({
  form,
  name,
  label,
  hint,
  className = '',
  aside,
  children,
}: FieldProps<Name> & { readonly aside?: ReactNode; readonly children: ReactNode }) {
  const complaint = form.complaints[name];
  return (
    <div className={`min-w-0 ${className}`}>
      <div className="mb-1.5 flex flex-wrap items-center justify-between gap-x-4">
        <label htmlFor={`${form.id}-${name}`} className="label block text-ink-soft">
          {label}
          {hint === undefined ? null : <span className="font-normal text-ink-faint"> {hint}</span>}
        </label>
        {aside}
      </div>
      {children}
      {complaint === undefined ? null : (
        <p id={`${form.id}-${name}-wrong`} role="alert" className="mt-1 font-semibold text-oxide">
          {complaint}
        </p>
      )}
    </div>
  );
}

function tied<Name extends string>(form: Form<Name>, name: Name) {
  const wrong = form.complaints[name] !== undefined;
  return {
    id: `${form.id}-${name}`,
    name,
    value: form.values[name],
    'aria-invalid': wrong,
    'aria-describedby': wrong ? `${form.id}-${name}-wrong` : undefined,
    className: CONTROL,
  };
}

type InputProps = Pick<
  React.InputHTMLAttributes<HTMLInputElement>,
  'type' | 'inputMode' | 'placeholder' | 'autoComplete' | 'list' | 'maxLength' | 'spellCheck'
>;

export function TextInput<Name extends string>({ form, name, label, hint, className, ...rest }: FieldProps<Name> & InputProps) {
  return (
    <Around form={form} name={name} label={label} hint={hint} className={className ?? ''}>
      <input autoComplete="off" {...rest} {...tied(form, name)} onChange={(event) => form.set(name, event.target.value)} />
    </Around>
  );
}

interface FileProps<Name extends string> extends FieldProps<Name> {
  readonly accept: string;
  readonly choose: (file: File | undefined) => void;
}

/** A file: its name is the value of the field, and the file itself is given to `choose`. */
export function FileInput<Name extends string>({ form, name, label, hint, className, accept, choose }: FileProps<Name>) {
  const { value: _, ...field } = tied(form, name);
  return (
    <Around form={form} name={name} label={label} hint={hint} className={className ?? ''}>
      <input
        {...field}
        type="file"
        accept={accept}
        className={`${CONTROL} py-2`}
        onChange={(event) => {
          const file = event.target.files?.[0];
          choose(file);
          form.set(name, file?.name ?? '');
        }}
      />
    </Around>
  );
}

interface SelectProps<Name extends string> extends FieldProps<Name> {
  readonly options: readonly { readonly value: string; readonly label: string }[];
}

export function SelectInput<Name extends string>({ form, name, label, hint, className, options }: SelectProps<Name>) {
  return (
    <Around form={form} name={name} label={label} hint={hint} className={className ?? ''}>
      <select {...tied(form, name)} onChange={(event) => form.set(name, event.target.value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </Around>
  );
}

interface LongTextProps<Name extends string> extends FieldProps<Name> {
  readonly placeholder: string;
  /** Beside its label: what fills it. */
  readonly aside?: ReactNode;
}

/** A text of many lines, such as a file. */
export function LongText<Name extends string>({ form, name, label, hint, aside, placeholder }: LongTextProps<Name>) {
  return (
    <Around form={form} name={name} label={label} hint={hint} aside={aside}>
      <textarea
        {...tied(form, name)}
        rows={8}
        onChange={(event) => form.set(name, event.target.value)}
        spellCheck={false}
        autoCapitalize="off"
        placeholder={placeholder}
        className={`${CONTROL} py-2.5 font-mono text-sm! placeholder:font-sans`}
      />
    </Around>
  );
}

/** What is said of a field that has to be filled. */
export const required = (what: string): string => t('{what} is missing.', { what });

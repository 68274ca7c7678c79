import type { Complexity, Operation, Usage } from '@purser/api';
import { Play, Square } from 'lucide-react';
import { useId, useState, type FormEvent, type ReactNode } from 'react';
import type { GenerateBody } from '../api/generate.ts';
import { Button } from '../../../ui/button.tsx';
import { Choice } from '../../../ui/choice.tsx';
import { compare, decimalOf, formatCount, formatMoney, readAmount } from '../../../words/amount.ts';
import { costLeft } from '../../../words/meter.ts';
import { exampleFor, operationLabel } from '../words/operation.ts';
import type { Run } from './run.ts';
import { t } from '../../../words/translate.ts';

const COMPLEXITIES: Record<Complexity, { readonly label: string; readonly hint: string }> = {
  simple: { label: t('Simple'), hint: t('The cheapest model that is good enough.') },
  medium: { label: t('Medium'), hint: t('A stronger model when the plan has one.') },
  complex: { label: t('Complex'), hint: t('The strongest model your plan and limits allow.') },
};

interface Props {
  readonly operations: readonly Operation[];
  readonly usage: Usage | undefined;
  readonly run: Run;
  readonly start: (body: GenerateBody) => void;
  readonly stop: () => void;
}

export function Composer({ operations, usage, run, start, stop }: Props) {
  const [name, setName] = useState(operations[0]?.name ?? '');
  const [complexity, setComplexity] = useState<Complexity>('simple');
  const [prompt, setPrompt] = useState('');
  const [limit, setLimit] = useState('');
  const [complaint, setComplaint] = useState<'prompt' | 'limit'>();
  const id = useId();
  const operation = operations.find((candidate) => candidate.name === name);
  const allowed = operation?.complexities ?? [];
  const chosen = allowed.includes(complexity) ? complexity : (allowed[0] ?? 'simple');
  const running = run.phase === 'reserved' || run.phase === 'answering';
  const currency = usage?.cost?.ceiling.currency;

  const submit = (event?: FormEvent): void => {
    event?.preventDefault();
    if (running) return;
    const read = readTask(prompt, limit, currency);
    setComplaint('wrong' in read ? read.wrong : undefined);
    if ('wrong' in read) document.getElementById(`${id}-${read.wrong}`)?.focus();
    else start({ operation: name, complexity: chosen, ...read });
  };
  return (
    <form onSubmit={submit} noValidate className="overflow-hidden rounded-xl bg-deck shadow-deck">
      <div className="grid gap-5 p-4 sm:p-6">
        <Choice
          legend={t('What should be done?')}
          name={`${id}-operation`}
          options={operations.map((candidate) => ({ value: candidate.name, label: operationLabel(candidate.name) }))}
          value={name}
          onChange={setName}
          scroll
          hint={operation?.description}
        />
        <TaskField
          id={`${id}-prompt`}
          value={prompt}
          set={setPrompt}
          example={() => exampleFor(operation)}
          send={submit}
          wrong={complaint === 'prompt' ? `${id}-complaint` : undefined}
        />
        <div className="flex flex-wrap items-start gap-x-8 gap-y-4">
          <Choice
            legend={t('How hard is it?')}
            name={`${id}-complexity`}
            options={allowed.map((value) => ({ value, label: COMPLEXITIES[value].label }))}
            value={chosen}
            onChange={setComplexity}
            hint={COMPLEXITIES[chosen].hint}
          />
          {currency === undefined ? null : (
            <LimitField
              id={`${id}-limit`}
              currency={currency}
              value={limit}
              set={setLimit}
              wrong={complaint === 'limit' ? `${id}-complaint` : undefined}
            />
          )}
        </div>
        <Complaint id={`${id}-complaint`} complaint={complaint} limit={limit} />
      </div>
      <Actions running={running} stop={stop}>
        <Price operation={operation} usage={usage} />
      </Actions>
    </form>
  );
}

type Task = Pick<GenerateBody, 'prompt' | 'max_cost'>;

/** What was typed, or the first field that is wrong. */
function readTask(prompt: string, limit: string, currency: string | undefined): Task | { readonly wrong: 'prompt' | 'limit' } {
  const amount = limit.trim() === '' ? undefined : readAmount(limit);
  if (prompt.trim() === '') return { wrong: 'prompt' };
  if (limit.trim() !== '' && amount === undefined) return { wrong: 'limit' };
  const max_cost = amount === undefined || currency === undefined ? undefined : { amount, currency };
  return { prompt: prompt.trim(), ...(max_cost && { max_cost }) };
}

interface ComplaintProps {
  readonly id: string;
  readonly complaint: 'prompt' | 'limit' | undefined;
  readonly limit: string;
}

function Complaint({ id, complaint, limit }: ComplaintProps) {
  if (complaint === undefined) return null;
  return (
    <p id={id} role="alert" className="font-semibold text-oxide">
      {complaint === 'prompt'
        ? t('Type a task first, or use the example.')
        : t('Write the limit as an amount, such as 0.05. “{limit}” is not one.', { limit })}
    </p>
  );
}

interface TaskFieldProps {
  readonly id: string;
  readonly value: string;
  readonly set: (value: string) => void;
  readonly example: () => string;
  readonly send: () => void;
  /** The id of what is said of it. */
  readonly wrong: string | undefined;
}

function TaskField({ id, value, set, example, send, wrong }: TaskFieldProps) {
  return (
    <div>
      <div className="flex items-end justify-between gap-3">
        <label htmlFor={id} className="label mb-1.5 block text-ink-soft">
          {t('Your task')}
        </label>
        {value === '' ? (
          <button
            type="button"
            onClick={() => set(example())}
            className="-my-2 min-h-10 text-sm font-semibold text-store underline decoration-2 underline-offset-3 hover:text-ink"
          >
            {t('Use an example')}
          </button>
        ) : null}
      </div>
      <textarea
        id={id}
        value={value}
        onChange={(event) => set(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) send();
        }}
        rows={3}
        placeholder={t('Type your task…')}
        aria-invalid={wrong !== undefined}
        aria-describedby={wrong}
        className="block max-h-[40vh] min-h-22 sm:min-h-32 w-full resize-y rounded-md border border-edge bg-well px-3.5 py-3 text-base leading-relaxed placeholder:text-ink-faint focus:bg-deck"
      />
    </div>
  );
}

function Actions({
  running,
  stop,
  children,
}: {
  readonly running: boolean;
  readonly stop: () => void;
  readonly children: ReactNode;
}) {
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-3 border-t border-rule bg-well px-4 py-3 sm:px-6">
      {/* Keys keep them two buttons: a Stop that turned into Run within its own click would submit the form. */}
      {running ? (
        <Button key="stop" kind="stop" onClick={stop} className="min-w-32">
          <Square size={16} fill="currentColor" aria-hidden="true" />
          {t('Stop')}
        </Button>
      ) : (
        <Button key="run" kind="act" type="submit" className="min-w-32">
          <Play size={16} fill="currentColor" aria-hidden="true" />
          {t('Run')}
        </Button>
      )}
      {children}
      <span className="ml-auto hidden text-sm text-ink-faint lg:inline">
        <kbd className="font-sans">{t('Ctrl')}</kbd> + <kbd className="font-sans">{t('Enter')}</kbd>
      </span>
    </div>
  );
}

interface LimitFieldProps {
  readonly id: string;
  readonly currency: string;
  readonly value: string;
  readonly set: (value: string) => void;
  /** The id of what is said of a value that cannot be read. */
  readonly wrong: string | undefined;
}

/** Where cost is shown, a call may be bounded by it. */
function LimitField({ id, currency, value, set, wrong }: LimitFieldProps) {
  return (
    <div className="max-sm:flex max-sm:w-full max-sm:items-center max-sm:justify-between max-sm:gap-3">
      <label htmlFor={id} className="label block text-ink-soft sm:mb-1.5">
        {t('Max cost')} <span className="font-normal">{t('(optional)')}</span>
      </label>
      <div className="flex w-44 items-center rounded-md border border-edge bg-deck">
        <input
          id={id}
          value={value}
          onChange={(event) => set(event.target.value)}
          inputMode="decimal"
          autoComplete="off"
          placeholder={t('no limit')}
          aria-invalid={wrong !== undefined}
          aria-describedby={wrong}
          className="figures min-h-10 w-full min-w-0 rounded-md bg-transparent pl-3 text-base placeholder:text-ink-faint"
        />
        <span className="px-3 text-sm text-ink-faint">{currency}</span>
      </div>
      <p className="mt-1.5 text-sm text-ink-faint max-sm:hidden">{t('It is refused rather than cost more.')}</p>
    </div>
  );
}

/** What a call asks for, beside what there is to give. */
function Price({ operation, usage }: { readonly operation: Operation | undefined; readonly usage: Usage | undefined }) {
  if (operation === undefined) return null;
  const price = t('{count, plural, one {From # credit} other {From # credits}}', { count: formatCount(operation.credits_min) });
  if (usage === undefined) return <p className="text-[0.9375rem] text-ink-soft">{price}</p>;
  const short = compare(decimalOf(usage.credits.balance), decimalOf(operation.credits_min)) < 0;
  return (
    <p className="figures text-[0.9375rem] text-ink-soft">
      {price} ·{' '}
      <strong className={short ? 'text-oxide' : 'text-ink'}>
        {formatCount(usage.credits.balance)} {t('left')}
      </strong>
      {usage.cost === undefined ? null : (
        <span className="max-sm:hidden">
          {' '}
          · {formatMoney(costLeft(usage.cost))} {t('budget left')}
        </span>
      )}
    </p>
  );
}

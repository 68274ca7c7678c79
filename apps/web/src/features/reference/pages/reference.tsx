import { useQuery } from '@tanstack/react-query';
import { useDeferredValue, useState } from 'react';

import { Loading } from '../../../ui/loading.tsx';
import { Empty, Failed, PageHead, Panel } from '../../../ui/states.tsx';
import { t } from '../../../words/translate.ts';
import { type ApiDocument, documentQuery, type Operation, type Schema } from '../api/document.ts';
import { type Member, membersOf, typeWords } from '../words/schema.ts';

interface Entry {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly tag: string;
  readonly operation: Operation;
}

/** The API, from the document that the server writes of what it really checks: it cannot say anything else than the server does. */
export function ReferencePage() {
  const description = useQuery(documentQuery);
  return (
    <>
      <PageHead
        title={t('API reference')}
        aside={
          <a href="/api/openapi.json" className="font-semibold text-store underline underline-offset-3">
            {t('OpenAPI document')}
          </a>
        }
      >
        {description.data?.info.description ?? ''}
      </PageHead>
      {description.isPending ? <Loading what={t('the reference')} lines={8} /> : null}
      {description.isError ? <Failed error={description.error} retry={() => void description.refetch()} /> : null}
      {description.data === undefined ? null : <Found description={description.data} />}
    </>
  );
}

function entriesOf({ paths }: ApiDocument): readonly Entry[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      id: `${method}-${path}`.replaceAll(/[^a-z\d]+/gi, '-'),
      method: method.toUpperCase(),
      path: path.replaceAll(/\{(\w+)\}/g, ':$1'),
      tag: operation.tags?.[0] ?? t('Other'),
      operation,
    })),
  );
}

function Found({ description }: { readonly description: ApiDocument }) {
  const [typed, setTyped] = useState('');
  const wanted = useDeferredValue(typed.trim().toLowerCase());
  const entries = entriesOf(description).filter(({ method, path, operation }) =>
    `${method} ${path} ${operation.summary ?? ''}`.toLowerCase().includes(wanted),
  );
  const tags = [...new Set([...(description.tags ?? []).map(({ name }) => name), ...entries.map(({ tag }) => tag)])];
  return (
    <div className="grid grid-cols-1 gap-4 sm:gap-6">
      <label className="block max-w-md">
        <span className="label mb-1.5 block text-ink-soft">{t('Find an endpoint')}</span>
        <input
          type="search"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          className="min-h-11 w-full rounded-md border border-edge bg-deck px-3"
        />
      </label>
      {entries.length === 0 ? <Empty title={t('Nothing matches')}>{t('Search by path, method or what it does.')}</Empty> : null}
      {tags.map((tag) => {
        const own = entries.filter((entry) => entry.tag === tag);
        return own.length === 0 ? null : (
          <Panel key={tag} title={tag}>
            <ul className="divide-y divide-rule border-y border-rule">
              {own.map((entry) => (
                <Endpoint key={entry.id} entry={entry} description={description} />
              ))}
            </ul>
          </Panel>
        );
      })}
    </div>
  );
}

function Endpoint({ entry, description }: { readonly entry: Entry; readonly description: ApiDocument }) {
  const { id, method, path, operation } = entry;
  const [open, setOpen] = useState(() => window.location.hash === `#${id}`);
  return (
    <li id={id} className="scroll-mt-20">
      <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary className="grid min-h-11 cursor-pointer grid-cols-[4.5rem_1fr] items-baseline gap-x-3 py-2.5 sm:grid-cols-[4.5rem_1fr_1fr]">
          <strong className="narrow text-store">{method}</strong>
          <code className="font-sans font-semibold [overflow-wrap:anywhere]">{path}</code>
          <span className="text-ink-soft max-sm:col-start-2">{operation.summary}</span>
        </summary>
        {open ? <Details operation={operation} description={description} /> : null}
      </details>
    </li>
  );
}

function Details({ operation, description }: { readonly operation: Operation; readonly description: ApiDocument }) {
  const body = schemaOf(operation.requestBody?.content);
  return (
    <div className="grid gap-4 pb-4">
      <p className="max-w-prose text-ink-soft">
        {operation.description}{' '}
        {operation.security?.length === 0
          ? t('Open to everybody.')
          : t('Wants a credential: “Authorization: Bearer …”, or the cookie of a session.')}
      </p>
      <Members
        title={t('Parameters')}
        members={(operation.parameters ?? []).map(
          ({ name, in: place, required = false, description: about = '', schema = {} }) => ({
            name,
            type: typeWords(schema, description),
            required,
            about: [place, about || (schema.description ?? '')].filter(Boolean).join(' · '),
          }),
        )}
      />
      {body === undefined ? null : <Members title={t('Body')} members={membersOf(body, description)} />}
      {Object.entries(operation.responses ?? {}).map(([status, response]) => (
        <Answer
          key={status}
          status={status}
          about={response.description ?? ''}
          schema={schemaOf(response.content)}
          description={description}
        />
      ))}
    </div>
  );
}

function schemaOf(content: NonNullable<Operation['requestBody']>['content']): Schema | undefined {
  return content?.['application/json']?.schema ?? Object.values(content ?? {})[0]?.schema;
}

interface AnswerProps {
  readonly status: string;
  readonly about: string;
  readonly schema: Schema | undefined;
  readonly description: ApiDocument;
}

/** A refusal is a problem of one shape everywhere: its status says enough. */
function Answer({ status, about, schema, description }: AnswerProps) {
  const good = status.startsWith('2');
  if (!good || schema === undefined)
    return (
      <p className="text-sm">
        <strong className={good ? 'text-fair' : 'text-oxide'}>{status}</strong> <span className="text-ink-soft">{about}</span>
      </p>
    );
  return <Members title={t('Answer {status}', { status })} members={membersOf(schema, description)} />;
}

function Members({ title, members }: { readonly title: string; readonly members: readonly Member[] }) {
  if (members.length === 0) return null;
  return (
    <section>
      <h3 className="label text-ink-soft">{title}</h3>
      <dl className="mt-1 divide-y divide-rule border-y border-rule text-[0.9375rem]">
        {members.map(({ name, type, required, about }) => (
          <div key={name} className="grid gap-x-4 py-1.5 sm:grid-cols-[minmax(0,14rem)_1fr]">
            <dt className="font-semibold [overflow-wrap:anywhere]">
              {name}
              {required ? <span className="font-normal text-oxide"> {t('required')}</span> : null}
            </dt>
            <dd className="[overflow-wrap:anywhere]">
              <code className="font-sans text-store">{type}</code> <span className="text-ink-soft">{about}</span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

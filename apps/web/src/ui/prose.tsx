import { Fragment } from 'react';
import { type Block, readProse, type Span } from './prose.ts';

/** An answer, set as text to be read: headings, lists, bold and code; everything else as it came. */
export function Prose({ text }: { readonly text: string }) {
  return readProse(text).map((block, place) => <BlockView key={place} block={block} />);
}

function BlockView({ block }: { readonly block: Block }) {
  switch (block.kind) {
    case 'heading':
      // One level for all: an answer's own levels may skip, a page's must not.
      return (
        <h3 className={`narrow mt-4 leading-tight font-semibold first:mt-0 ${block.level === 1 ? 'text-2xl' : 'text-xl'}`}>
          <Spans spans={block.spans} />
        </h3>
      );
    case 'list':
      return block.ordered ? (
        <ol start={block.start} className="figures my-2 list-decimal space-y-1 pl-6 marker:font-semibold marker:text-ink-faint">
          <Items items={block.items} />
        </ol>
      ) : (
        <ul className="my-2 list-disc space-y-1 pl-6 marker:text-oxide">
          <Items items={block.items} />
        </ul>
      );
    case 'paragraph':
      return (
        <p className="my-2 whitespace-pre-wrap">
          <Spans spans={block.spans} />
        </p>
      );
    case 'code':
      return <pre className="my-2 rounded-md bg-well p-3 text-sm whitespace-pre-wrap">{block.text}</pre>;
    default: {
      const never: never = block;
      return never;
    }
  }
}

function Items({ items }: { readonly items: readonly (readonly Span[])[] }) {
  return items.map((spans, place) => (
    <li key={place}>
      <Spans spans={spans} />
    </li>
  ));
}

function Spans({ spans }: { readonly spans: readonly Span[] }) {
  return spans.map(({ kind, text }, place) =>
    kind === 'strong' ? (
      <strong key={place}>{text}</strong>
    ) : kind === 'code' ? (
      <code key={place} className="rounded bg-well px-1 text-[0.9em]">
        {text}
      </code>
    ) : (
      <Fragment key={place}>{text}</Fragment>
    ),
  );
}

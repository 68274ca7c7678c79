import type { ComponentProps } from 'react';

type Kind = 'act' | 'plain' | 'quiet' | 'stop';

const KINDS: Record<Kind, string> = {
  act: 'bg-signal text-on-signal border-on-signal/80 hover:brightness-105 font-bold',
  plain: 'bg-deck text-ink border-edge hover:bg-well font-semibold',
  quiet: 'bg-transparent text-ink-soft border-transparent hover:bg-well hover:text-ink font-semibold',
  stop: 'bg-[#c43a22] text-white border-transparent hover:brightness-110 font-bold',
};

interface Props extends ComponentProps<'button'> {
  readonly kind?: Kind;
}

export function Button({ kind = 'plain', className = '', type = 'button', ...rest }: Props) {
  return (
    <button
      type={type}
      className={`inline-flex min-h-11 items-center justify-center gap-2 rounded-md border px-4 text-[0.9375rem] transition active:translate-y-px disabled:opacity-55 ${KINDS[kind]} ${className}`}
      {...rest}
    />
  );
}

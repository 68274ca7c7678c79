import type { Answer } from '@purser/api';
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import { newIdempotencyKey, problemOf } from '../../../api/client.ts';
import type { GenerateBody } from '../api/generate.ts';
import { CALLS_KEY, usageQuery } from '../../../api/queries.ts';
import type { Problem } from '../../../api/problem.ts';
import { nowMs } from '../../../browser/now.ts';

/** One call, from the press of the button to its booking. */
export type Run =
  | { readonly phase: 'idle' }
  | { readonly phase: 'reserved' | 'answering'; readonly body: GenerateBody; readonly text: string; readonly started_ms: number }
  | {
      readonly phase: 'done';
      readonly body: GenerateBody;
      readonly text: string;
      readonly answer: Answer;
      readonly took_ms: number;
    }
  | { readonly phase: 'stopped'; readonly body: GenerateBody; readonly text: string }
  | { readonly phase: 'refused'; readonly body: GenerateBody; readonly text: string; readonly problem: Problem };

/** A stopped call is booked a moment after the line is cut: read the meters once more then. */
const STOPPED_BOOKED_AFTER_MS = 1500;

/** Runs calls one at a time. `start` with the body of a call whose outcome is unknown sends the same key, so it cannot be charged twice. */
export function useRun(): { run: Run; start: (body: GenerateBody) => void; stop: () => void } {
  const client = useQueryClient();
  const [run, setRun] = useState<Run>({ phase: 'idle' });
  const abort = useRef<AbortController>(undefined);
  const unknown = useRef<{ body: string; key: string }>(undefined);

  const refresh = useCallback(() => {
    void client.invalidateQueries({ queryKey: usageQuery.queryKey });
    void client.invalidateQueries({ queryKey: CALLS_KEY });
  }, [client]);

  useEffect(() => () => abort.current?.abort(), []);

  const start = useCallback(
    (body: GenerateBody) => {
      abort.current?.abort();
      const controller = new AbortController();
      abort.current = controller;
      const body_text = JSON.stringify(body);
      const key = unknown.current?.body === body_text ? unknown.current.key : newIdempotencyKey();
      unknown.current = { body: body_text, key };
      void follow(body, key, controller.signal, setRun).then((outcome) => {
        if (abort.current !== controller) return;
        if (outcome !== 'unknown') unknown.current = undefined;
        refresh();
        if (outcome === 'stopped') setTimeout(refresh, STOPPED_BOOKED_AFTER_MS);
      });
      // The hold shows in the meters while the call runs.
      setTimeout(() => void client.invalidateQueries({ queryKey: usageQuery.queryKey }), 150);
    },
    [client, refresh],
  );

  const stop = useCallback(() => abort.current?.abort(), []);
  return { run, start, stop };
}

async function follow(
  body: GenerateBody,
  key: string,
  signal: AbortSignal,
  show: (run: Run) => void,
): Promise<'known' | 'stopped' | 'unknown'> {
  const started_ms = nowMs();
  let text = '';
  show({ phase: 'reserved', body, text, started_ms });
  try {
    // Loaded with the first call: whoever reads the page first needs none of it.
    const { generate } = await import('../api/generate.ts');
    for await (const event of generate(body, key, signal)) {
      if (event.type === 'text') {
        text += event.text;
        show({ phase: 'answering', body, text, started_ms });
      } else {
        show({ phase: 'done', body, text: event.answer.output, answer: event.answer, took_ms: nowMs() - started_ms });
      }
    }
    return 'known';
  } catch (error) {
    if (signal.aborted) {
      show({ phase: 'stopped', body, text });
      return 'stopped';
    }
    const problem = problemOf(error);
    show({ phase: 'refused', body, text, problem });
    return problem.status === 0 ? 'unknown' : 'known';
  }
}

import type { Problem } from '../api/problem.ts';
import { explain } from '../words/problem.ts';
import { Forward } from './forward.tsx';

/** A "no" beside the button that was pressed: what, why, and what to do. */
export function Refused({ problem }: { readonly problem: Problem }) {
  const plain = explain(problem);
  return (
    <div role="alert" className="rising mt-3 max-w-prose rounded-md border-l-4 border-oxide-paint bg-oxide-wash px-3.5 py-2.5">
      <p className="font-semibold">{plain.headline}</p>
      <p className="text-[0.9375rem] text-ink-soft">
        {plain.why} {plain.steps[0]}
      </p>
      <Forward action={plain.action} className="mt-1.5" />
    </div>
  );
}

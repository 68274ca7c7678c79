import type { Explained } from '@purser/api';
import { originWords, policyGroup, policyGroups, policyName, policyValue } from '../words/policy.ts';
import { t } from '../../../words/translate.ts';

/** Every value that governs a workspace, and where it came from. What differs from the plan stands out. */
export function PolicyTable({ policy }: { readonly policy: readonly Explained[] }) {
  const plan = policy.find(({ from }) => from === 'plan')?.why;
  return (
    <>
      {plan === undefined ? null : (
        <p className="mb-4 max-w-prose">
          {t('What is not marked comes from')} <strong className="[overflow-wrap:anywhere]">{plan}</strong>.
        </p>
      )}
      <div className="gap-x-8 lg:columns-2">
        {policyGroups().map((group) => (
          <section key={group} className="mb-6 break-inside-avoid">
            <h3 className="narrow text-lg font-semibold">{group}</h3>
            <ul className="mt-1 divide-y divide-rule border-y border-rule">
              {policy
                .filter(({ name }) => policyGroup(name) === group)
                .map((value) => (
                  <Value key={value.name} value={value} />
                ))}
            </ul>
          </section>
        ))}
      </div>
    </>
  );
}

function Value({ value: { name, value, from, why } }: { readonly value: Explained }) {
  const special = from !== 'plan';
  return (
    <li className="grid grid-cols-[1fr_auto] items-baseline gap-x-4 py-1.5">
      <p className={special ? 'font-semibold' : ''}>{policyName(name)}</p>
      <p className="figures text-right font-semibold [overflow-wrap:anywhere]">{policyValue(name, value)}</p>
      {special ? (
        <p className="col-span-2 text-sm [overflow-wrap:anywhere] text-ink-soft">
          <span className="narrow mr-1.5 rounded-sm bg-signal px-1.5 font-bold text-on-signal">{originWords(from)}</span>
          {why}
        </p>
      ) : null}
    </li>
  );
}

import { useState } from 'react';
import { AlertList } from '../parts/alert-list.tsx';
import { AlertSettings } from '../parts/alert-settings.tsx';
import { Choice } from '../../../ui/choice.tsx';
import { PageHead, Panel } from '../../../ui/states.tsx';

/** What the workspace should know, and where it wants to be told. */
export function AlertsPage() {
  const [shown, setShown] = useState<'new' | 'all'>('new');
  return (
    <>
      <PageHead title="Alerts">
        A limit that nears its end, an unusual hour, a change of your license: each is told once.
      </PageHead>
      <div className="grid items-start gap-4 sm:gap-6">
        <Panel title="What happened" aside={<SeenChoice value={shown} onChange={setShown} />}>
          <AlertList
            scope={{ operator: false, unseen: shown === 'new' }}
            empty={{
              title: shown === 'new' ? 'Nothing new' : 'Nothing so far',
              text: 'When 70, 85 or 95 % of a limit is used, or a payment fails, it shows here before it stops you.',
            }}
          />
        </Panel>
        <Panel title="Where to tell you">
          <AlertSettings operator={false} />
        </Panel>
      </div>
    </>
  );
}

export function SeenChoice({
  value,
  onChange,
}: {
  readonly value: 'new' | 'all';
  readonly onChange: (value: 'new' | 'all') => void;
}) {
  return (
    <Choice
      legend="Which alerts"
      hide_legend
      name="seen"
      value={value}
      onChange={onChange}
      options={[
        { value: 'new', label: 'New' },
        { value: 'all', label: 'All' },
      ]}
    />
  );
}

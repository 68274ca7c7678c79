import { PageHead, Panel } from '../../../ui/states.tsx';
import { CallTable } from '../parts/calls.tsx';

export function CallsPage() {
  return (
    <>
      <PageHead title="Calls">Every call this workspace made, newest first, at what it really cost.</PageHead>
      <Panel title="All calls">
        <CallTable />
      </Panel>
    </>
  );
}

import { follow } from './link.tsx';
import type { Path } from '../browser/route.ts';

interface Props {
  readonly label: string;
  readonly tabs: readonly { readonly path: Path; readonly label: string }[];
  readonly current: Path;
}

/** The parts of one thing, each with an address of its own. */
export function SubTabs({ label, tabs, current }: Props) {
  return (
    <nav aria-label={label} className="-mx-3 mb-4 overflow-x-auto px-3 sm:mx-0 sm:mb-6 sm:px-0">
      <ul className="flex min-w-max gap-1 border-b-2 border-rule">
        {tabs.map((tab) => (
          <li key={tab.path}>
            <a
              href={tab.path}
              aria-current={tab.path === current ? 'page' : undefined}
              onClick={(event) => follow(event, tab.path)}
              className={`-mb-0.5 flex min-h-11 items-center border-b-4 px-3 font-semibold ${tab.path === current ? 'border-signal text-ink' : 'border-transparent text-ink-soft hover:text-ink'}`}
            >
              {tab.label}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

import type { LivesEngine } from './engine.ts';
import type { Life } from './life.ts';
import { type Lived, liveTogether, type LivesOptions } from './live-together.ts';
import { shrinkLife } from './shrink-life.ts';
import { storyOf } from './story.ts';

/** An engine on a database of its own, thrown away with it, and what there is to know of its world. */
export type OpenWorld = () => Promise<
  { readonly engine: LivesEngine; readonly world: Omit<LivesOptions, 'lives'>; verify(): Promise<string[]> } & AsyncDisposable
>;

export interface TriedLives {
  readonly lived: readonly Lived[];
  /** What the books and the trail say against themselves. */
  readonly problems: readonly string[];
}

/** Lives in one world, side by side. */
export async function tryLives(open: OpenWorld, lives: readonly Life[]): Promise<TriedLives> {
  await using opened = await open();
  const lived = await liveTogether(opened.engine, { ...opened.world, lives });
  return { lived, problems: await opened.verify() };
}

/** The plainest life that still breaks the same rule, as it went. */
export async function plainest(open: OpenWorld, { life, broken }: Lived): Promise<Lived | undefined> {
  const rule = broken[0]?.rule;
  const live = async (lives: readonly Life[]): Promise<Lived[]> => {
    await using opened = await open();
    return await liveTogether(opened.engine, { ...opened.world, lives });
  };
  const isBroken = (lived: Lived): boolean => lived.broken.some((one) => one.rule === rule);
  const smallest = await shrinkLife(life, async (lives) => (await live(lives)).map(isBroken));
  const [again] = await live([smallest]);
  return again;
}

/** What went wrong, and for the first of each rule its plainest story; empty when every guarantee held. */
export async function storiesOf(open: OpenWorld, { lived, problems }: TriedLives): Promise<string> {
  const firsts = new Map<string, Lived>();
  for (const one of lived) {
    const [first] = one.broken;
    if (first !== undefined && !firsts.has(first.rule)) firsts.set(first.rule, one);
  }
  const stories: string[] = [];
  for (const one of firsts.values()) stories.push(storyOf((await plainest(open, one)) ?? one));
  const count = lived.filter(({ broken }) => broken.length > 0).length;
  return [...problems, ...(count > 0 ? [`${count} of ${lived.length} lives broke a rule`] : []), ...stories].join('\n\n');
}

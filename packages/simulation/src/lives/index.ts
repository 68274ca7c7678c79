export { drawLife } from './draw-life.ts';
export type { LivesEngine } from './engine.ts';
export { type Life, PLAIN_LIFE } from './life.ts';
export { type Lived, liveTogether, type LivesOptions, STEP_S } from './live-together.ts';
export { LIVES_PRICES, LIVES_TERMS, livesCatalogFiles, LONG_LIVES, SHORT_LIVES } from './lives-catalog.ts';
export { livesProviders } from './lives-provider.ts';
export { storyOf } from './story.ts';
export { type OpenWorld, plainest, storiesOf, tryLives } from './try-lives.ts';

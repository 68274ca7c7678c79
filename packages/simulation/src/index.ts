export type { Account, Engine, Opening, Payment } from './engine.ts';
export { simulationPage } from './page.ts';
export { playedProviders } from './played-providers.ts';
export { type Kind, type Population, POPULATION } from './population.ts';
export { describeSimulation } from './report.ts';
export { simulate, type Simulated, type SimulationOptions } from './simulate.ts';
export * from './lives/index.ts';

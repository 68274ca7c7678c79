export type { Account, Engine, Payment } from './engine.ts';
export { describeSimulation } from './report.ts';
export { simulate, type Simulated, type SimulationOptions } from './simulate.ts';

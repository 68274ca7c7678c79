export { type BackgroundLog, backgroundLog } from './background-log.ts';
export { createMetrics, type Metrics } from './metrics.ts';

export { fillMeter } from './fill-meter.ts';
export { like } from './json.ts';
export { type Answered, eventsIn, startTestServer, type TestServer } from './test-server.ts';

export { mp3, wav } from './sound.ts';
export { startFastUpstream } from './fast-upstream.ts';
export { type Misbehaviour, MISBEHAVIOURS, modelOf } from './misbehaviour.ts';
export { CUT, type Scripted, type ScriptedAnswer, type ScriptedUpstream, startScripted } from './scripted.ts';
export { type SeenRequest, type StandIn, type StandInOptions, startStandIn } from './stand-in.ts';
export { type Billed as BilledShape, type VendorShape } from './vendor-shape.ts';
export { VENDOR_SHAPES } from './vendor-shapes.ts';

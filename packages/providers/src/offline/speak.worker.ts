import { readFile } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { WASI } from 'node:wasi';

/** As far as it is used here: the types of Node leave it to those of a browser. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object, imports: object): Promise<object>;
};

/** What the synthesizer is run with. */
export interface SpeakOrder {
  readonly wasm: string;
  /** Where it may write, seen by it as `/out`. */
  readonly folder: string;
  readonly args: readonly string[];
}

const { wasm, folder, args } = workerData as SpeakOrder;
const wasi = new WASI({
  version: 'preview1',
  args: ['flite', ...args],
  env: {},
  preopens: { '/out': folder },
  returnOnExit: true,
});
const module = await WebAssembly.compile(await readFile(wasm));
const instance = await WebAssembly.instantiate(module, wasi.getImportObject());
parentPort?.postMessage(wasi.start(instance), []);

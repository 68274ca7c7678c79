import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** `npm run dev -w @purser/web` sends API calls to a Purser that is already running. */
const server = { proxy: { '/api': 'http://127.0.0.1:4780', '/v1': 'http://127.0.0.1:4780' } };

const COMPRESSIBLE = /\.(?:js|css|html|svg)$/;

/** Writes `.br` and `.gz` beside each text file, so that the server sends them without spending time on it per request. */
function compressed(): Plugin {
  let folder = '';
  return {
    name: 'compressed',
    apply: 'build',
    configResolved(config) {
      folder = path.resolve(config.root, config.build.outDir);
    },
    async closeBundle() {
      const files = await readdir(folder, { recursive: true });
      await Promise.all(
        files
          .filter((file) => COMPRESSIBLE.test(file))
          .map(async (file) => {
            const bytes = await readFile(path.join(folder, file));
            const brotli = brotliCompressSync(bytes, {
              params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY },
            });
            await writeFile(path.join(folder, `${file}.br`), brotli);
            await writeFile(path.join(folder, `${file}.gz`), gzipSync(bytes, { level: 9 }));
          }),
      );
    },
  };
}

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), tailwindcss(), compressed()],
  server,
  build: { target: 'es2022', assetsInlineLimit: 0 },
});

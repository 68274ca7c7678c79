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

/**
 * The app is imported once its language is known. Its files are named in the page already, so that they are on their way meanwhile.
 */
function preloaded(): Plugin {
  return {
    name: 'preloaded',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(_, { bundle = {} }) {
        const chunks = Object.values(bundle).filter((file) => file.type === 'chunk');
        const entry = chunks.find(({ isEntry }) => isEntry);
        const app = chunks.find(({ facadeModuleId }) => facadeModuleId?.endsWith('/src/shell/app.tsx') === true);
        if (app === undefined) throw new Error('the build has no chunk of src/shell/app.tsx');
        const named = new Set([entry?.fileName, ...(entry?.imports ?? [])]);
        return [app.fileName, ...app.imports]
          .filter((file) => !named.has(file))
          .map((file) => ({
            tag: 'link',
            attrs: { rel: 'modulepreload', crossorigin: true, href: `/${file}` },
            injectTo: 'head' as const,
          }));
      },
    },
  };
}

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), tailwindcss(), preloaded(), compressed()],
  server,
  build: { target: 'es2022', assetsInlineLimit: 0 },
});

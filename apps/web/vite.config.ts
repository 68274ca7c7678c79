import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin, type Rolldown, runnerImport } from 'vite';

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

const ROOT = '/src/shell/root.tsx';
const SCREENS = '/src/shell/screens.tsx';
const SIGN_IN = '/src/shell/sign-in.tsx';

type Bundle = Readonly<Record<string, Rolldown.OutputChunk | Rolldown.OutputAsset>>;

/** The chunk of a module and all that it imports. */
function chunksOf(bundle: Bundle, module: string): string[] {
  const chunks = Object.values(bundle).filter((file) => file.type === 'chunk');
  const own = chunks.filter(
    ({ facadeModuleId, moduleIds }) => facadeModuleId?.endsWith(module) === true || moduleIds.some((id) => id.endsWith(module)),
  );
  if (own.length === 0) throw new Error(`the build has no chunk of ${module}`);
  return own.flatMap(({ fileName, imports }) => [fileName, ...imports]);
}

/** The page names the files that it imports later: they are on their way while the first of them is read. */
function withPreloads(html: string, bundle: Bundle, modules: readonly string[]): string {
  const wanted = new Set(modules.flatMap((module) => chunksOf(bundle, module)));
  const links = [...wanted]
    .filter((file) => !html.includes(file))
    .map((file) => `    <link rel="modulepreload" crossorigin href="/${file}">\n`);
  return html.replace('  </head>', `${links.join('')}  </head>`);
}

/**
 * Writes two pages from one: `index.html`, and `signed-out.html` for readers without a session, with the first screen that they see in
 * it. The scripts of the other are not asked for there until somebody signs in.
 */
function pages(): Plugin {
  return {
    name: 'pages',
    apply: 'build',
    enforce: 'post',
    async generateBundle(_, bundle) {
      const index = bundle['index.html'];
      if (index?.type !== 'asset') throw new Error('the build has no index.html');
      const html = String(index.source);
      index.source = withPreloads(html, bundle, [ROOT, SCREENS]);
      const { module } = await runnerImport<{ renderSignedOut: () => string }>(
        path.join(import.meta.dirname, 'src/shell/signed-out.tsx'),
        { configFile: false, logLevel: 'warn' },
      );
      this.emitFile({
        type: 'asset',
        fileName: 'signed-out.html',
        source: withPreloads(html, bundle, [ROOT, SIGN_IN]).replace(
          '<div id="root"></div>',
          `<div id="root">${module.renderSignedOut()}</div>`,
        ),
      });
    },
  };
}

/** What `modules` import, and what that imports, at once. */
function closureOf(modules: readonly string[], importsOf: (id: string) => readonly string[]): Set<string> {
  const found = new Set<string>();
  const open = [...modules];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    open.push(...importsOf(id));
  }
  return found;
}

/** What sends changes to the server: the sign-in form does, the first screen of a reader who is signed in does not. */
const CHANGES = /@tanstack\/.*\/(?:useMutation|mutationObserver)\.js$/;
/** What many pages are made of. */
const SHARED = /\/src\/(?:ui|words|browser|api)\//;
/** Of it, what few pages show, and what is large. */
const LATE = /\/src\/ui\/(?:chart\/|prose)/;

/**
 * A few files for what every reader loads first, and for what most pages are made of: many small ones compress worse, and each is a
 * request. `core` is what both a signed-in reader and the sign-in form need, `screens` what the former needs besides.
 */
function firstFiles() {
  const core = new Set<string>();
  const screens = new Set<string>();
  return {
    plugin: {
      name: 'first-files',
      apply: 'build',
      buildEnd() {
        // Of a package there is what its users use: going through its index would name everything that any page uses.
        const importsOf = (id: string): readonly string[] =>
          (this.getModuleInfo(id)?.importedIds ?? []).filter((imported) => !imported.includes('/node_modules/'));
        const named = (name: string): string[] => [...this.getModuleIds()].filter((id) => id.endsWith(name));
        const signed_in = closureOf(named(SCREENS), importsOf);
        const signed_out = closureOf(named(SIGN_IN), importsOf);
        for (const id of closureOf([...named('/src/main.tsx'), ...named(ROOT)], importsOf)) core.add(id);
        for (const id of signed_in) (signed_out.has(id) ? core : screens).add(id);
      },
    } satisfies Plugin,
    // What a file needs of packages comes with it; the earlier one has what two need.
    groups: [
      { name: 'core', test: (id: string) => core.has(id), priority: 4 },
      { name: 'screens', test: (id: string) => screens.has(id), priority: 3 },
      { name: 'changes', test: CHANGES, priority: 2 },
      { name: 'shared', test: (id: string) => SHARED.test(id) && !LATE.test(id), priority: 1 },
    ],
  };
}

/** Icons name their lines by random words, which do not compress: places do. */
function iconsByPlace(): Plugin {
  return {
    name: 'icons-by-place',
    apply: 'build',
    transform: {
      filter: { id: /lucide-react\/dist\/esm\/icons\// },
      handler(code) {
        let place = 0;
        return { code: code.replaceAll(/key: "\w+"/g, () => `key: "${place++}"`), map: null };
      },
    },
  };
}

const first = firstFiles();

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), tailwindcss(), iconsByPlace(), first.plugin, pages(), compressed()],
  server,
  build: {
    target: 'es2022',
    modulePreload: {
      // Every browser that can run the target knows preloads by itself.
      polyfill: false,
      // What every reader has by then is not named again for each page.
      resolveDependencies: (_, files) => files.filter((file) => !/\/(?:core|screens|rolldown-runtime)-/.test(file)),
    },
    assetsInlineLimit: 0,
    rolldownOptions: { output: { codeSplitting: { groups: first.groups } } },
  },
});

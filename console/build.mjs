// Bundles the console into ../internal/console/dist, where the Go program
// embeds it. Files are named by their content, so that a browser may keep them
// for ever, and are there compressed, so that the server need not compress.
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const here = fileURLToPath(new URL('.', import.meta.url)); // Node 18 has no import.meta.dirname
const out = join(here, '..', 'internal', 'console', 'dist');
const assets = join(out, 'assets');

rmSync(assets, { recursive: true, force: true });
mkdirSync(assets, { recursive: true });

const options = {
  entryPoints: { console: join(here, 'src', 'main.tsx') },
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  outdir: assets,
  entryNames: '[name]-[hash]',
  chunkNames: 'part-[hash]',
  assetNames: '[name]-[hash]',
  // The published tokens carry other hashes in their names than the components of
  // the same day do, and would be light for ever. These are the components' own.
  alias: { '@cloudscape-design/design-tokens': join(here, 'node_modules', '@cloudscape-design', 'components', 'internal', 'generated', 'styles', 'tokens.js') },
  loader: { '.woff': 'file', '.woff2': 'file' },
  legalComments: 'none',
  define: { 'process.env.NODE_ENV': '"production"' },
  metafile: true,
};

// Pages are parts of their own, fetched when they are first shown. The styles of
// such parts would have to be fetched by hand, so there is one sheet for all,
// from a second bundle without parts.
const script = await build({ ...options, splitting: true });
const styles = await build({ ...options, write: false });
const name = path => path.split(/[\\/]/).pop();
const entryOf = result => Object.entries(result.metafile.outputs).find(([, o]) => o.entryPoint?.endsWith('src/main.tsx'));
for (const file of readdirSync(assets)) if (file.endsWith('.css')) rmSync(join(assets, file));
const sheet = styles.outputFiles.find(f => f.path.endsWith('.css'));
// The design system carries its fonts inside the sheet. As files they are fetched
// when a page needs them, and the policy that allows no data as a font holds.
const sheetText = sheet.text.replace(/url\(["']?data:font\/(woff2?);base64,([A-Za-z0-9+/=]+)["']?\)/g, (_, kind, data) => {
  const font = Buffer.from(data, 'base64');
  const file = `font-${createHash('sha256').update(font).digest('hex').slice(0, 8)}.${kind}`;
  writeFileSync(join(assets, file), font);
  return `url(${file})`;
});
writeFileSync(join(assets, name(sheet.path)), sheetText);

const entry = entryOf(script)[0];
const html = readFileSync(join(here, 'index.html'), 'utf8')
  .replace('%SCRIPT%', 'assets/' + name(entry))
  .replace('%STYLE%', 'assets/' + name(sheet.path));
writeFileSync(join(out, 'index.html'), html);

let first = html.length;
for (const file of readdirSync(assets)) {
  if (/\.woff2?$/.test(file)) continue; // compressed as it is
  const raw = readFileSync(join(assets, file));
  const small = brotliCompressSync(raw, { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } });
  writeFileSync(join(assets, file + '.br'), small);
  writeFileSync(join(assets, file + '.gz'), gzipSync(raw, { level: 9 }));
  if (file === name(entry) || file === name(sheet.path)) first += small.length;
}
const version = createHash('sha256').update(html).digest('hex').slice(0, 12);
console.log(`console ${version}: entry ${Math.round(first / 1024)} KiB compressed`);

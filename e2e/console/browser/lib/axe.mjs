// What people who use a screen reader or a keyboard would stumble over, as far
// as axe-core can tell.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// What the design system itself does, and what it does to nobody: on small
// screens it says that its <nav> is horizontal, which only toolbars may.
const design = n => n.html.startsWith('<nav') && n.target.join().includes('mobile-toolbar-nav') && n.html.includes('aria-orientation');

/** The serious and critical violations on a page as it is now, a line each. */
export async function violations(page) {
  await page.evaluate(source); // by the browser's own interface, which no policy of the page is in the way of
  const found = await page.evaluate(async () => (await window.axe.run({ resultTypes: ['violations'] })).violations);
  return found
    .map(v => ({ ...v, nodes: v.nodes.filter(n => !(v.id === 'aria-allowed-attr' && design(n))) }))
    .filter(v => v.nodes.length > 0)
    .filter(v => v.impact === 'serious' || v.impact === 'critical')
    .map(v => `axe: ${v.impact}: ${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map(n => `${n.html.slice(0, 200)} (${[...n.any, ...n.all, ...n.none].map(c => c.message).join('; ')})`).join(' | ')}`);
}

// When a page has come to rest: nothing is asked of the server, nothing moves.

const quiet = 250; // milliseconds without a question

/** Counts what a page asks; rest() waits until it asks no more. */
export function questions(page) {
  const open = new Set();
  let last = Date.now();
  const stream = r => r.url().endsWith('/console/events'); // which never ends
  const note = () => (last = Date.now());
  page.on('request', r => !stream(r) && (open.add(r), note()));
  for (const end of ['requestfinished', 'requestfailed']) page.on(end, r => open.delete(r) && note());
  return async () => {
    const limit = Date.now() + 20_000;
    while (open.size > 0 || Date.now() - last < quiet) {
      if (Date.now() > limit) throw new Error(`the page does not come to rest; open: ${[...open].map(r => r.url()).join(' ')}`);
      await page.waitForTimeout(50);
    }
    await page.evaluate(() => Promise.allSettled(document.getAnimations().map(a => (a.effect?.getComputedTiming().iterations === Infinity ? undefined : a.finished))));
  };
}

// What every script does: take orders from standard input, open a page of its
// own, watch it, and report on the last line of standard output.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { watch } from './watch.mjs';

export const orders = JSON.parse(readFileSync(0, 'utf8'));

const patience = 30_000; // for one step; real databases stand behind some

/** How a visitor looks at the console. */
export const desk = { viewport: { width: 1280, height: 900 }, colorScheme: 'light' };

let browser;

/** A page in a browser profile of its own, and what it did wrong so far. */
export async function visitor(look = desk) {
  browser ??= await chromium.connect(orders.browser);
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC', reducedMotion: 'reduce', permissions: ['clipboard-read', 'clipboard-write'], ...look });
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  return { page, wrong: await watch(page, orders.url) };
}

/** A visitor who is signed in by the link, on the overview. */
export async function signedIn(look) {
  const v = await visitor(look);
  await v.page.goto(orders.link);
  await heading(v.page, 'Overview');
  return v;
}

/** Waits for a page by its heading. */
export async function heading(page, name) {
  await page.getByRole('heading', { level: 1, name }).waitFor();
}

/** Goes to a path of the console and waits for what it is called. */
export async function open(page, path, name) {
  await page.goto(`${orders.url}/console${path}`);
  await heading(page, name);
}

/** Keeps how a page looks. */
export async function keep(page, name, options = {}) {
  await page.screenshot({ path: join(orders.shots, `${name}.png`), animations: 'disabled', ...options });
}

/** Runs a journey to its end, and ends the process. */
export async function journey(steps) {
  let report = {};
  let failure;
  const visitors = [];
  try {
    report = (await steps({
      signedIn: async look => (visitors.push(await signedIn(look)), visitors.at(-1)),
      visitor: async look => (visitors.push(await visitor(look)), visitors.at(-1)),
    })) ?? {};
  } catch (e) {
    failure = e;
    for (const [n, v] of visitors.entries()) await keep(v.page, `failed-${orders.name}-${n}`).catch(() => undefined);
  }
  const wrong = visitors.flatMap(v => v.wrong);
  await browser?.close();
  if (failure) console.error(failure.stack);
  for (const w of wrong) console.error(w);
  console.log(JSON.stringify(report));
  process.exit(failure || wrong.length ? 1 : 0);
}

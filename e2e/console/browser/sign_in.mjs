// Signing in by the one-time link and by an access key, and out again. Reports
// what the first view took, by the browser's own measure.
import { heading, journey, keep, open, orders } from './lib/journey.mjs';

/** Bytes over the wire and milliseconds until now, of a page that was opened with nothing cached. */
const cost = page => page.evaluate(() => {
  const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
  return { bytes: all.reduce((sum, e) => sum + e.transferSize, 0), files: all.length, ms: Math.round(performance.now()) };
});

journey(async ({ visitor }) => {
  const link = await visitor();
  const { page } = link;
  await page.goto(orders.link);
  await heading(page, 'Overview');
  await page.getByText('Accept plain connections', { exact: true }).waitFor(); // the answer is on the page
  const first = await cost(page);
  if (page.url().includes('token')) throw new Error('the token stays in the address bar');

  // A link opens one door once.
  const second = await visitor();
  await second.page.goto(orders.link);
  await heading(second.page, 'Sign in to dbtls');
  await keep(second.page, 'sign-in');

  // By key: a wrong secret is refused in words, the right one leads to the page that was asked for.
  await open(second.page, '/cas', 'Sign in to dbtls');
  const secret = second.page.getByLabel('Secret access key');
  await second.page.getByLabel('Access key ID').fill(orders.id);
  await secret.fill('not-the-secret');
  await second.page.getByRole('button', { name: 'Sign in' }).click();
  await second.page.getByText('the secret is not its secret').waitFor();
  await secret.fill(orders.secret);
  await secret.press('Enter');
  await heading(second.page, 'Certificate authorities');

  // Out: the session is over for every page, and a deep link asks again.
  await second.page.getByRole('button', { name: orders.user }).click();
  await second.page.getByRole('menuitem', { name: 'Sign out' }).click();
  await heading(second.page, 'Sign in to dbtls');
  await open(second.page, '/databases', 'Sign in to dbtls');
  const cookies = await link.page.context().cookies();
  return { first, cookies: cookies.map(({ name, httpOnly, secure, sameSite }) => ({ name, httpOnly, secure, sameSite })) };
});

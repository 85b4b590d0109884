// Forces TLS with the report first: who would be refused stands there before
// the button can be pressed; then it is forced and confirmed.
import { answer, asked } from './lib/form.mjs';
import { heading, journey, keep, open, orders } from './lib/journey.mjs';

journey(async ({ signedIn }) => {
  const { page } = await signedIn();
  await open(page, '/parameter-groups/pg/web', 'web');
  const client = page.getByRole('row').filter({ hasText: orders.application });
  await client.filter({ hasText: 'REFUSED' }).first().waitFor();
  await keep(page, 'force-tls-report');

  await page.getByRole('button', { name: 'Force TLS', exact: true }).click();
  const force = asked(page, 'Force TLS in web');
  const go = force.getByRole('button', { name: 'Force TLS', exact: true });
  if (await go.isEnabled()) throw new Error('a client would be refused, and nobody has to consent');
  await force.getByRole('checkbox', { name: /refused, and I consent/ }).check();
  const dark = force.getByRole('checkbox', { name: /Nobody knows/ });
  if (await dark.count()) await dark.check();
  await answer(force, 'Force TLS');

  await page.getByText('waits to be confirmed').waitFor();
  await page.getByRole('main').getByRole('button', { name: 'Confirm', exact: true }).click();
  await answer(asked(page, 'Keep TLS forced in web'), 'Confirm');
  await page.getByText('Forced: clients without TLS are refused').waitFor();
});

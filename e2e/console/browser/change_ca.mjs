// Changes a database's CA: the plan first, then the steps as they happen, to
// the end. Nothing is loaded again on the way.
import { answer, asked, choose } from './lib/form.mjs';
import { journey, keep, open, orders } from './lib/journey.mjs';

journey(async ({ signedIn }) => {
  const { page } = await signedIn();
  await open(page, '/databases/shop', 'shop');
  await page.getByRole('button', { name: 'Change certificate authority' }).click();
  const change = asked(page, 'Change the certificate authority of shop');
  await choose(change, 'Certificate authority', orders.to);
  await change.getByText(orders.application).first().waitFor(); // the plan has looked at the clients
  await keep(page, 'change-ca-plan');
  await answer(change, 'Change now');
  await page.getByRole('tab', { name: 'Rotation', selected: true }).waitFor();
  await page.getByRole('heading', { name: 'Last rotation' }).waitFor();
  await page.getByText('committed').first().waitFor();
  await keep(page, 'change-ca-done');

  // What is served now is drawn: the leaf, by the new CA.
  await page.getByRole('tab', { name: 'Connectivity & security' }).click();
  await page.getByRole('list', { name: /chain/i }).getByText(orders.issuer).first().waitFor();
});

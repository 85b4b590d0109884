// Finds who connects in the clear, on a database's Sessions.
import { heading, journey, keep, orders } from './lib/journey.mjs';

journey(async ({ signedIn }) => {
  const { page } = await signedIn();
  await page.getByRole('link', { name: 'Databases', exact: true }).first().click();
  await page.getByRole('link', { name: 'shop', exact: true }).click();
  await heading(page, 'shop');
  await page.getByRole('tab', { name: 'Sessions' }).click();
  const row = page.getByRole('row').filter({ hasText: orders.application });
  await row.first().waitFor();
  const said = await row.first().innerText();
  await keep(page, 'plain-client');
  return { said };
});

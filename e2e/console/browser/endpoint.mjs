// "To create an AWS DMS endpoint with SSL", at a real server: with the wrong CA
// the test says which certificate is missing; with the right one, imported in
// place, it connects.
import { answer, asked, choose } from './lib/form.mjs';
import { heading, journey, keep, open, orders } from './lib/journey.mjs';

async function paste(page, name, pem) {
  const dialog = asked(page, 'Import certificate');
  await dialog.getByLabel('Name').fill(name);
  await dialog.getByRole('tab', { name: 'Paste PEM' }).click();
  await dialog.getByLabel('Certificates').fill(pem);
  await answer(dialog, 'Import');
}

journey(async ({ signedIn }) => {
  const { page } = await signedIn();
  await open(page, '/endpoints/create', 'Create endpoint');
  await page.getByLabel('Name', { exact: true }).fill('ledger');
  await choose(page, 'Engine', /^MariaDB/);
  await page.getByLabel('Server', { exact: true }).fill(orders.server);
  await page.getByLabel('Port').fill(String(orders.port));
  await page.getByLabel('User', { exact: true }).fill(orders.user);
  await page.getByLabel('Password', { exact: true }).fill(orders.password);
  // Only the modes that the engine has: MySQL's family has no "require".
  const modes = await page.getByRole('radiogroup', { name: 'SSL mode' }).getByRole('radio').evaluateAll(all => all.map(r => r.value));
  await page.getByRole('radio', { name: 'verify-full' }).check();
  await page.getByRole('button', { name: 'Add new CA certificate' }).click();
  await paste(page, 'wrong-ca', orders.wrong);
  await page.getByRole('button', { name: 'Create endpoint' }).click();
  await heading(page, 'ledger');

  await page.getByRole('button', { name: 'Create replication instance' }).click();
  const worker = asked(page, 'Create replication instance');
  await worker.getByLabel('Name').fill('worker');
  await answer(worker, 'Create');
  const test = page.getByRole('button', { name: 'Test connection' });
  await test.click();
  const chain = page.getByRole('list', { name: /^Chain of/ });
  const missing = chain.getByRole('listitem').filter({ hasText: 'Missing from the trust store' });
  await missing.getByText(orders.missing).first().waitFor();
  const stages = page.getByRole('list', { name: 'Stages of the connection' }).getByRole('listitem');
  await stages.filter({ hasText: 'Chain' }).getByText('UnknownCA').waitFor();
  await keep(page, 'endpoint-failed');
  await missing.scrollIntoViewIfNeeded();
  await keep(page, 'endpoint-missing');

  // The fix, in place: the missing CA is imported, and the test connects.
  await page.getByRole('alert').or(page.getByRole('main')).getByRole('button', { name: 'Add new CA certificate' }).first().click();
  await paste(page, 'ledger-ca', orders.right);
  await page.getByRole('link', { name: 'ledger-ca' }).waitFor();
  await test.click();
  await page.getByText('Connected', { exact: true }).waitFor();
  await keep(page, 'endpoint-connected');
  return { modes };
});

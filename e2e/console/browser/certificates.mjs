// Imports a wallet by its file and a PEM by paste: what is inside stands there
// before it is kept. One subject is markup, and stays text wherever it is shown.
import { answer, asked } from './lib/form.mjs';
import { journey, keep, open, orders } from './lib/journey.mjs';

journey(async ({ signedIn }) => {
  const { page } = await signedIn();
  page.on('dialog', d => {
    throw new Error(`a script of a certificate runs: ${d.message()}`);
  });
  const begin = async () => {
    await page.getByRole('button', { name: 'Import certificate', exact: true }).click();
    return asked(page, 'Import certificate');
  };

  await open(page, '/certificates', /^Certificates/);
  const wallet = await begin();
  await wallet.locator('input[type=file]').setInputFiles(orders.wallet);
  await wallet.getByText('Oracle wallet').first().waitFor();
  await wallet.getByText(orders.inside).first().waitFor();
  await wallet.getByLabel('Name').fill('orders-wallet');
  await keep(page, 'import-wallet');
  await answer(wallet, 'Import');
  await page.getByRole('row').filter({ hasText: 'orders-wallet' }).getByText('Oracle wallet').waitFor();

  // What is no certificate is refused in words.
  const pem = await begin();
  await pem.getByRole('tab', { name: 'Paste PEM' }).click();
  await pem.getByLabel('Certificates').fill('-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n');
  await pem.getByText('This cannot be imported').waitFor();
  if (await pem.getByRole('button', { name: 'Import', exact: true }).isEnabled()) throw new Error('nonsense can be imported');

  await pem.getByLabel('Certificates').fill(orders.markup);
  await pem.getByText(orders.subject).first().waitFor();
  await pem.getByLabel('Name').fill('markup');
  await answer(pem, 'Import');
  await page.getByRole('link', { name: 'markup', exact: true }).click();
  const shown = asked(page, 'markup');
  await shown.getByText(orders.subject).first().waitFor();
  await keep(page, 'markup');
  const drawn = await page.locator('img[src="x"], [onerror]').count();
  if (drawn) throw new Error(`the subject made ${drawn} elements`);
});

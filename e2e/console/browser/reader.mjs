// Somebody who may only read sees everything and can change nothing: buttons
// are there, say why they do not work, and do not.
import { heading, journey, open, orders } from './lib/journey.mjs';

journey(async ({ visitor }) => {
  const { page } = await visitor();
  await page.goto(`${orders.url}/console/databases/shop`);
  await page.getByLabel('Access key ID').fill(orders.id);
  await page.getByLabel('Secret access key').fill(orders.secret);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await heading(page, 'shop'); // where the link led
  await page.getByRole('list', { name: /chain/i }).getByText('Issuing CA').first().waitFor();
  const alive = [];
  for (const [path, title, names] of [
    ['/databases/shop', 'shop', ['Reboot', 'Change certificate authority']],
    ['/parameter-groups/pg/web', 'web', ['Attach to a database']],
    ['/certificates', /^Certificates/, ['Import certificate']],
  ]) {
    await open(page, path, title);
    for (const name of names) {
      const button = page.getByRole('button', { name, exact: true });
      await button.waitFor();
      const why = await button.evaluate(b => document.getElementById(b.getAttribute('aria-describedby') ?? '')?.textContent ?? '');
      if ((await button.isEnabled()) || !why.startsWith('Your role is read-only')) alive.push(`${path}: ${name}: ${why}`);
    }
  }
  return { alive };
});

// "Forcing connections to your DB instance to use SSL", step by step: a
// simulated SQL Server, a parameter group, attach it, reboot; then a rename.
import { answer, asked, choose, menu } from './lib/form.mjs';
import { heading, journey, open, orders } from './lib/journey.mjs';

const available = page => page.getByText('Available', { exact: false }).first().waitFor();

journey(async ({ signedIn }) => {
  const { page } = await signedIn();

  await open(page, '/databases/create', 'Create database');
  await choose(page, 'Engine', /SQL Server.*Standard|sqlserver-se/);
  await page.getByLabel('DB instance identifier').fill('crm');
  await page.getByLabel('Master username').fill(orders.user);
  await page.getByLabel('Master password').fill(orders.password);
  await page.getByRole('button', { name: 'Create database' }).click();
  await heading(page, 'crm');
  await available(page);

  await open(page, '/parameter-groups', /^Parameter groups/);
  await page.getByRole('button', { name: 'Create parameter group' }).click();
  const create = asked(page, 'Create parameter group');
  await choose(create, 'Family', orders.family);
  await create.getByLabel('Name').fill('crm-tls');
  await create.getByLabel('Description').fill('SQL Server that forces TLS');
  await answer(create, 'Create');
  await heading(page, 'crm-tls');

  await page.getByRole('button', { name: 'Change rds.force_ssl' }).click();
  const change = asked(page, 'Change rds.force_ssl');
  await choose(change, 'Value', '1');
  await change.getByText('static').waitFor(); // it says that a reboot is needed
  await answer(change, 'Save');
  await page.getByRole('button', { name: 'Attach to a database' }).click();
  const attach = asked(page, 'Attach crm-tls');
  await choose(attach, 'Database', /^crm/);
  await answer(attach, 'Attach');

  await open(page, '/databases/crm/configuration', 'crm');
  await page.getByText('pending-reboot').first().waitFor();
  await page.getByRole('button', { name: 'Reboot', exact: true }).click();
  await answer(asked(page, 'Reboot crm'), 'Reboot');
  await page.getByText('in-sync').first().waitFor();
  await available(page);

  await menu(page, 'Actions', 'Rename');
  const rename = asked(page, 'Rename crm');
  await rename.getByLabel('New DB instance identifier').fill('sales');
  await answer(rename, 'Rename');
  await page.getByRole('link', { name: 'sales', exact: true }).click(); // it comes into the list by itself
  await heading(page, 'sales');
  await available(page);
});

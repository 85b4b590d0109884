// How a person fills in a form.

/** Opens a select by its label and takes the option of that name. */
export async function choose(scope, label, option) {
  const page = scope.page?.() ?? scope;
  await scope.getByLabel(label).first().click();
  await page.getByRole('option', { name: option }).first().click();
}

/** The window that asks, by its title. */
export function asked(page, title) {
  return page.getByRole('dialog', { name: title });
}

/** Presses a button of a window and waits until the window has gone. */
export async function answer(dialog, button) {
  await dialog.getByRole('button', { name: button, exact: true }).click();
  await dialog.waitFor({ state: 'hidden' });
}

/** Takes an item of a menu. */
export async function menu(page, name, item) {
  await page.getByRole('button', { name, exact: true }).click();
  await page.getByRole('menuitem', { name: item, exact: true }).click();
}

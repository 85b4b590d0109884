// Opens every page in both themes and on a phone, keeps a screenshot of each,
// and reports what is wrong with any.
import { violations } from './lib/axe.mjs';
import { journey, keep, orders } from './lib/journey.mjs';
import { questions } from './lib/settled.mjs';

const phone = { width: 390, height: 844 };
const desk = { width: 1280, height: 900 };

const looks = [
  { name: 'light', colorScheme: 'light', size: desk },
  { name: 'dark', colorScheme: 'dark', size: desk },
  { name: 'phone', colorScheme: 'light', size: phone },
];

async function look(page, rest, { name, path }) {
  const wrong = [];
  await page.setViewportSize(desk);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto(`${orders.url}/console${path}`);
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  for (const { name: as, colorScheme, size } of looks) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(size);
    await rest();
    // The screen is made as high as the page: a picture of more than the screen moves what follows its size.
    const height = await page.evaluate(() => document.scrollingElement.scrollHeight);
    await page.setViewportSize({ ...size, height: Math.max(size.height, height) });
    await rest();
    await keep(page, `${name}-${as}`);
    await page.setViewportSize(size);
    for (const v of await violations(page)) wrong.push(`${path} (${as}): ${v}`);
    const wide = await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
    if (wide > 0) wrong.push(`${path} (${as}): ${wide} pixels are beside the screen`);
  }
  const titles = await page.getByRole('heading', { level: 1 }).allInnerTexts();
  if (titles.length !== 1 || titles[0] === 'Not here') wrong.push(`${path}: its first headings are ${JSON.stringify(titles)}`);
  const alerts = await page.getByRole('main').getByText(/could not be (read|listed|made|looked)|\(Failed\)/).allInnerTexts();
  if (alerts.length) wrong.push(`${path}: it says ${JSON.stringify(alerts)}`);
  return wrong;
}

journey(async ({ signedIn }) => {
  const { page } = await signedIn();
  const rest = questions(page);
  const wrong = [];
  for (const p of orders.pages) wrong.push(...(await look(page, rest, p).catch(e => [`${p.path}: ${e.message}`])));
  return { wrong };
});

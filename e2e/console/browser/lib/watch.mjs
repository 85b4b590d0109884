// What no page of the console may do, whatever it shows: fail in script, break
// its content security policy, ask another host.

/** Notes what a page does wrong in the list it returns. */
export async function watch(page, origin) {
  const wrong = [];
  const say = text => wrong.push(`${new URL(page.url(), origin).pathname}: ${text}`);
  page.on('pageerror', e => say(`script error: ${e.stack ?? e.message}`));
  page.on('console', m => {
    // A refusal by the API is shown to the person; the browser counts it as an error too.
    if (m.type() === 'error' && !m.text().startsWith('Failed to load resource')) say(`console: ${m.text()}`);
  });
  page.on('response', r => {
    if (r.status() >= 500) say(`${r.status()} ${r.url()}`);
  });
  page.on('request', r => {
    const u = new URL(r.url());
    if (u.protocol !== 'data:' && u.protocol !== 'blob:' && u.origin !== origin) say(`asks another host: ${u.origin}`);
  });
  await page.exposeFunction('noteViolation', say);
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', e => void window.noteViolation(`policy ${e.violatedDirective} broken by ${e.blockedURI} at ${e.sourceFile}:${e.lineNumber}`));
  });
  return wrong;
}

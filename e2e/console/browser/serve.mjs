// Runs Chromium for the scripts beside this one until standard input ends:
// serve.mjs CHROMIUM KEY, where KEY is the one server key that it accepts
// without a CA that the machine trusts (base64 of SHA-256).
import { chromium } from 'playwright-core';

const [executablePath, key] = process.argv.slice(2);
const server = await chromium.launchServer({
  executablePath,
  // Without --no-sandbox a browser of root does not start. /dev/shm is small in containers.
  args: [`--ignore-certificate-errors-spki-list=${key}`, '--no-sandbox', '--disable-dev-shm-usage'],
});
console.log(server.wsEndpoint());
process.stdin.resume();
process.stdin.on('end', () => server.close());

import type { StepsProps } from '@cloudscape-design/components/steps';
import type { Rotation } from '../../api/types';

const words: Record<string, [string, string]> = {
  key: ['Key', 'The server’s place makes a new key; it never leaves it.'],
  issue: ['Issue', 'The CA signs a certificate for it, and the chain is kept.'],
  stage: ['Stage', 'The pair is written beside the old one and checked: key, chain, names, dates, owner, mode.'],
  activate: ['Activate', 'One thing is swapped, and the server is told to read it.'],
  restart: ['Restart', 'The engine cannot reload: it restarts.'],
  verify: ['Verify', 'A fresh handshake, as a client makes it, has to show the new certificate.'],
  watch: ['Watch', 'Clients that refuse the new chain are looked for.'],
  commit: ['Commit', 'The new certificate is the one on record.'],
  rollback: ['Roll back', 'The last good pair is put back.'],
  prove: ['Prove', 'A handshake has to show the last good certificate.'],
};

const forward = ['key', 'issue', 'stage', 'activate', 'verify', 'commit'];
const back = ['rollback', 'prove'];

function sequence(r: Rotation): string[] {
  if (back.includes(r.step)) return back;
  const all = [...forward];
  if (r.step === 'restart') all.splice(all.indexOf('verify'), 0, 'restart');
  if (r.step === 'watch' || r.trial_until) all.splice(all.indexOf('commit'), 0, 'watch');
  return all;
}

/** The steps of a rotation with how far each is. */
export function stepsOf(r: Rotation): StepsProps.Step[] {
  const all = sequence(r);
  const at = all.indexOf(r.step);
  const good = r.outcome === 'committed';
  const ended = r.outcome !== '';
  return all.map((step, n) => {
    const [header, details] = words[step] ?? [step, ''];
    if (good || (at >= 0 && n < at)) return { header, details, status: 'success', statusIconAriaLabel: 'done' };
    if (n === at && ended) return { header, details, status: 'error', statusIconAriaLabel: 'ended here' };
    if (n === at && r.stuck) return { header, details, status: 'error', statusIconAriaLabel: 'stuck' };
    if (n === at) return { header, details, status: 'in-progress', statusIconAriaLabel: 'under way' };
    return { header, details, status: 'pending', statusIconAriaLabel: 'to come' };
  });
}

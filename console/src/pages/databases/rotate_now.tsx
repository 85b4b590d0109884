import Alert from '@cloudscape-design/components/alert';
import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { useApp } from '../../app/context';
import { post } from '../../api/native';
import type { Plan } from '../../api/types';
import { word } from '../../parts/command';
import { Confirm } from '../../parts/confirm';
import type { Instance } from './instance';

interface Props {
  instance: Instance;
  to: string; // "": the CA of now
  noBridge: boolean;
  plan: Plan | undefined;
  onClose: (done: boolean) => void;
}

/** Asks before a certificate is replaced now, with what the plan says would hurt. */
export function RotateNow({ instance: i, to, noBridge, plan, onClose }: Props) {
  const { region, say } = useApp();
  const [compromised, setCompromised] = useState(false);
  const [drop, setDrop] = useState(false);
  const [refusals, setRefusals] = useState('');
  const trial = Number.parseInt(refusals, 10) || 0;
  const breaks = plan?.clients.verdicts.BREAKS ?? 0;
  const unknown = plan?.clients.verdicts.UNKNOWN ?? 0;
  const flags = [to && `--to ${to}`, noBridge && '--without-bridge', drop && '--drop-cover', compromised && '--reason key-compromised', trial > 0 && `--rollback-on ${trial} --watch 10m`, `--region ${region}`].filter(Boolean);
  const body = { to: to || undefined, no_bridge: noBridge || undefined, drop_cover: drop || undefined, reason: compromised ? 'key-compromised' : undefined, ...(trial > 0 && { rollback_on: trial, watch: '10m' }) };
  return (
    <Confirm
      title={`Rotate the certificate of ${i.name}`}
      action="Rotate now"
      command={`dbtls rotate ${word(i.name)} ${flags.join(' ')}`}
      onDo={() => post(`instances/${encodeURIComponent(i.name)}/rotate`, body)}
      onClose={done => {
        if (done) say('success', `The rotation of ${i.name} has begun.`);
        onClose(done);
      }}
    >
      <SpaceBetween size="m">
        <div>
          {i.name} gets a new key and a certificate of {to || i.ca}
          {plan ? `, by a ${plan.effect}: open sessions ${plan.sessions}.` : '.'}
        </div>
        {breaks > 0 && <Alert type="error">{breaks} clients break by this, as far as is known.</Alert>}
        {unknown > 0 && <Alert type="warning">Of {unknown} clients nobody can tell from here.</Alert>}
        {plan?.loses_cover && (
          <Checkbox checked={drop} onChange={e => setDrop(e.detail.checked)}>
            Clients that trust only {plan.loses_cover} may be cut off
          </Checkbox>
        )}
        <FormField label="Put the old certificate back when so many known clients refuse the new one" description="Within ten minutes; engines whose log tells of it (PostgreSQL). Empty: none is looked for.">
          <Input type="number" inputMode="numeric" value={refusals} onChange={e => setRefusals(e.detail.value)} />
        </FormField>
        <Checkbox checked={compromised} onChange={e => setCompromised(e.detail.checked)} description="No bridge and no way back; sessions that began under the old key are ended. The old certificate cannot be revoked.">
          The key is compromised
        </Checkbox>
      </SpaceBetween>
    </Confirm>
  );
}

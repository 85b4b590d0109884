import Alert from '@cloudscape-design/components/alert';
import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import Select from '@cloudscape-design/components/select';
import { useState } from 'react';
import { useApp } from '../../../app/context';
import type { ForcePlan } from '../../../api/force_tls';
import { post } from '../../../api/native';
import { word } from '../../../parts/command';
import { FormModal } from '../../../parts/form_modal';
import { count, gaps } from './report';

interface Props {
  plan: ForcePlan;
  state: 'on' | 'off';
  kind: string; // group or cluster-group
  since: string;
  days: string;
  except: string[];
  onClose: (done: boolean) => void;
}

const waits = [
  { value: '5m', label: '5 minutes' },
  { value: '10m', label: '10 minutes' },
  { value: '1h', label: '1 hour' },
  { value: '24h', label: '1 day' },
  { value: '', label: 'no: it stays at once' },
];

/** The switch itself, with a way back and the consents that the report asks for. */
export function Apply({ plan, state, kind, since, days, except, onClose }: Props) {
  const { region, say } = useApp();
  const [within, setWithin] = useState('10m');
  const [refuse, setRefuse] = useState(false);
  const [unknown, setUnknown] = useState(false);
  const on = state === 'on';
  const refused = on ? count(plan, 'REFUSED') : 0;
  const dark = on && (gaps(plan) || count(plan, 'UNKNOWN') > 0);
  const command =
    `dbtls force-tls ${word(plan.group)} ${state} --kind ${kind}` +
    (on ? ` --since ${days}d${within ? ` --confirm-within ${within}` : ''}${except.map(e => ` --except ${word(e)}`).join('')}` : '') +
    (refuse ? ' --refuse-clients' : '') +
    (unknown ? ' --accept-unknown' : '') +
    ` --region ${region}`;
  return (
    <FormModal
      title={on ? `Force TLS in ${plan.group}` : `Stop forcing TLS in ${plan.group}`}
      action={on ? 'Force TLS' : 'Stop forcing'}
      ready={!on || ((refused === 0 || refuse) && (!dark || unknown))}
      command={command}
      onDo={() =>
        post(`force-tls/${encodeURIComponent(plan.group)}`, {
          state,
          kind,
          since,
          ...(on && { except, ...(within && { confirm_within: within }), refuse_clients: refuse, accept_unknown: unknown }),
        })
      }
      onClose={done => {
        if (done) say('success', on ? (within ? `TLS is forced in ${plan.group}. Confirm it before it is undone.` : `TLS is forced in ${plan.group}.`) : `TLS is not forced in ${plan.group} any more.`);
        onClose(done);
      }}
    >
      {!on && <Alert type="warning">Clients without TLS are let in again by every instance of {plan.group}.</Alert>}
      {on && (
        <>
          {plan.instances.length === 0 ? 'No instance uses the group yet.' : `It concerns ${plan.instances.length === 1 ? plan.instances[0]!.instance : `${plan.instances.length} instances`}. Sessions that are open live on; logins are looked at.`}
          {plan.static && <Alert type="info">The parameter is static: it counts from each instance's reboot on. Reboot them afterwards.</Alert>}
          <FormField label="Undo it by itself unless it is confirmed within" description="Also when dbtls is down by then.">
            <Select selectedOption={waits.find(w => w.value === within)!} options={waits} onChange={e => setWithin(e.detail.selectedOption.value ?? '')} />
          </FormField>
          {refused > 0 && (
            <Checkbox checked={refuse} onChange={e => setRefuse(e.detail.checked)}>
              {refused === 1 ? 'One client is' : `${refused} clients are`} refused, and I consent.
            </Checkbox>
          )}
          {dark && (
            <Checkbox checked={unknown} onChange={e => setUnknown(e.detail.checked)}>
              Nobody knows who else is refused, and I consent.
            </Checkbox>
          )}
        </>
      )}
    </FormModal>
  );
}

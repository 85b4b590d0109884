import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { useApp } from '../../app/context';
import { rds } from '../../api/rds';
import { ActButton, useMayNot } from '../../parts/act_button';
import { word } from '../../parts/command';
import { Confirm } from '../../parts/confirm';
import { Delete } from './delete';
import type { Instance } from './instance';
import { Password } from './password';
import { Protection } from './protection';
import { Rename } from './rename';

type Verb = 'reboot' | 'stop' | 'start';
type Asked = Verb | 'rename' | 'password' | 'protection' | 'delete';

const power: Record<Verb, { action: string; does: string; when: string; why: string }> = {
  reboot: { action: 'RebootDBInstance', does: 'Its sessions are ended. Parameters that wait for a restart take effect, and so does a certificate that is staged.', when: 'available', why: 'Only a database that is available can be rebooted.' },
  stop: { action: 'StopDBInstance', does: 'Its sessions are ended, and nobody can connect until somebody starts it. Its certificate goes on to age.', when: 'available', why: 'Only a database that is available can be stopped.' },
  start: { action: 'StartDBInstance', does: 'It serves its certificate again at the same endpoint.', when: 'stopped', why: 'It is not stopped.' },
};

/** What can be done with a database as a whole; each is asked about first. */
export function Actions({ instance: i, onDone }: { instance: Instance; onDone: () => void }) {
  const { region, say } = useApp();
  const [, navigate] = useLocation();
  const [asked, ask] = useState<Asked>();
  const mayNot = useMayNot();
  const close = (text: string) => (done: boolean) => {
    ask(undefined);
    if (!done) return;
    say('success', text);
    onDone();
  };
  const item = (id: Asked, text: string, why?: string) => ({ id, text, disabled: (mayNot ?? why) !== undefined, disabledReason: mayNot ?? why });
  const ready = i.status === 'available' ? undefined : `It is ${i.status}.`;
  const verb = asked === 'reboot' || asked === 'stop' || asked === 'start' ? asked : undefined;
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <ActButton onClick={() => ask('reboot')} unless={i.status === 'available' ? undefined : power.reboot.why}>
        Reboot
      </ActButton>
      <ButtonDropdown
        onItemClick={e => ask(e.detail.id as Asked)}
        items={[
          item('rename', 'Rename', ready),
          item('password', 'New master password', i.cluster ? 'The master is the cluster’s.' : ready),
          item('protection', i.protected ? 'Take off deletion protection' : 'Protect from deletion'),
          item('stop', 'Stop', i.status === 'available' ? undefined : power.stop.why),
          item('start', 'Start', i.status === 'stopped' ? undefined : power.start.why),
          item('delete', 'Delete', i.protected ? 'It is protected from deletion; take that off first.' : undefined),
        ]}
      >
        Actions
      </ButtonDropdown>
      {verb && (
        <Confirm
          title={`${title(verb)} ${i.name}`}
          action={title(verb)}
          command={`aws rds ${verb}-db-instance --db-instance-identifier ${word(i.name)} --region ${region}`}
          onDo={() => rds(power[verb].action, { DBInstanceIdentifier: i.name })}
          onClose={close(`${title(verb)} of ${i.name} has begun.`)}
        >
          {power[verb].does}
        </Confirm>
      )}
      {asked === 'rename' && <Rename instance={i} onClose={(done, to) => (close(`${i.name} becomes ${to}.`)(done), done && navigate('/databases'))} />}
      {asked === 'password' && <Password instance={i} onClose={close(`The master password of ${i.name} is being changed.`)} />}
      {asked === 'protection' && <Protection instance={i} onClose={close(`Deletion protection of ${i.name} is ${i.protected ? 'off' : 'on'}.`)} />}
      {asked === 'delete' && <Delete instance={i} onClose={done => (close(`${i.name} is being deleted.`)(done), done && navigate('/databases'))} />}
    </SpaceBetween>
  );
}

function title(verb: Verb): string {
  return verb[0]!.toUpperCase() + verb.slice(1);
}

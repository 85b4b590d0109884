import Alert from '@cloudscape-design/components/alert';
import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useState } from 'react';
import { useApp } from '../../app/context';
import { rds } from '../../api/rds';
import { word } from '../../parts/command';
import { FormModal } from '../../parts/form_modal';
import type { Instance } from './instance';

/** Asks for a new identifier: a new endpoint, and a certificate that names it. */
export function Rename({ instance: i, onClose }: { instance: Instance; onClose: (done: boolean, to: string) => void }) {
  const { region } = useApp();
  const [to, setTo] = useState('');
  const [now, setNow] = useState(true);
  const params = { DBInstanceIdentifier: i.name, NewDBInstanceIdentifier: to, ApplyImmediately: now };
  return (
    <FormModal
      title={`Rename ${i.name}`}
      action="Rename"
      ready={to !== '' && to !== i.name}
      command={`aws rds modify-db-instance --db-instance-identifier ${word(i.name)} --new-db-instance-identifier ${word(to || 'NEW-NAME')} ${now ? '--apply-immediately' : '--no-apply-immediately'} --region ${region}`}
      onDo={() => rds('ModifyDBInstance', params)}
      onClose={done => onClose(done, to)}
    >
      <Alert type="warning">
        {i.name} gets another endpoint, and a certificate that names both until it has moved; then it restarts there. Clients that use {i.host}:{i.port} have to be told the new endpoint.
      </Alert>
      <FormField label="New DB instance identifier">
        <Input value={to} onChange={e => setTo(e.detail.value)} autoComplete={false} />
      </FormField>
      <Checkbox checked={now} onChange={e => setNow(e.detail.checked)} description={now ? undefined : `It begins in the maintenance window, ${i.window}.`}>
        Apply immediately
      </Checkbox>
    </FormModal>
  );
}

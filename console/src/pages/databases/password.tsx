import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useState } from 'react';
import { useApp } from '../../app/context';
import { rds } from '../../api/rds';
import { word } from '../../parts/command';
import { FormModal } from '../../parts/form_modal';
import type { Instance } from './instance';

/** Gives the master another password. */
export function Password({ instance: i, onClose }: { instance: Instance; onClose: (done: boolean) => void }) {
  const { region } = useApp();
  const [password, setPassword] = useState('');
  return (
    <FormModal
      title={`New master password of ${i.name}`}
      action="Change password"
      ready={password.length >= 8}
      command={`aws rds modify-db-instance --db-instance-identifier ${word(i.name)} --master-user-password "$PASSWORD" --apply-immediately --region ${region}`}
      onDo={() => rds('ModifyDBInstance', { DBInstanceIdentifier: i.name, MasterUserPassword: password })}
      onClose={onClose}
    >
      <FormField label={`Password of ${i.masterUser}`} description="Sessions that are open live on; the next login takes the new one." constraintText="At least 8 characters. It goes to the server and is not kept here.">
        <Input type="password" value={password} onChange={e => setPassword(e.detail.value)} nativeInputAttributes={{ autoComplete: 'new-password' }} />
      </FormField>
    </FormModal>
  );
}

import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useState } from 'react';
import { useApp } from '../../app/context';
import { dms } from '../../api/dms';
import { word } from '../../parts/command';
import { FormModal } from '../../parts/form_modal';

/** Asks for a new replication instance's name. */
export function CreateWorker({ onClose }: { onClose: (made?: string) => void }) {
  const { region } = useApp();
  const [name, setName] = useState('');
  const [size, setSize] = useState('dms.local');
  return (
    <FormModal
      title="Create replication instance"
      action="Create"
      ready={name !== '' && size !== ''}
      command={`aws dms create-replication-instance --replication-instance-identifier ${word(name || 'NAME')} --replication-instance-class ${word(size || 'dms.local')} --region ${region}`}
      onDo={() => dms('CreateReplicationInstance', { ReplicationInstanceIdentifier: name, ReplicationInstanceClass: size })}
      onClose={done => onClose(done ? name : undefined)}
    >
      <FormField label="Name" constraintText="Letters, digits and hyphens, a letter first.">
        <Input value={name} placeholder="worker" onChange={e => setName(e.detail.value)} />
      </FormField>
      <FormField label="Class" description="dms.local, or any of AWS: here all are a worker of this server.">
        <Input value={size} onChange={e => setSize(e.detail.value)} />
      </FormField>
    </FormModal>
  );
}

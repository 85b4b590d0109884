import Alert from '@cloudscape-design/components/alert';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import RadioGroup from '@cloudscape-design/components/radio-group';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { useApp } from '../../app/context';
import { rds } from '../../api/rds';
import { word } from '../../parts/command';
import { Confirm } from '../../parts/confirm';
import type { Instance } from './instance';

/** Deletes a database, with a final copy or with the explicit wish for none, as the API asks it. */
export function Delete({ instance: i, onClose }: { instance: Instance; onClose: (done: boolean) => void }) {
  const { region } = useApp();
  const [keep, setKeep] = useState(!i.cluster);
  const [copy, setCopy] = useState(`${i.name}-final`);
  const end = keep ? `--final-db-snapshot-identifier ${word(copy)}` : '--skip-final-snapshot';
  return (
    <Confirm
      title={`Delete ${i.name}`}
      action="Delete"
      name={i.name}
      command={`aws rds delete-db-instance --db-instance-identifier ${word(i.name)} ${end} --region ${region}`}
      onDo={() => rds('DeleteDBInstance', { DBInstanceIdentifier: i.name, ...(keep ? { FinalDBSnapshotIdentifier: copy } : { SkipFinalSnapshot: true }) })}
      onClose={onClose}
    >
      <SpaceBetween size="m">
        <Alert type="warning">
          {i.name} ({i.engine} {i.version}, {i.host}:{i.port}) is ended with all of its sessions, and its data are removed.
        </Alert>
        <FormField label="Its data">
          <RadioGroup
            value={keep ? 'keep' : 'skip'}
            onChange={e => setKeep(e.detail.value === 'keep')}
            items={[
              { value: 'keep', label: 'Keep a final copy' },
              { value: 'skip', label: 'No copy: the data are gone for good' },
            ]}
          />
        </FormField>
        {keep && (
          <FormField label="Name of the final copy">
            <Input value={copy} onChange={e => setCopy(e.detail.value)} />
          </FormField>
        )}
      </SpaceBetween>
    </Confirm>
  );
}

import FormField from '@cloudscape-design/components/form-field';
import Select from '@cloudscape-design/components/select';
import { useState } from 'react';
import { useApp } from '../../app/context';
import { rds } from '../../api/rds';
import { word } from '../../parts/command';
import { FormModal } from '../../parts/form_modal';
import { Problem } from '../../parts/problem';
import { useLoad } from '../../parts/use_load';
import { loadCAs } from './engines';
import { groupsOf } from './groups';
import type { Instance } from './instance';

/** Gives a database another parameter group of its family. */
export function AttachGroup({ instance: i, onClose }: { instance: Instance; onClose: (done: boolean) => void }) {
  const { region, say } = useApp();
  const [group, setGroup] = useState('');
  const { data, error } = useLoad(async () => {
    const version = await loadCAs(i.engine, i.version);
    return version ? groupsOf(version.family) : [];
  }, [i.engine, i.version, region]);
  const options = (data ?? []).filter(g => g !== i.group).map(g => ({ value: g, label: g }));
  return (
    <FormModal
      title={`Attach another parameter group to ${i.name}`}
      action="Attach"
      ready={group !== ''}
      command={`aws rds modify-db-instance --db-instance-identifier ${word(i.name)} --db-parameter-group-name ${word(group || 'GROUP')} --apply-immediately --region ${region}`}
      onDo={() => rds('ModifyDBInstance', { DBInstanceIdentifier: i.name, DBParameterGroupName: group, ApplyImmediately: true })}
      onClose={done => {
        if (done) say('success', `${i.name} has the parameter group ${group}. Reboot it for the change to take effect.`);
        onClose(done);
      }}
    >
      <Problem error={error} what="The parameter groups could not be read" />
      <FormField label="Parameter group" description={`Now ${i.group}. Groups of the same family are offered; parameters take effect after a reboot.`}>
        <Select selectedOption={options.find(o => o.value === group) ?? null} options={options} placeholder="Choose a group" onChange={e => setGroup(e.detail.selectedOption.value ?? '')} empty="There is no other group of this family. Create one under Parameter groups." />
      </FormField>
    </FormModal>
  );
}
